import { described } from '../described.ts'

/** Alerts (v2) and detections of CrowdStrike Falcon, as Falcon Complete passes them on. */
export const crowdStrike = described({
  reader: 1,
  id: 'crowdstrike',
  title: 'CrowdStrike Falcon Complete',
  from: ['crowdstrike.com'],
  says: ['CrowdStrike Falcon Complete', 'Falcon Complete', 'falcon.crowdstrike.com', 'falcon.eu-1.crowdstrike.com'],
  shapes: [
    {
      at: ['', 'resources', 'alert', 'data'],
      has: ['composite_id', 'severity_name'],
      fields: {
        ticket: 'composite_id',
        rule: ['display_name', 'name'],
        severity: 'severity_name',
        status: ['resolution', 'status'],
        summary: 'description',
        occurred: ['timestamp', 'context_timestamp'],
        raised: 'created_timestamp',
        host: ['device.hostname', 'hostname'],
        account: ['user_principal', 'user_name'],
        source: ['source_endpoint_address_ip4', 'local_address_ip4'],
        portal: 'falcon_host_link',
      },
    },
    {
      at: ['', 'resources', 'data'],
      has: ['detection_id', 'behaviors'],
      fields: {
        ticket: 'detection_id',
        rule: ['behaviors.*.display_name', 'behaviors.*.scenario', 'behaviors.*.technique'],
        severity: 'max_severity_displayname',
        status: 'status',
        summary: 'behaviors.*.description',
        occurred: 'first_behavior',
        raised: 'created_timestamp',
        host: 'device.hostname',
        account: 'behaviors.*.user_name',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Detection ID' }, { label: 'Composite ID' }],
    rule: [{ label: 'Detection name' }, { label: 'Technique' }],
    occurred: { label: 'Detect time' },
  },
  closed: ['closed', 'true_positive', 'false_positive', 'ignored'],
})

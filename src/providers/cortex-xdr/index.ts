import { described } from '../described.ts'

/** Incidents and alerts of Palo Alto Networks Cortex XDR, as Unit 42's managed service passes them on. A host is written "NAME:agent id". */
export const cortexXdr = described({
  reader: 1,
  id: 'cortex-xdr',
  title: 'Palo Alto Unit 42 MDR, Cortex XDR',
  from: ['paloaltonetworks.com'],
  says: [
    'Unit 42 MDR',
    'Unit 42 Managed',
    'xdr.eu.paloaltonetworks.com',
    'xdr.us.paloaltonetworks.com',
    'Cortex XDR incident',
  ],
  shapes: [
    {
      at: ['', 'reply.incidents', 'incident', 'incidents', 'data'],
      has: ['incident_id', 'severity', 'status', 'alert_count'],
      fields: {
        ticket: 'incident_id',
        rule: ['incident_name', 'description'],
        title: ['description', 'incident_name'],
        summary: 'description',
        severity: ['manual_severity', 'severity'],
        status: 'status',
        occurred: 'detection_time',
        raised: 'creation_time',
        host: { json: 'hosts.0', take: '^([^:]+)' },
        account: 'users.0',
        portal: 'xdr_url',
      },
    },
    {
      at: ['', 'reply.alerts', 'alerts', 'data'],
      has: ['alert_id', 'severity', 'detection_timestamp'],
      fields: {
        ticket: ['case_id', 'alert_id'],
        rule: 'name',
        summary: 'description',
        severity: 'severity',
        status: 'resolution_status',
        occurred: ['event_timestamp', 'detection_timestamp'],
        raised: 'detection_timestamp',
        host: 'host_name',
        account: 'user_name',
        source: ['host_ip', 'events.*.action_local_ip'],
        destination: 'events.*.action_remote_ip',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'XDR incident' }, { label: 'Incident ID' }],
    rule: [{ label: 'Incident name' }, { in: 'subject', take: '(?i)incident \\d+ - (.+)$' }],
  },
  closed: [
    'resolved_true_positive',
    'resolved_false_positive',
    'resolved_known_issue',
    'resolved_duplicate',
    'resolved_duplicate_incident',
    'resolved_security_testing',
    'resolved_threat_handled',
    'resolved_auto_resolve',
    'resolved_other',
  ],
})

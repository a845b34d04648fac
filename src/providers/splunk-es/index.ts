import { described } from '../described.ts'

/** Notable events of Splunk Enterprise Security, as an alert action or a webhook posts them. */
export const splunkEs = described({
  reader: 1,
  id: 'splunk-es',
  title: 'Splunk Enterprise Security',
  says: ['Splunk Enterprise Security', 'Splunk notable event', '/incident_review?'],
  shapes: [
    {
      at: ['', 'result', 'results', 'notable'],
      has: ['rule_name', 'urgency'],
      fields: {
        ticket: ['event_id', 'rule_id'],
        rule: ['rule_name', 'search_name'],
        title: ['rule_title', 'rule_name'],
        severity: ['urgency', 'severity'],
        status: ['disposition_label', 'status_label', 'status'],
        summary: 'rule_description',
        occurred: '_time',
        host: ['dest_host', 'dvc', { json: 'dest', take: '^([A-Za-z][\\w.-]*)$' }],
        account: ['user', 'src_user'],
        source: ['src_ip', 'src'],
        destination: ['dest_ip', { json: 'dest', take: '^([0-9a-fA-F:.]{7,})$' }],
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Event ID' }, { label: 'Notable ID' }],
    rule: [{ label: 'Notable' }, { label: 'Rule name' }],
    severity: { label: 'Urgency' },
  },
  closed: ['closed', 'resolved', '5', '4'],
})

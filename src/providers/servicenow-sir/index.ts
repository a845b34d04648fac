import { described } from '../described.ts'

/** Security incidents of ServiceNow (recorded answers of its table API) and the mails of its notifications. Priority counts from 1, critical, to 5. */
export const serviceNowSir = described({
  reader: 1,
  id: 'servicenow-sir',
  title: 'ServiceNow Security Incident Response',
  from: ['service-now.com'],
  senderSure: 0.65,
  shapes: [
    {
      at: ['', 'security_incident', 'security_incidents', 'result'],
      has: ['number', 'short_description', 'sys_id', 'priority'],
      fields: {
        ticket: 'number',
        rule: [{ json: 'alert_rule', take: '^(.*\\pL{3}.*)$' }, 'short_description'],
        title: 'short_description',
        severity: ['priority.display_value', 'priority'],
        status: ['close_code.display_value', 'state.display_value', 'state'],
        summary: ['description', 'close_notes'],
        occurred: 'opened_at',
        raised: ['sys_created_on', 'opened_at'],
        host: 'cmdb_ci.display_value',
        account: 'affected_user.display_value',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Number' }, { in: 'subject', take: '\\b((?:SIR|INC|SIT)\\d{5,})\\b' }],
    // The rule is left to the general reader, which takes names of hosts and people out of a title.
    title: { label: 'Short description' },
    severity: { label: 'Priority' },
    status: { label: 'State' },
    host: { label: 'Configuration item' },
    account: { label: 'Affected user' },
    raised: { label: 'Opened' },
  },
  severities: {
    '1': 'critical',
    '2': 'high',
    '3': 'medium',
    '4': 'low',
    '5': 'informational',
    '1 - Critical': 'critical',
    '2 - High': 'high',
    '3 - Moderate': 'medium',
    '4 - Low': 'low',
    '5 - Planning': 'informational',
  },
  closed: ['Closed', 'Resolved', 'Cancelled', 'Closed Complete', 'Closed Incomplete'],
})

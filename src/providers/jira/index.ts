import { described } from '../described.ts'

/** Issues of Jira (recorded answers of its REST API v3 and the webhooks that carry one) and the mails of its notifications. */
export const jira = described({
  reader: 1,
  id: 'jira',
  title: 'Jira, Jira Service Management',
  from: ['atlassian.net'],
  senderSure: 0.65,
  shapes: [
    {
      at: ['', 'issue', 'issues'],
      has: ['key', 'id', 'self', 'fields'],
      fields: {
        ticket: 'key',
        rule: 'fields.summary',
        severity: ['fields.severity.value', 'fields.priority.name'],
        status: ['fields.resolution.name', 'fields.status.name'],
        summary: ['fields.description', 'fields.description.content.*.content.*.text'],
        raised: 'fields.created',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Key' }, { in: 'subject', take: '\\(([A-Z][A-Z0-9]+-\\d+)\\)' }],
    title: { label: 'Summary' },
    severity: { label: 'Priority' },
    status: { label: 'Status' },
  },
  severities: { highest: 'critical', high: 'high', medium: 'medium', low: 'low', lowest: 'informational' },
  closed: ['Done', 'Closed', 'Resolved', "Won't Do", 'Cannot Reproduce', 'Duplicate', 'Declined'],
})

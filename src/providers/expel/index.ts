import { described } from '../described.ts'

/** Investigations of Expel Workbench (JSON:API; members and decision words as their public Python client names them). */
export const expel = described({
  reader: 1,
  id: 'expel',
  title: 'Expel',
  from: ['expel.io', 'expel.com'],
  says: ['workbench.expel.io', 'Expel Workbench'],
  shapes: [
    {
      at: ['', 'data', 'investigation'],
      has: ['attributes.short_link', 'attributes.title'],
      fields: {
        ticket: 'attributes.short_link',
        title: 'attributes.title',
        rule: ['attributes.lead_description', 'attributes.title'],
        severity: 'attributes.analyst_severity',
        status: ['attributes.decision', 'attributes.status'],
        summary: ['attributes.close_comment', 'attributes.lead_description'],
        raised: 'attributes.created_at',
        portal: 'links.self',
      },
    },
    {
      at: ['', 'data'],
      has: ['attributes.expel_alert_id', 'attributes.expel_name'],
      fields: {
        ticket: 'attributes.expel_alert_id',
        rule: 'attributes.expel_name',
        severity: 'attributes.expel_severity',
        status: ['attributes.close_reason', 'attributes.status'],
        summary: ['attributes.expel_message', 'attributes.close_comment'],
        occurred: 'attributes.activity_first_at',
        raised: 'attributes.created_at',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Investigation' }, { in: 'subject', take: '\\[([A-Z0-9]+-\\d+)\\]' }],
    rule: [{ label: 'Lead alert' }, { in: 'subject', after: '] ' }],
    portal: { in: 'body', take: '(https://workbench\\.expel\\.io/\\S+)' },
  },
  closed: [
    'CLOSED',
    'FALSE_POSITIVE',
    'TRUE_POSITIVE',
    'ATTACK_FAILED',
    'POLICY_VIOLATION',
    'ACTIVITY_BLOCKED',
    'TESTING',
    'PUP_PUA',
    'BENIGN',
    'IT_MISCONFIGURATION',
    'INCONCLUSIVE',
    'OTHER',
  ],
})

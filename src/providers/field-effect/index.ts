import { described } from '../described.ts'

/** Actions, recommendations and observations of Field Effect; mail and JSON are made up. */
export const fieldEffect = described({
  reader: 1,
  id: 'field-effect',
  title: 'Field Effect',
  from: ['fieldeffect.com'],
  says: ['Field Effect MDR', 'ARO#'],
  shapes: [
    {
      at: ['', 'data', 'alert', 'event'],
      has: ['aro_id', 'aro_type'],
      fields: {
        ticket: 'aro_id',
        rule: 'title',
        severity: ['severity', 'aro_type'],
        status: 'status',
        summary: 'details',
        occurred: 'first_seen',
        raised: 'created',
        host: 'endpoint.hostname',
        account: 'endpoint.user',
        portal: 'link',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'ARO ID' }, { in: 'subject', take: '(ARO-\\d+)' }],
  },
  severities: { action: 'high', recommendation: 'medium', observation: 'low' },
  closed: ['Closed', 'Resolved'],
})

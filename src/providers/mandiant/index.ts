import { described } from '../described.ts'

/** Investigations of Mandiant Managed Defense; mail and JSON are made up. */
export const mandiant = described({
  reader: 1,
  id: 'mandiant',
  title: 'Mandiant Managed Defense',
  from: ['mandiant.com', 'fireeye.com'],
  says: ['Mandiant Managed Defense', 'md.mandiant.com'],
  shapes: [
    {
      at: ['', 'data', 'alert', 'event'],
      has: ['reported_id', 'assessment'],
      fields: {
        ticket: 'reported_id',
        rule: 'title',
        severity: 'severity',
        status: ['customer_status', 'status'],
        summary: 'assessment',
        occurred: 'first_event_at',
        raised: 'opened_at',
        host: 'hosts.*.hostname',
        account: 'accounts.*.name',
        portal: 'portal_link',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Investigation number' }, { in: 'subject', take: '(MD-\\d{4,})' }],
  },
  closed: ['Closed', 'Resolved'],
})

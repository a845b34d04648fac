import { described } from '../described.ts'

/** Incident reports as their public API describes them; how a webhook wraps one is not published, so both ways are taken. */
export const huntress = described({
  reader: 1,
  id: 'huntress',
  title: 'Huntress',
  from: ['huntress.io', 'huntresslabs.com'],
  says: ['Huntress Incident Report', 'huntress.io/org/'],
  shapes: [
    {
      at: ['', 'incident_report', 'incident_reports', 'data.incident_report', 'data'],
      has: ['id', 'subject', 'severity', 'indicator_types'],
      fields: {
        ticket: 'id',
        title: 'subject',
        // "LOW - Incident on LAPTOP-01" names no rule; what kind of thing was found does.
        rule: 'indicator_types.0',
        host: { json: 'subject', take: ' on ([\\w.-]+)' },
        severity: 'severity',
        status: 'status',
        summary: ['summary', 'body'],
        raised: ['sent_at', 'updated_at'],
      },
    },
  ],
  fields: {
    ticket: [
      { label: 'Report ID' },
      { in: 'body', take: 'huntress\\.io/\\S*/(?:infection_reports|incident_reports)/(\\d+)' },
    ],
    rule: [{ label: 'Threat' }, { in: 'subject', take: '^\\w+ - (.+?) on ' }],
    severity: [{ label: 'Severity' }, { in: 'subject', take: '^(LOW|HIGH|CRITICAL) - ' }],
    host: [{ label: 'Host' }, { in: 'subject', take: ' on ([\\w.-]+)' }],
  },
  closed: ['closed', 'dismissed', 'partner_dismissed'],
})

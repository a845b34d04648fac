import { described } from '../described.ts'

/** Tickets of Deepwatch; mail and JSON are made up. */
export const deepwatch = described({
  reader: 1,
  id: 'deepwatch',
  title: 'Deepwatch',
  from: ['deepwatch.com'],
  says: ['Deepwatch Security Center', 'Deepwatch MDR'],
  shapes: [
    {
      at: ['', 'data', 'alert', 'event'],
      has: ['ticketNumber', 'deepwatchPriority'],
      fields: {
        ticket: 'ticketNumber',
        rule: 'detection.name',
        title: 'shortDescription',
        severity: 'deepwatchPriority',
        status: ['resolutionCode', 'state'],
        summary: 'analystNotes',
        occurred: 'detection.firstEvent',
        raised: 'createdAt',
        host: 'asset.host',
        account: 'identity.user',
        source: 'network.src',
        destination: 'network.dst',
      },
    },
  ],
  fields: {
    ticket: [{ label: 'Ticket' }, { in: 'subject', take: '(DW\\d{6,})' }],
  },
  closed: ['Closed', 'Resolved'],
})

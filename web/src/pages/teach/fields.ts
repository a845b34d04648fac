import type { ReadField } from '../../../../src/model/reader.ts'

/** What a field is called on the page, in the order in which they are asked for. */
export const fieldWords: Readonly<Record<ReadField, string>> = {
  ticket: 'Ticket',
  rule: 'Rule',
  severity: 'Severity',
  host: 'Host',
  account: 'Account',
  source: 'Source',
  destination: 'Destination',
  occurred: 'Happened at',
  raised: 'Raised at',
  status: 'Status',
  title: 'Title',
  summary: 'Summary',
  portal: 'Portal link',
}

import type { HuntHit } from '../../../../src/contract/logs.ts'

/** RFC 4180; a cell that a spreadsheet would take for a formula gets an apostrophe, for indicators come from strangers. */
function cell(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export function hitsCsv(hits: readonly HuntHit[]): string {
  const rows = hits.map((hit) => [
    hit.indicator,
    hit.type,
    String(hit.count),
    hit.first,
    hit.last,
    hit.sources.map((one) => one.source).join(' '),
    hit.hosts?.join(' ') ?? 'not looked up',
  ])
  return [['indicator', 'type', 'events', 'first', 'last', 'sources', 'hosts'], ...rows]
    .map((row) => `${row.map(cell).join(',')}\r\n`)
    .join('')
}

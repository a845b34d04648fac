/** What stands in the address: `from` is "-24h" (before now) or ISO 8601, `to` is ISO 8601 or absent for now. */
export type Range = { readonly from: string; readonly to: string }

export const rangeDefault = '-24h'

export const relativeRanges = [
  { value: '-15m', label: 'Last 15 minutes' },
  { value: '-1h', label: 'Last hour' },
  { value: '-4h', label: 'Last 4 hours' },
  { value: '-24h', label: 'Last 24 hours' },
  { value: '-7d', label: 'Last 7 days' },
  { value: '-30d', label: 'Last 30 days' },
  { value: '-90d', label: 'Last 90 days' },
  { value: '-365d', label: 'Last year' },
] as const

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const relativeShape = /^-(\d{1,4})([mhd])$/

/** The moment that a piece of a range says; null when it says none. */
export function momentOf(text: string, now: number): number | null {
  const relative = relativeShape.exec(text)
  if (relative !== null) return now - Number(relative[1]) * (unitMs[relative[2] ?? ''] ?? 0)
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : at
}

/** The window that a range means at `now`, as the server wants it. What cannot be read, or ends before it begins, becomes the last 24 hours. */
export function windowOf(range: Partial<Range>, now: number): Range {
  const from = momentOf(range.from ?? rangeDefault, now)
  const to = range.to === undefined || range.to === '' ? now : momentOf(range.to, now)
  const read = from !== null && to !== null && from < to ? { from, to } : { from: now - 86_400_000, to: now }
  return { from: new Date(read.from).toISOString(), to: new Date(read.to).toISOString() }
}

/** How a range reads on its button. */
export function rangeWords(range: Partial<Range>): string {
  const { from = rangeDefault, to = '' } = range
  const known = relativeRanges.find((one) => one.value === from)
  if (known !== undefined && to === '') return known.label
  const relative = relativeShape.exec(from)
  if (relative !== null && to === '')
    return `Last ${relative[1]} ${{ m: 'minutes', h: 'hours', d: 'days' }[relative[2] ?? 'm']}`
  return `${minute(from)} to ${to === '' ? 'now' : minute(to)} UTC`
}

function minute(iso: string): string {
  return Number.isNaN(Date.parse(iso)) ? iso : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`
}

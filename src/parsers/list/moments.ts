import type { Cell } from './cells.ts'

/** Formatters are dear to make (0.1 ms) and there are few zones in one list. */
const formatters = new Map<string, Intl.DateTimeFormat>()
const zonesMax = 100

function formatterOf(zone: string): Intl.DateTimeFormat | null {
  const known = formatters.get(zone)
  if (known !== undefined) return known
  if (formatters.size >= zonesMax) formatters.clear()
  try {
    const made = new Intl.DateTimeFormat('en-CA', {
      ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
    })
    formatters.set(zone, made)
    return made
  } catch {
    return null // Intl says by throwing that there is no such zone.
  }
}

/** What the clocks of a zone show at a moment, as if it were UTC. */
function shown(at: number, formatter: Intl.DateTimeFormat): number {
  const parts = Object.fromEntries(formatter.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/**
 * The moment at which the clocks of a zone show this (`local`: as if it were UTC, in ms); null for an unknown zone. In the hour that
 * the clocks skip in spring it is the moment an hour later; of the hour they show twice in autumn, the first.
 */
export function momentIn(local: number, zone: string): number | null {
  const formatter = formatterOf(zone)
  if (formatter === null) return null
  const before = local - (shown(local - 86_400_000, formatter) - (local - 86_400_000))
  const after = local - (shown(local + 86_400_000, formatter) - (local + 86_400_000))
  const fits = [before, after].filter((at) => shown(at, formatter) === local)
  return Math.min(...(fits.length > 0 ? fits : [before, after].toSorted((a, b) => b - a).slice(0, 1)))
}

const iso = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i
const german = /^(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?$/
/** ISC dhcpd writes "3 2026/11/04 09:00:00", Windows DHCP "2026/11/04 09:00:00". */
const slashed = /^(?:\d )?(\d{4})\/(\d{2})\/(\d{2})\s+(\d{2}):(\d{2}):(\d{2})$/

/**
 * A moment: ISO 8601, "04.11.2026 09:00", "2026/11/04 09:00:00", or seconds since 1970. Where it names no zone it is of `zone`. A day
 * alone is its beginning, or (`end`) the beginning of the next. "11/04/2026" is refused: it is two different days in two countries.
 */
export function moment(text: string, zone: string, end = false): Cell<string> {
  const problem = { problem: 'is no moment like 2026-11-04T09:00Z or 04.11.2026 09:00' }
  if (/^\d{10}$/.test(text)) return { value: new Date(Number(text) * 1_000).toISOString() }
  const found = iso.exec(text) ?? slashed.exec(text)
  const other = german.exec(text)
  const parts =
    found === null ? (other === null ? null : [other[3], other[2], other[1], ...other.slice(4)]) : found.slice(1)
  if (parts === null) return problem
  const [year, month, day, hour, minute, second] = parts.map((part) => (part === undefined ? undefined : Number(part)))
  const local = Date.UTC(year ?? 0, (month ?? 0) - 1, day ?? 0, hour ?? 0, minute ?? 0, second ?? 0)
  const same = new Date(local)
  if (same.getUTCMonth() !== (month ?? 0) - 1 || same.getUTCDate() !== day || (hour ?? 0) > 23 || (minute ?? 0) > 59)
    return problem
  const wanted = hour === undefined && end ? local + 86_400_000 : local
  const at = zoned(wanted, found?.[7], zone)
  return at === null ? { problem: `is of an unknown time zone (${zone})` } : { value: new Date(at).toISOString() }
}

function zoned(local: number, offset: string | undefined, zone: string): number | null {
  if (offset === undefined) return zone === 'UTC' ? local : momentIn(local, zone)
  const signed = /^([+-])(\d{2}):?(\d{2})$/.exec(offset)
  if (signed === null) return local
  return local - (signed[1] === '-' ? -1 : 1) * (Number(signed[2]) * 60 + Number(signed[3])) * 60_000
}

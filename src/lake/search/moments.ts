import { unreadable } from './read-expression.ts'

/** A stretch of time, as long as it was said exactly: "2026-11-01" is a day, "2026-11-01T10:15" a minute. */
export type Moments = { readonly from: Date; readonly to: Date }

const written = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?)?(Z|[+-]\d{2}:\d{2})?$/
const relative = /^-(\d{1,5})(m|h|d|w)$/
const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** An ISO 8601 day or moment (UTC where it names no zone); null: none. */
function readMoments(text: string): Moments | null {
  const match = written.exec(text)
  if (match === null) return null
  const [, day = '', minute, second, fraction, zone = 'Z'] = match
  const from = new Date(`${day}T${minute ?? '00:00'}:${second ?? '00'}.${(fraction ?? '').padEnd(3, '0')}${zone}`)
  if (Number.isNaN(from.getTime())) return null
  const lengthMs =
    minute === undefined ? unitMs.d : second === undefined ? unitMs.m : fraction === undefined ? 1_000 : 1
  return { from, to: new Date(from.getTime() + lengthMs) }
}

/** For a value within a query. Throws Trouble('lake.query'). */
export function momentsOf(text: string, at: number): Moments {
  const moments = readMoments(text)
  if (moments === null) throw unreadable(`"${text}" is no time: write 2026-11-01 or 2026-11-01T10:15:00Z`, at)
  return moments
}

/** One end of a window: ISO 8601, "now", or back from now: "-15m", "-24h", "-7d", "-4w". null: none of these. */
export function momentBefore(text: string, now: Date): Date | null {
  if (text === 'now') return now
  const back = relative.exec(text)
  if (back !== null) {
    const [, count = '0', unit = 'h'] = back
    return new Date(now.getTime() - Number(count) * unitMs[unit as keyof typeof unitMs])
  }
  return readMoments(text)?.from ?? null
}

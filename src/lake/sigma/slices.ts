import type { Bounds, Engine } from '../engine/engine.ts'
import type { RuleWindow } from './run.ts'
import { isoTime, windowSql } from './window.ts'

/** A stretch of the window; where one moment has too many events, one of `parts` equal shares of it. */
export type Slice = { readonly from: string; readonly to: string; readonly part: number; readonly parts: number }

/** Events of one pass. Its candidates are held in the engine's memory until they are verified. */
const eventsOfSliceMax = 500_000
/** Steps that the window is counted by. */
const stepsMax = 2_000
const dayMs = 86_400_000

/** The window in stretches of about as many events as one pass may have, oldest first. */
export async function slicesOf(
  engine: Engine,
  window: RuleWindow,
  anySource: string,
  bounds: Bounds,
): Promise<readonly Slice[]> {
  const { sql, params } = windowSql(window)
  const column = window.by === 'received' ? 'received' : 'time'
  const stepMs = Math.max(1_000, Math.ceil((Date.parse(window.to) - Date.parse(window.from)) / stepsMax))
  const seconds = Math.min(dayMs / 1_000, Math.ceil(stepMs / 1_000))
  const rows = await engine.rows<{ slot: string; n: number | string }>(
    `SELECT toString(toDateTime64(toStartOfInterval(${column}, toIntervalSecond({seconds:UInt32})), 3, 'UTC')) AS slot, count() AS n
     FROM stored_events WHERE ${sql} AND (${anySource}) GROUP BY slot ORDER BY slot`,
    { ...params, seconds },
    bounds,
  )
  const slices: Slice[] = []
  let from = window.from
  let events = 0
  for (const [at, row] of rows.entries()) {
    const start = isoTime(row.slot)
    if (events > 0 && events + Number(row.n) > eventsOfSliceMax && start > from) {
      slices.push(...sharesOf(from, start, events))
      from = start
      events = 0
    }
    events += Number(row.n)
    if (at === rows.length - 1) slices.push(...sharesOf(from, window.to, events))
  }
  return slices
}

function sharesOf(from: string, to: string, events: number): readonly Slice[] {
  const parts = Math.max(1, Math.ceil(events / (2 * eventsOfSliceMax)))
  return Array.from({ length: parts }, (_, part) => ({ from, to, part, parts }))
}

/** A slice in four shares of equal size. */
export function smaller({ from, to, part, parts }: Slice): readonly Slice[] {
  return Array.from({ length: 4 }, (_, share) => ({ from, to, part: part + share * parts, parts: parts * 4 }))
}

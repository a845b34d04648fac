import { plainAddress } from '../../kit/ip-ranges.ts'
import type { AnswerOf } from '../../model/question.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { Binder } from '../search/binder.ts'
import { type ReadLook, tableFor, whereOf } from '../search/look.ts'
import type { Asked } from './questions.ts'

/** Rows in an answer (model/question.ts); `count` is of all. */
const rowsMax = 100
/** Characters of an answer's rows: an answer is kept with the alert, and one larger than 256 KiB is refused there. */
const rowsCharsMax = 200_000

type Grouped = {
  readonly events: number
  readonly first: string
  readonly last: string
  readonly bytes: number
  readonly allEvents: number
  readonly allBytes: number
  readonly allFirst: string
  readonly allLast: string
  readonly allUnread: number
  readonly groups: number
} & Readonly<Record<string, string | number>>

export type Found = {
  readonly answer: AnswerOf<'sessions-between-addresses'>
  /** Of these, lines that no parser read. */
  readonly unread: number
  /** Rows there are; more than `rows` holds when the answer was cut. */
  readonly groups: number
}

/** What the logs say: events that agree in what is shown are one row, the latest first. null: no event at all. */
export async function answerFrom(engine: Engine, look: ReadLook, asked: Asked, bounds: Bounds): Promise<Found | null> {
  const binder = new Binder()
  const { table, settings } = await tableFor(engine, look)
  const columns = asked.rows.map(([name, sql]) => `${sql} AS shown_${name}`)
  const found = await engine.rows<Grouped>(
    `SELECT *, sum(events) OVER () AS allEvents, sum(bytes) OVER () AS allBytes, min(first) OVER () AS allFirst,
       max(last) OVER () AS allLast, sum(unread) OVER () AS allUnread, count() OVER () AS groups
     FROM (
       SELECT ${columns.join(', ')}, count() AS events, sum(traffic_bytes_in + traffic_bytes_out) AS bytes,
         min(time) AS first, max(time) AS last, countIf(parser = '') AS unread
       FROM ${table} WHERE ${whereOf(look, binder)} GROUP BY ${asked.rows.map(([name]) => `shown_${name}`).join(', ')}
     ) ORDER BY last DESC, events DESC LIMIT ${binder.bind(rowsMax, 'UInt64')}`,
    binder.params,
    { ...bounds, settings: { ...bounds.settings, ...settings } },
  )
  const [any] = found
  if (any === undefined) return null
  return {
    answer: {
      count: any.allEvents,
      bytes: any.allBytes === 0 ? null : any.allBytes,
      first: any.allFirst,
      last: any.allLast,
      rows: fitting(found.map((row) => rowOf(row, asked))),
    },
    unread: any.allUnread,
    groups: any.groups,
  }
}

function fitting(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  let chars = 0
  return rows.filter((row) => {
    chars += JSON.stringify(row).length
    return chars <= rowsCharsMax
  })
}

/** What a row says, without what it does not say. */
function rowOf(row: Grouped, asked: Asked): Record<string, unknown> {
  const shown = asked.rows.flatMap(([name]): [string, unknown][] => {
    const value = row[`shown_${name}`]
    if (value === undefined || value === '' || value === 0 || value === '::') return []
    return [[name, typeof value === 'string' ? plainAddress(value) : value]]
  })
  const { events, first, last, bytes } = row
  return { ...Object.fromEntries(shown), events, ...(bytes === 0 ? {} : { bytes }), first, last }
}

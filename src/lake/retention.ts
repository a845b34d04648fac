import type { LogSource } from '../model/lake.ts'
import type { Engine } from './engine/engine.ts'

const dayMs = 24 * 60 * 60 * 1000
const weekMs = 7 * dayMs
/** Weeks of ten years and more: a source has no more partitions than that. */
const partitionsMax = 10_000
/** Once a day, over tables of any size. */
const countMsMax = 10 * 60_000

/** What went of one source. */
export type Removed = {
  readonly source: string
  readonly because: 'days' | 'bytes'
  /** All that was received before this is gone. */
  readonly before: string
  readonly events: number
}

/** Everything of a source that was received before this is to go. */
type Cut = { readonly source: string; readonly before: Date }

/**
 * Removes what is older than a source keeps, then what is more than it may hold, oldest first; by the time of receipt, so that a forged
 * time neither saves a line nor removes one. Whole weeks are dropped as partitions (at once, and free the disk at once); of the weeks in
 * which boundaries lie single rows are deleted, by one statement for all sources: a deletion touches every part of the table, 5 to 10 ms
 * each. `volume` and `seen` follow by whole five minutes and whole days: what they counted stays as long as any event of that slot or day
 * does. Safe to repeat.
 */
export async function applyRetention(
  engine: Engine,
  sources: readonly LogSource[],
  now: Date,
): Promise<readonly Removed[]> {
  const old = sources.flatMap(({ id, keepDays }) =>
    keepDays === null ? [] : [{ source: id, before: new Date(now.getTime() - keepDays * dayMs) }],
  )
  const byDays = await remove(engine, old, 'days')
  const large: Cut[] = []
  for (const { id, keepBytes } of sources) {
    const before = keepBytes === null ? null : await boundaryOfBytes(engine, id, keepBytes)
    if (before !== null) large.push({ source: id, before })
  }
  return [...byDays, ...(await remove(engine, large, 'bytes'))]
}

type Partition = { readonly id: string; readonly week: string; readonly rows: number; readonly bytes: number }

/** The partitions of a source, oldest first. */
async function partitionsOf(engine: Engine, source: string): Promise<readonly Partition[]> {
  return engine.rows<Partition>(
    `SELECT partition_id AS id, extract(partition, '\\'(\\\\d{4}-\\\\d\\\\d-\\\\d\\\\d)\\'\\\\)$') AS week, sum(rows) AS rows,
       sum(bytes_on_disk) AS bytes
     FROM system.parts
     WHERE database = currentDatabase() AND table = 'stored_events' AND active AND extract(partition, '^\\\\(\\'([^\\']*)\\'') = {source:String}
     GROUP BY id, week ORDER BY week`,
    { source },
    { rowsMax: partitionsMax },
  )
}

/** The rows that a list of cuts means; the first comparison lets the engine skip what is younger than all of them. */
const cutRows = (column: 'received' | 'last_received'): string => `source IN {sources:Array(String)}
  AND ${column} < {latest:DateTime64(3, 'UTC')}
  AND ${column} < fromUnixTimestamp64Milli({befores:Array(Int64)}[indexOf({sources:Array(String)}, source)], 'UTC')`

async function remove(engine: Engine, cuts: readonly Cut[], because: Removed['because']): Promise<readonly Removed[]> {
  const gone = new Map<string, number>()
  const count = (source: string, events: number): void => {
    if (events > 0) gone.set(source, (gone.get(source) ?? 0) + events)
  }
  for (const { source, before } of cuts) {
    for (const { id, week, rows } of await partitionsOf(engine, source)) {
      if (Date.parse(`${week}T00:00:00Z`) + weekMs > before.getTime()) break
      await engine.command('ALTER TABLE stored_events DROP PARTITION ID {id:String}', { id })
      count(source, rows)
    }
  }
  for (const { source, events } of await removeRows(engine, cuts, because)) count(source, events)
  await removeCounted(engine, cuts)
  return cuts.flatMap(({ source, before }) => {
    const events = gone.get(source)
    return events === undefined ? [] : [{ source, because, before: before.toISOString(), events }]
  })
}

function paramsOf(cuts: readonly Cut[]): { sources: string[]; befores: number[]; latest: Date } {
  const befores = cuts.map((cut) => cut.before.getTime())
  return { sources: cuts.map((cut) => cut.source), befores, latest: new Date(Math.max(...befores)) }
}

/**
 * Single rows of the weeks in which boundaries lie. For days they are marked as deleted, and leave the disk with the next merge; for
 * bytes their parts are written anew at once, because it is the disk that is short.
 */
async function removeRows(
  engine: Engine,
  cuts: readonly Cut[],
  because: Removed['because'],
): Promise<readonly { source: string; events: number }[]> {
  if (cuts.length === 0) return []
  const which = cutRows('received')
  const params = paramsOf(cuts)
  const found = await engine.rows<{ source: string; events: number }>(
    `SELECT source, count() AS events FROM stored_events WHERE ${which} GROUP BY source`,
    params,
    { timeoutMs: countMsMax },
  )
  if (found.length === 0) return []
  if (because === 'days') await engine.command(`DELETE FROM stored_events WHERE ${which}`, params)
  else
    await engine.command(`ALTER TABLE stored_events DELETE WHERE ${which}`, params, { settings: { mutations_sync: 1 } })
  return found
}

/** `volume` and `seen` after events went: a slot whose last line was received before the boundary has none left, a day without slots neither. */
async function removeCounted(engine: Engine, cuts: readonly Cut[]): Promise<void> {
  if (cuts.length === 0) return
  const params = paramsOf(cuts)
  const slots = cutRows('last_received')
  const days = `source IN {sources:Array(String)} AND (source, day) NOT IN (SELECT source, toDate(slot) FROM volume WHERE source IN {sources:Array(String)})`
  for (const [table, which] of [
    ['volume', slots],
    ['seen', days],
  ] as const) {
    const [found] = await engine.rows<{ n: number }>(`SELECT count() AS n FROM ${table} WHERE ${which}`, params, {
      timeoutMs: countMsMax,
    })
    if ((found?.n ?? 0) > 0) await engine.command(`DELETE FROM ${table} WHERE ${which}`, params)
  }
}

/** Received before this is what must go so that a source's events fit into so many bytes; null when they do. */
async function boundaryOfBytes(engine: Engine, source: string, keepBytes: number): Promise<Date | null> {
  const partitions = await partitionsOf(engine, source)
  let over = partitions.reduce((sum, partition) => sum + partition.bytes, 0) - keepBytes
  if (over <= 0) return null
  for (const { week, rows, bytes } of partitions) {
    const monday = Date.parse(`${week}T00:00:00Z`)
    if (bytes <= over) {
      over -= bytes
      if (over === 0) return new Date(monday + weekMs)
      continue
    }
    // The share of this week's lines that is too much, oldest first; a line more rather than one too few.
    const skip = Math.min(rows - 1, Math.ceil((rows * over) / bytes))
    const [row] = await engine.rows<{ received: string }>(
      `SELECT received FROM stored_events WHERE source = {source:String} AND received >= {from:DateTime64(3, 'UTC')}
         AND received < {to:DateTime64(3, 'UTC')} ORDER BY received LIMIT 1 OFFSET {skip:UInt64}`,
      { source, from: new Date(monday), to: new Date(monday + weekMs), skip },
    )
    return row === undefined ? new Date(monday + weekMs) : new Date(row.received)
  }
  return null
}

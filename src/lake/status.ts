import type { LogSource, LogWindow, SourceStatus } from '../model/lake.ts'
import type { Engine } from './engine/engine.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
/** Slots of `volume`. */
const slotMs = 5 * minuteMs
const gapDays = 7
const hoursShown = 48
/** A source that says nothing about silence: an hour without a line is worth showing. */
const gapMinutesDefault = 60
/** The longest ones; a source that speaks once an hour has 168 of them a week. */
const gapsMax = 20
const sourcesRowsMax = 10_000

type Volume = {
  readonly source: string
  readonly events: number
  readonly unread: number
  readonly raw: number
  readonly first: string
  readonly last: string
  readonly lastReceived: string
  readonly week: number
  readonly hours: readonly number[]
  readonly slots: readonly number[]
}

/**
 * How each source does: volume, the last line, silence, gaps, cost. From `volume` (five-minute slots of event time) and the sizes of
 * parts on disk; no event is read. `seen` counts to a source by its share of rows. On a sharded cluster the disk is that of one server.
 */
export async function statusOfSources(
  engine: Engine,
  sources: readonly LogSource[],
  now: Date,
): Promise<readonly SourceStatus[]> {
  const [volumes, disks] = await Promise.all([volumesOf(engine, now), diskOfSources(engine)])
  const byName = new Map(volumes.map((volume) => [volume.source, volume]))
  return sources.map((source) => statusOf(source, byName.get(source.id), disks.get(source.id) ?? 0, now))
}

/** When each source was heard last, by name; one that never sent a line is not in it. */
export async function lastHeard(engine: Engine): Promise<ReadonlyMap<string, string>> {
  const rows = await engine.rows<{ source: string; at: string }>(
    'SELECT source, max(last_received) AS at FROM volume GROUP BY source',
    {},
    { rowsMax: sourcesRowsMax },
  )
  return new Map(rows.map(({ source, at }) => [source, at]))
}

/** How far behind a source's newest line was when it came, and its lines of each day (UTC, by their own time) of the last `days`, oldest first. */
export type Flow = {
  readonly lagSeconds: number
  readonly days: readonly { readonly day: string; readonly asked: number }[]
}

/** The flow of each source that ever sent a line, by name. */
export async function flowOfSources(engine: Engine, now: Date, days: number): Promise<ReadonlyMap<string, Flow>> {
  const from = Math.floor(now.getTime() / dayMs) * dayMs - (days - 1) * dayMs
  const rows = await engine.rows<{ source: string; lag: number; on: readonly string[]; counts: readonly number[] }>(
    `WITH toUnixTimestamp(slot) AS at,
       sumMapIf(map(toString(toDate(slot)), volume.events), at >= {from:UInt32} AND at <= {now:UInt32}) AS by_day
     SELECT source, dateDiff('second', max(volume.last), max(last_received)) AS lag, mapKeys(by_day) AS on, mapValues(by_day) AS counts
     FROM volume GROUP BY source`,
    { from: seconds(from), now: seconds(now.getTime()) },
    { rowsMax: sourcesRowsMax },
  )
  return new Map(
    rows.map(({ source, lag, on, counts }) => [
      source,
      { lagSeconds: lag, days: on.map((day, place) => ({ day, asked: counts[place] ?? 0 })) },
    ]),
  )
}

async function volumesOf(engine: Engine, now: Date): Promise<readonly Volume[]> {
  const hour = Math.floor(now.getTime() / hourMs) * hourMs
  return engine.rows<Volume>(
    `WITH toUnixTimestamp(slot) AS at
     SELECT source, sum(volume.events) AS events, sumIf(volume.events, parser = '') AS unread, sum(raw_bytes) AS raw,
       min(volume.first) AS first, max(volume.last) AS last, max(last_received) AS lastReceived,
       sumIf(volume.events, at >= {week:UInt32} AND at <= {now:UInt32}) AS week,
       arrayMap(h -> sumMapIf(map(intDiv(toInt64(at) - {start:UInt32}, 3600), volume.events), at >= {start:UInt32})[h], range({hours:UInt32})) AS hours,
       arraySort(groupUniqArrayIf(at, at >= {week:UInt32} AND at <= {now:UInt32})) AS slots
     FROM volume GROUP BY source`,
    {
      now: seconds(now.getTime()),
      week: seconds(now.getTime() - gapDays * dayMs),
      start: seconds(hour - (hoursShown - 1) * hourMs),
      hours: hoursShown,
    },
    { rowsMax: sourcesRowsMax },
  )
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000))
}

/** Bytes on disk of each source: its partitions of `events`, and its share of `seen`. */
export async function diskOfSources(engine: Engine): Promise<ReadonlyMap<string, number>> {
  const rows = await engine.rows<{ source: string; bytes: number }>(
    `WITH (SELECT sum(bytes_on_disk) FROM system.parts WHERE database = currentDatabase() AND table = 'seen' AND active) AS seen_bytes,
       (SELECT count() FROM seen) AS seen_rows
     SELECT source, toUInt64(sum(bytes)) AS bytes FROM (
       SELECT extract(partition, '^\\\\(\\'([^\\']*)\\'') AS source, toFloat64(sum(bytes_on_disk)) AS bytes
       FROM system.parts WHERE database = currentDatabase() AND table = 'stored_events' AND active GROUP BY source
       UNION ALL
       SELECT source, seen_bytes * count() / greatest(seen_rows, 1) AS bytes FROM seen GROUP BY source
     ) GROUP BY source`,
    {},
    { rowsMax: sourcesRowsMax },
  )
  return new Map(rows.map((row) => [row.source, row.bytes]))
}

function statusOf(source: LogSource, volume: Volume | undefined, diskBytes: number, now: Date): SourceStatus {
  const silentAfterMs = (source.silentAfterMinutes ?? 0) * minuteMs
  const heard = volume === undefined ? null : Date.parse(volume.lastReceived)
  const silent = source.silentAfterMinutes !== null && (heard === null || now.getTime() - heard > silentAfterMs)
  if (volume === undefined) {
    return {
      source,
      events: 0,
      unread: 0,
      rawBytes: 0,
      diskBytes,
      first: null,
      last: null,
      lastReceived: null,
      silent,
      gaps: [],
      hours: Array.from({ length: hoursShown }, () => 0),
      eventsPerDay: 0,
      diskBytesPerDay: 0,
    }
  }
  // Younger than a week: by the days it has been here, at least one.
  const days = Math.min(gapDays, Math.max(1, (now.getTime() - Date.parse(volume.first)) / dayMs))
  const eventsPerDay = volume.week / days
  return {
    source,
    events: volume.events,
    unread: volume.unread,
    rawBytes: volume.raw,
    diskBytes,
    first: volume.first,
    last: volume.last,
    lastReceived: volume.lastReceived,
    silent,
    gaps: gapsOf(volume, (source.silentAfterMinutes ?? gapMinutesDefault) * minuteMs, now),
    hours: [...volume.hours],
    eventsPerDay,
    diskBytesPerDay: volume.events === 0 ? 0 : (diskBytes / volume.events) * eventsPerDay,
  }
}

/** Stretches of the last seven days, since its first line, in which no slot has an event; the one that lasts until now included. */
function gapsOf(volume: Volume, longerThanMs: number, now: Date): LogWindow[] {
  const begin = Math.max(now.getTime() - gapDays * dayMs, Date.parse(volume.first))
  const gaps: { from: number; to: number }[] = []
  let quietSince = begin
  for (const slot of volume.slots) {
    const at = slot * 1000
    if (at - quietSince > longerThanMs) gaps.push({ from: quietSince, to: at })
    quietSince = Math.max(quietSince, at + slotMs)
  }
  if (now.getTime() - quietSince > longerThanMs) gaps.push({ from: quietSince, to: now.getTime() })
  return gaps
    .sort((a, b) => b.to - b.from - (a.to - a.from))
    .slice(0, gapsMax)
    .map(({ from, to }) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() }))
}

import { ocsfClasses } from '../../model/lake.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { listSources } from '../sources.ts'

export type Span = { readonly from: Date; readonly to: Date }

export type CoveredSource = {
  readonly source: string
  /** Lines within the time, of whatever class. */
  readonly events: number
  readonly first: Date | null
  readonly last: Date | null
  readonly gaps: readonly Span[]
}

export type Coverage = {
  readonly sources: readonly CoveredSource[]
  /** Why what is not in the logs may have been there all the same, in sentences; empty: the whole time is covered. */
  readonly holes: readonly string[]
}

const dayMs = 24 * 3_600_000
const slotMs = 5 * 60_000
/** A source counts as one that could have shown something when it had events of that class this long before the time looked at. */
export const knownForDays = 30
/** Longer without a line than this is a gap, where the source does not say how long it may be silent. As status.ts shows gaps. */
const quietMinutesDefault = 60
/** Gaps that are named; the others are counted. */
const namedMax = 3
const rowsMax = 10_000

/** So large a share of lines that no parser reads, and what they say is not known. Some always are: banners, comments, new messages. */
const unreadShareMax = 0.1

type Row = {
  readonly source: string
  readonly events: number
  readonly unread: number
  readonly begun: number
  readonly first: number
  readonly last: number
  readonly slots: readonly number[]
}

/**
 * Whether logs of some class (none named: any) were there for the whole of a time. From `volume`: every source that is known for that
 * class, its first line ever, and the stretches in which it sent nothing at all. Of a time that is not over only what has passed counts.
 * `parsed`: what is asked for stands only in lines that a parser reads, so that after a change of a product's format nothing is covered.
 */
export async function coverageOf(
  engine: Engine,
  asked: {
    readonly classes: readonly number[]
    readonly span: Span
    readonly now: Date
    readonly source?: string
    readonly parsed?: boolean
  },
  bounds: Bounds = {},
): Promise<Coverage> {
  const { classes, now } = asked
  const span = { from: asked.span.from, to: new Date(Math.min(asked.span.to.getTime(), now.getTime())) }
  const seconds = (at: number) => Math.max(0, Math.floor(at / 1000))
  const [rows, kept] = await Promise.all([
    engine.rows<Row>(
      `WITH toUnixTimestamp(slot) AS at, at >= {from:UInt32} AND at < {to:UInt32} AS within
       SELECT source, sumIf(volume.events, within) AS events, min(at) AS begun,
         toUnixTimestamp(minIf(volume.first, within)) AS first, toUnixTimestamp(maxIf(volume.last, within)) AS last,
         sumIf(volume.events, within AND parser = '') AS unread,
         arraySort(groupUniqArrayIf(at, within AND (parser != '' OR {parsed:UInt8} = 0))) AS slots
       FROM volume WHERE ({source:String} = '' OR source = {source:String})
       GROUP BY source
       HAVING countIf((empty({classes:Array(UInt64)}) OR has({classes:Array(UInt64)}, toUInt64(class_uid)))
         AND at >= {known:UInt32} AND at < {to:UInt32}) > 0
       ORDER BY source`,
      {
        from: seconds(Math.floor(span.from.getTime() / slotMs) * slotMs),
        to: seconds(span.to.getTime()),
        known: seconds(span.from.getTime() - knownForDays * dayMs),
        classes: [...classes],
        source: asked.source ?? '',
        parsed: asked.parsed === true ? 1 : 0,
      },
      { ...bounds, rowsMax },
    ),
    listSources(engine),
  ])
  const quietMinutes = new Map(kept.map((one) => [one.id, one.silentAfterMinutes]))
  const sources = rows.map((row): CoveredSource => {
    const quietMs = (quietMinutes.get(row.source) ?? quietMinutesDefault) * 60_000
    const spoke = row.events > 0
    return {
      source: row.source,
      events: row.events,
      first: spoke ? new Date(row.first * 1000) : null,
      last: spoke ? new Date(row.last * 1000) : null,
      gaps: gapsOf(row, span, quietMs),
    }
  })
  const unread = asked.parsed === true ? unreadOf(rows, sources) : []
  return { sources, holes: [...holesOf(rows, sources, span, classes), ...unread] }
}

/** Stretches longer than the source may be silent. Before its first line ever it was no source, which is no gap. */
function gapsOf(row: Row, span: Span, quietMs: number): Span[] {
  const gaps: Span[] = []
  const to = span.to.getTime()
  let quietSince = Math.max(span.from.getTime(), row.begun * 1000)
  for (const slot of row.slots) {
    if (slot * 1000 - quietSince > quietMs) gaps.push({ from: new Date(quietSince), to: new Date(slot * 1000) })
    quietSince = Math.max(quietSince, slot * 1000 + slotMs)
  }
  if (to - quietSince > quietMs) gaps.push({ from: new Date(quietSince), to: new Date(to) })
  return gaps
}

function holesOf(
  rows: readonly Row[],
  sources: readonly CoveredSource[],
  span: Span,
  classes: readonly number[],
): string[] {
  const begun = Math.min(...rows.map((row) => row.begun * 1000))
  const what = classes.length === 0 ? 'logs' : `${classes.map(nameOfClass).join(' or ')} events`
  if (rows.length === 0) return [`no source of ${what} between ${minute(span.from)} and ${minute(span.to)}`]
  const holes: string[] = []
  if (begun - span.from.getTime() > slotMs)
    holes.push(`the first ${what} that are kept are of ${minute(new Date(begun))}`)
  const gaps = sources.flatMap(({ source, gaps: own }) => own.map((gap) => ({ source, ...gap })))
  for (const gap of gaps.slice(0, namedMax))
    holes.push(`${gap.source} has a gap from ${minute(gap.from)} to ${minute(gap.to)}`)
  if (gaps.length > namedMax) holes.push(`and ${gaps.length - namedMax} more gaps`)
  return holes
}

/** Lines that no parser reads: where they are many, or where a stretch has none that one does. */
function unreadOf(rows: readonly Row[], sources: readonly CoveredSource[]): string[] {
  const withGaps = new Set(sources.flatMap(({ source, gaps }) => (gaps.length === 0 ? [] : [source])))
  return rows
    .filter(({ source, events, unread }) => unread > 0 && (withGaps.has(source) || unread >= events * unreadShareMax))
    .map(({ source, events, unread }) => `of ${events} lines of ${source} no parser reads ${unread}`)
}

function nameOfClass(uid: number): string {
  return Object.entries(ocsfClasses).find(([key]) => Number(key) === uid)?.[1] ?? `class ${uid}`
}

/** A person reads it: to the minute, which is as exact as a slot. */
function minute(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

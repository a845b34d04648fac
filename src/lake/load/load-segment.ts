import type { Engine, Params } from '../engine/engine.ts'
import type { LoadSql } from '../parse/load-sql.ts'
import type { Segment } from './segment.ts'
import { recordColumns } from './segment-format.ts'
import type { Tries } from './tries.ts'

/** What an attempt needs. */
export type LoadTools = {
  readonly engine: Engine
  readonly loadSql: LoadSql
  /** Says which version of the parsers this is: two attempts may only share a deduplication token when both read lines alike. */
  readonly reading: string
  /** Called with the sources of a segment before their lines are looked at. */
  readonly knowSources: (ids: readonly string[]) => Promise<void>
}

export type Loaded = {
  readonly lines: number
  /** Lines that no parser read, with those whose parser the engine refused. */
  readonly unread: number
  /** Parsers whose lines were stored unread because the engine refused them again and again. */
  readonly gaveUp: readonly string[]
}

/** A load is some 100,000 lines; half a minute for it would be a hundred times what it takes. */
const loadMsMax = 120_000
/** One block, whatever is in it: only then is a deduplication token good for the whole INSERT and the views behind it (measured). */
const blockRows = 1_000_000_000
const blockBytes = 1_000_000_000_000
const oneBlock = {
  max_threads: 1,
  max_insert_threads: 1,
  max_block_size: blockRows,
  min_insert_block_size_rows: blockRows,
  min_insert_block_size_bytes: blockBytes,
  // A segment of the doors has lines of all sources, and each is a partition.
  max_partitions_per_insert_block: 0,
  deduplicate_blocks_in_dependent_materialized_views: 1,
}
/** Steps of an attempt besides the parsers, by which `tries` knows them; no parser's id has a star. */
export const recogniseStep = '*recognise'
export const storeStep = '*store'

const tableOf = (name: 'stage' | 'recognised', segment: Segment): string => `${name}_${segment.load}`

function stageTable(name: string): string {
  return `CREATE TABLE ${name} (line UInt32, source LowCardinality(String), peer LowCardinality(String), received DateTime64(3, 'UTC'),
    header LowCardinality(String), raw String, position String EPHEMERAL, sum UInt32 EPHEMERAL) ENGINE = Memory`
}

/** Stores lines as they came, with nothing read: what no INSERT of a parser could do. */
function insertUnread(from: string, where: string): string {
  return `INSERT INTO events (time, received, source, load, line, time_from, raw)
    SELECT received, received, source, {load:UInt64}, line, 'received', raw FROM ${from}
    WHERE ${where} AND line NOT IN (SELECT line FROM events WHERE load = {load:UInt64} AND source IN {sources:Array(String)})`
}

async function drop(engine: Engine, segment: Segment): Promise<void> {
  for (const name of ['stage', 'recognised'] as const) {
    await engine.command(`DROP TABLE IF EXISTS ${tableOf(name, segment)}`)
  }
}

async function stage(engine: Engine, segment: Segment): Promise<void> {
  const table = tableOf('stage', segment)
  await engine.command(stageTable(table))
  const { file: path, origin } = segment
  if (origin === null) {
    await engine.insertFile({ table, path, format: 'records', columns: recordColumns }, { timeoutMs: loadMsMax })
    return
  }
  const { source, peer, header, receivedMs } = origin
  const constants = { source, peer, header, received: new Date(receivedMs) }
  await engine.insertFile(
    { table, path, format: 'lines', columns: ['line', 'raw'], constants },
    { timeoutMs: loadMsMax },
  )
}

/**
 * Gives a segment to the engine, once for all: every INSERT has a token of the segment and the parser, so that an attempt that was cut
 * short at any place is repeated from its beginning, and what was stored is not stored again. Throws what the engine threw; `tries` knows
 * then which step it was.
 */
export async function loadSegment(segment: Segment, tries: Tries, tools: LoadTools): Promise<Loaded> {
  const { engine, loadSql, reading } = tools
  const params = { load: segment.load, sources: [...segment.sources.keys()] } satisfies Params
  const [staged, recognised] = [tableOf('stage', segment), tableOf('recognised', segment)]
  await tools.knowSources(params.sources)
  await drop(engine, segment)
  await tries.step(storeStep, () => stage(engine, segment))
  // An earlier attempt read lines in another way: its tokens mean nothing now, so that what it stored is looked up.
  if (tries.reading !== null && tries.reading !== reading) await leaveOutStored(engine, staged, params)
  await tries.reads(reading)
  if (tries.isHopeless(recogniseStep)) {
    await tries.step(storeStep, () => engine.command(insertUnread(staged, 'true'), params, { settings: oneBlock }))
    const lines = await countOf(engine, staged)
    await drop(engine, segment)
    return { lines, unread: lines, gaveUp: [recogniseStep] }
  }
  await tries.step(recogniseStep, async () => {
    await engine.command(loadSql.createRecognised(recognised))
    await engine.command(loadSql.recognise({ stage: staged, recognised }), {}, { timeoutMs: loadMsMax })
  })
  const present = await engine.rows<{ parser: string; lines: number }>(
    `SELECT parser, count() AS lines FROM ${recognised} GROUP BY parser ORDER BY parser`,
  )
  const gaveUp: string[] = []
  for (const { parser } of present) {
    if (tries.isHopeless(parser)) {
      gaveUp.push(parser)
      await tries.step(storeStep, () =>
        engine.command(
          insertUnread(recognised, 'parser = {parser:String}'),
          { ...params, parser },
          { settings: oneBlock },
        ),
      )
      continue
    }
    const settings = { ...oneBlock, insert_deduplication_token: `${segment.load}-${parser}-${reading}` }
    await tries.step(parser, () =>
      engine.command(loadSql.insert(parser, recognised), { load: segment.load }, { settings, timeoutMs: loadMsMax }),
    )
  }
  await drop(engine, segment)
  const linesOf = (wanted: (parser: string) => boolean): number =>
    present.reduce((sum, { parser, lines }) => sum + (wanted(parser) ? lines : 0), 0)
  return { lines: linesOf(() => true), unread: linesOf((parser) => parser === '' || gaveUp.includes(parser)), gaveUp }
}

async function countOf(engine: Engine, table: string): Promise<number> {
  const [counted] = await engine.rows<{ lines: number }>(`SELECT count() AS lines FROM ${table}`)
  return counted?.lines ?? 0
}

async function leaveOutStored(engine: Engine, staged: string, params: Params): Promise<void> {
  await engine.command(
    `ALTER TABLE ${staged} DELETE WHERE line IN (SELECT line FROM events WHERE load = {load:UInt64} AND source IN {sources:Array(String)})`,
    params,
    { settings: { mutations_sync: 1 } },
  )
}

import { createHash } from 'node:crypto'
import { loadLinesMax } from '../../model/lake.ts'
import type { Engine, Params } from '../engine/engine.ts'
import type { LoadSql, SourceReading } from '../parse/load-sql.ts'
import type { KeepSplits } from './kept-splits.ts'
import type { Segment } from './segment.ts'
import { recordColumns } from './segment-format.ts'
import type { Tries } from './tries.ts'

/** What an attempt needs. */
export type LoadTools = {
  readonly engine: Engine
  readonly loadSql: LoadSql
  /** Digest of all statements of `loadSql`. */
  readonly statements: string
  /** How these sources are read; those that nobody has named so far are made known. */
  readonly sourcesOf: (ids: readonly string[]) => Promise<readonly SourceReading[]>
  readonly keepSplits: KeepSplits
  /** Does one such work at a time: storing needs as much memory again as what it stores. */
  readonly alone: (work: () => Promise<void>) => Promise<void>
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
  // Of the lines one block is made all the same; what the views make of them goes through them in pieces. In one piece 60,000 lines with 24
  // observables each took 550 MB of memory instead of 400, and with less they were in the table and not in the rollup.
  max_block_size: 65_536,
  max_bytes_before_external_group_by: 96 * 1024 * 1024,
  min_insert_block_size_rows: blockRows,
  min_insert_block_size_bytes: blockBytes,
  // Without it ClickHouse 26.7 ends a block at an eighth of the engine's memory, whatever stands above: two parts of each load, and 1.4
  // microseconds a line more for merging them. Then either of both bounds below would end it, and they are in rows alone.
  use_strict_insert_block_limits: 1,
  max_insert_block_size: blockRows,
  // What the views give is grouped already; to merge it once more in memory cost 1.1 microseconds a line.
  optimize_on_insert: 0,
  // Compiling what runs once for each load costs more than it saves.
  ...{ compile_expressions: 0, compile_aggregate_expressions: 0, compile_sort_description: 0 },
  // A segment of the doors has lines of all sources, and each is a partition.
  max_partitions_per_insert_block: 0,
  deduplicate_blocks_in_dependent_materialized_views: 1,
}
/**
 * Lines are staged in small blocks, for the table keeps them as they were inserted and every step works block by block: with a whole
 * segment in one, what stands between the steps of recognising 70,000 lines was 632 MiB; the last INSERT makes one block of them again.
 */
const smallBlocks = {
  max_block_size: 16_384,
  min_insert_block_size_rows: 16_384,
  min_insert_block_size_bytes: 16 * 1024 * 1024,
  max_threads: 1,
}
/** Steps of an attempt besides the parsers, by which `tries` knows them; no parser's id has a star. */
export const recogniseStep = '*recognise'
export const storeStep = '*store'

/** Tables of one load: each writer has a pair for each load that it does at the same time, and makes them anew for every segment. */
export type LoadTables = { readonly stage: string; readonly recognised: string; readonly parsed: string }
/** `run` tells processes apart that write to one cluster from several machines, and happen to have the same number. */
export const tablesOf = (writer: number, run: string, lane: number): LoadTables => ({
  stage: `load_stage_${writer}_${run}_${lane}`,
  recognised: `load_recognised_${writer}_${run}_${lane}`,
  parsed: `load_parsed_${writer}_${run}_${lane}`,
})

/** Removes what the loads of processes that are gone left in our own engine; each would be dropped by the next load of its owner. */
export async function dropLeftTables(engine: Engine, writers: readonly number[]): Promise<void> {
  const tables = await engine.rows<{ name: string }>(
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND match(name, '^load_(stage|recognised|parsed)_')",
  )
  for (const { name } of tables) {
    const writer = Number(/^load_[a-z]+_(\d+)_[0-9a-f]+_\d+$/.exec(name)?.[1])
    if (Number.isInteger(writer) && !writers.includes(writer)) await engine.command(`DROP TABLE IF EXISTS ${name} SYNC`)
  }
}

function stageTable(name: string): string {
  return `CREATE TABLE ${name} (line UInt32, source String, peer String, received DateTime64(3, 'UTC'),
    header LowCardinality(String), raw String, position String EPHEMERAL, sum UInt32 EPHEMERAL) ENGINE = Memory`
}

/** Stores lines as they came, with nothing read: what no INSERT of a parser could do. */
function insertUnread(into: string, from: string, where: string): string {
  return `INSERT INTO ${into} (time, received, source, load, line, time_from, raw)
    SELECT received, received, source, {load:UInt64}, line, 'received', raw FROM ${from}
    WHERE ${where} AND line NOT IN (SELECT line FROM stored_events WHERE load = {load:UInt64} AND source IN {sources:Array(String)})`
}

export async function dropTables(engine: Engine, tables: LoadTables): Promise<void> {
  for (const table of [tables.stage, tables.recognised, tables.parsed]) await dropTable(engine, table)
}

async function dropTable(engine: Engine, table: string): Promise<void> {
  await engine.command(`DROP TABLE IF EXISTS ${table} SYNC`)
}

async function stage(engine: Engine, table: string, segment: Segment): Promise<void> {
  await engine.command(stageTable(table))
  const { file: path, origin } = segment
  const bounds = { timeoutMs: loadMsMax, settings: smallBlocks }
  if (origin === null) {
    await engine.insertFile({ table, path, format: 'records', columns: recordColumns }, bounds)
    return
  }
  const { source, peer, header, receivedMs } = origin
  const constants = { source, peer, header, received: new Date(receivedMs) }
  await engine.insertFile({ table, path, format: 'lines', columns: ['line', 'raw'], constants }, bounds)
}

/**
 * Gives a segment to the engine, once for all; in stretches where all of it costs more than a load may (`tries` knows). Throws what the
 * engine threw; `tries` knows then which step it was, and how far it came.
 */
export async function loadSegment(
  segment: Segment,
  tables: LoadTables,
  tries: Tries,
  tools: LoadTools,
): Promise<Loaded> {
  const sources = await tools.sourcesOf([...segment.sources.keys()])
  const reading = readingOf(tools.statements, sources)
  if (tries.isStoring && !tries.isMixed && tries.reading !== null && tries.reading !== reading)
    await rollUpStored(segment, tries.reading, tries, tools)
  await tries.reads(reading)
  // With lines in the table an INSERT is repeated as it was: the rollups may not have them yet, and get them by its token.
  if (tries.isStoring && (await storedOf(tools.engine, segment, tries.from)).lines === 0) await tries.stored('nothing')
  const isFresh = tries.from === 0 && !tries.isMixed
  const done: Stretch[] = []
  do {
    if (done.length > 0) await tries.stored('well')
    done.push(await loadStretch(segment, { reading, sources }, tables, tries, tools))
  } while (done.at(-1)?.isLast === false)
  const [only, ...more] = done
  // What earlier stretches and attempts stored belongs to the segment as well.
  const whole = isFresh && only !== undefined && more.length === 0 ? only : await storedOf(tools.engine, segment, 0)
  const gaveUp = [...new Set(done.flatMap((one) => one.gaveUp))]
  return { lines: whole.lines, unread: whole.unread, gaveUp }
}

type Stretch = Loaded & { readonly isLast: boolean }

/**
 * What the parsers make of its lines is gathered first and stored by one INSERT: one part to write and to merge instead of one for each
 * parser (38 instead of 55 microseconds of CPU a line of a mix of nine). That INSERT has a token of its lines, so that an attempt that was
 * cut short at any place is repeated from its beginning, and what was stored is not stored again.
 */
async function loadStretch(
  segment: Segment,
  how: { readonly reading: string; readonly sources: readonly SourceReading[] },
  tables: LoadTables,
  tries: Tries,
  tools: LoadTools,
): Promise<Stretch> {
  const { engine, loadSql } = tools
  const { reading, sources } = how
  const { from, to } = tries
  const params = { load: segment.load, sources: [...segment.sources.keys()] } satisfies Params
  const { stage: staged, recognised, parsed } = tables
  await dropTables(engine, tables)
  await tries.step(storeStep, loadLinesMax, () => stage(engine, staged, segment))
  const isLast = (await leaveOutOthers(engine, staged, from, to)) === 0
  if (tries.isMixed) await leaveOutStored(engine, staged, params)
  const count = await countOf(engine, staged)
  if (tries.isHopeless(recogniseStep)) {
    await tries.step(storeStep, count, () =>
      engine.command(insertUnread('stored_events', staged, 'true'), params, { settings: oneBlock }),
    )
    await dropTables(engine, tables)
    return { lines: count, unread: count, gaveUp: [recogniseStep], isLast }
  }
  await tries.step(recogniseStep, count, async () => {
    await engine.command(loadSql.createRecognised(recognised))
    await engine.command(
      loadSql.recognise({ stage: staged, recognised }, sources),
      {},
      {
        timeoutMs: loadMsMax,
        settings: smallBlocks,
      },
    )
  })
  // From here on nobody reads it: memory that is held by no load is memory for the other one.
  await dropTable(engine, staged)
  const present = await engine.rows<{ parser: string; lines: number }>(
    `SELECT parser, count() AS lines FROM ${recognised} GROUP BY parser ORDER BY parser`,
  )
  await tools.keepSplits(present.flatMap(({ parser }) => loadSql.splitOf(parser) ?? []))
  const gaveUp: string[] = []
  await engine.command(`CREATE TABLE ${parsed} AS stored_events ENGINE = Memory`)
  for (const { parser } of present) {
    if (tries.isHopeless(parser)) {
      gaveUp.push(parser)
      const left = insertUnread(parsed, recognised, 'parser = {parser:String}')
      await tries.step(storeStep, count, () => engine.command(left, { ...params, parser }))
      continue
    }
    await tries.step(parser, count, () =>
      engine.command(
        loadSql.insert(parser, recognised, sources, parsed),
        { load: segment.load },
        { timeoutMs: loadMsMax },
      ),
    )
  }
  await dropTable(engine, recognised)
  const settings = { ...oneBlock, insert_deduplication_token: tokenOf(segment, reading, tries) }
  await tries.stores()
  await tries.step(storeStep, count, () =>
    tools.alone(() =>
      engine.command(`INSERT INTO stored_events SELECT * FROM ${parsed}`, {}, { settings, timeoutMs: loadMsMax }),
    ),
  )
  await dropTables(engine, tables)
  const linesOf = (wanted: (parser: string) => boolean): number =>
    present.reduce((sum, { parser, lines }) => sum + (wanted(parser) ? lines : 0), 0)
  const unread = linesOf((parser) => parser === '' || gaveUp.includes(parser))
  return { lines: linesOf(() => true), unread, gaveUp, isLast }
}

function tokenOf(segment: Segment, reading: string, { from, to }: Tries): string {
  return `${segment.load}-${reading}${from === 0 && to === null ? '' : `-${from}-${to ?? ''}`}`
}

/**
 * An INSERT that nobody saw the end of may have its lines in the table and not in the rollups, and this attempt reads them in another way.
 * So the lines it left are given once more as they are, under its own token: the table has them by it, and the rollups take what they lack.
 */
async function rollUpStored(segment: Segment, reading: string, tries: Tries, tools: LoadTools): Promise<void> {
  const { from, to } = tries
  const params = { load: segment.load, sources: [...segment.sources.keys()], from, to: to ?? lineMax } satisfies Params
  const settings = { ...oneBlock, insert_deduplication_token: tokenOf(segment, reading, tries) }
  await tools.alone(() =>
    tools.engine.command(
      `INSERT INTO stored_events SELECT * FROM stored_events WHERE load = {load:UInt64} AND source IN {sources:Array(String)}
         AND line >= {from:UInt64} AND line < {to:UInt64}`,
      params,
      { settings, timeoutMs: loadMsMax },
    ),
  )
}

/** Names how lines are read: two attempts may only share a deduplication token when both read them alike. */
function readingOf(statements: string, sources: readonly SourceReading[]): string {
  return createHash('sha256').update(statements).update(JSON.stringify(sources)).digest('hex').slice(0, 16)
}

async function countOf(engine: Engine, table: string): Promise<number> {
  const [counted] = await engine.rows<{ lines: number }>(`SELECT count() AS lines FROM ${table}`)
  return counted?.lines ?? 0
}

/** No segment has as many. */
const lineMax = 2 ** 32

/** Takes all lines out that are not of this stretch. Returns how many come behind it. */
async function leaveOutOthers(engine: Engine, staged: string, from: number, to: number | null): Promise<number> {
  if (from === 0 && to === null) return 0
  const stretch = { from, to: to ?? lineMax }
  const [behind] = await engine.rows<{ lines: number }>(
    `SELECT countIf(line >= {to:UInt64}) AS lines FROM ${staged}`,
    stretch,
  )
  await engine.command(`ALTER TABLE ${staged} DELETE WHERE line < {from:UInt64} OR line >= {to:UInt64}`, stretch, {
    settings: { mutations_sync: 1 },
  })
  return behind?.lines ?? 0
}

/** What the table has of a segment from this line on. */
async function storedOf(
  engine: Engine,
  segment: Segment,
  from: number,
): Promise<{ readonly lines: number; readonly unread: number }> {
  const [stored] = await engine.rows<{ lines: number; unread: number }>(
    `SELECT count() AS lines, countIf(parser = '') AS unread FROM stored_events
     WHERE load = {load:UInt64} AND source IN {sources:Array(String)} AND line >= {from:UInt64}`,
    { load: segment.load, sources: [...segment.sources.keys()], from },
  )
  return stored ?? { lines: 0, unread: 0 }
}

async function leaveOutStored(engine: Engine, staged: string, params: Params): Promise<void> {
  await engine.command(
    `ALTER TABLE ${staged} DELETE WHERE line IN (SELECT line FROM stored_events WHERE load = {load:UInt64} AND source IN {sources:Array(String)})`,
    params,
    { settings: { mutations_sync: 1 } },
  )
}

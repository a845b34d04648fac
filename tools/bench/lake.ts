import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { answerFrom } from '../../src/lake/ask/answer.ts'
import { sessionsBetween } from '../../src/lake/ask/questions.ts'
import type { Engine } from '../../src/lake/engine/engine.ts'
import { openEngine } from '../../src/lake/engine/open-engine.ts'
import { hunt } from '../../src/lake/hunt/hunt.ts'
import { readIndicators } from '../../src/lake/hunt/read-indicators.ts'
import {
  days,
  domainOf,
  endMs,
  hashOf,
  insideOf,
  numbersFrom,
  outsideOf,
  sources,
  writeLogs,
  writeMixed,
} from './lake/lines.ts'
import type { BenchResult } from './result.ts'

/**
 * The log lake from end to end, as a person runs it: `counterfoil lake ingest` in a process of its own, its engine in another, and then
 * hunts and questions over all of it, beside ripgrep (and zstd | ripgrep, and DuckDB where one is named) on the same files in the same run.
 * `node tools/bench/lake.ts --events 20000000 --duckdb /path/to/node_modules/@duckdb/node-api`.
 */
const eventsUsual = 2_000_000
/** Half a minute: over one million a second of start and the last load, which one core does, are a tenth of it. */
const mixedLines = 3_000_000
const indicatorsUsual = 100_000
/** Of which so many occur in the logs. */
const knownIndicators = 300
const pairsAsked = 100
const mebibyte = 1024 * 1024
const root = path.resolve(import.meta.dirname, '../..')
const silent = { info: () => undefined, warn: () => undefined }

export async function bench(size: { events?: number; duckdb?: string | undefined } = {}): Promise<BenchResult[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-bench-lake-'))
  try {
    const mixed = await measureMixed(folder)
    const all = await fillAll(folder, size.events ?? eventsUsual)
    const engine = openEngine({ folder: all.lake, clickhouseUrl: null, log: silent, memoryMaxMiB: 1024 })
    try {
      const hunts = await measureHunts(engine, folder, all, size.duckdb)
      return [...mixed, ...all.results, ...hunts, ...(await measureSessions(engine))]
    } finally {
      await engine.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A process's resident memory and that of all below it, in bytes, at its highest while `ended` is open. */
async function highestMemory(pid: number, ended: Promise<unknown>): Promise<{ ours: number; engine: number }> {
  const most = { ours: 0, engine: 0 }
  let open = true
  void ended.finally(() => {
    open = false
  })
  while (open) {
    for (const { id, command, bytes } of familyOf(pid)) {
      const which = command.includes('engine/child') ? 'engine' : id === pid ? 'ours' : null
      if (which !== null) most[which] = Math.max(most[which], bytes)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return most
}

function familyOf(pid: number): { id: number; command: string; bytes: number }[] {
  const rows = readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0)
      const bytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024
      return [{ id: Number(name), parent, bytes, command: readFileSync(`/proc/${name}/cmdline`, 'utf8') }]
    } catch {
      return [] // It ended while we looked.
    }
  })
  const family = new Set([pid])
  for (let grew = true; grew; ) {
    grew = false
    for (const { id, parent } of rows) if (family.has(parent) && !family.has(id)) grew = family.add(id).has(id)
  }
  return rows.filter(({ id }) => family.has(id))
}

type Ingested = { lines: number; unread: number; seconds: number; ours: number; engine: number }

async function ingest(data: string, file: string, source: string): Promise<Ingested> {
  const child = spawn(process.execPath, ['bin/counterfoil.mjs', 'lake', 'ingest', file, '--source', source, '--json'], {
    cwd: root,
    env: { ...process.env, COUNTERFOIL_DATA: data },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const memory = await highestMemory(child.pid ?? 0, ended)
  const code = await ended
  if (code !== 0) throw new Error(`ingest of ${source} ended with ${code}`)
  const { lines, unread, seconds } = JSON.parse(out) as Ingested
  return { lines, unread, seconds, ...memory }
}

/** What the tables take on disk, without parts that were merged and go within minutes. */
async function bytesOn(lake: string): Promise<number> {
  const engine = openEngine({ folder: lake, clickhouseUrl: null, log: silent, memoryMaxMiB: 1024 })
  try {
    const [sum] = await engine.rows<{ bytes: number }>(
      'SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = currentDatabase()',
    )
    return sum?.bytes ?? Number.NaN
  } finally {
    await engine.close()
  }
}

/** One collector's file with everybody's lines in it: each line has to be recognised. */
async function measureMixed(folder: string): Promise<BenchResult[]> {
  const file = path.join(folder, 'mixed.log')
  const data = path.join(folder, 'mixed')
  const { lines, bytes } = await writeMixed(file, mixedLines)
  const done = await ingest(data, file, 'collector')
  if (done.lines !== lines) throw new Error(`${done.lines} of ${lines} lines were taken`)
  const disk = await bytesOn(path.join(data, 'lake'))
  rmSync(data, { recursive: true })
  rmSync(file)
  const perSecond = lines / done.seconds
  return [
    {
      name: 'lake: mixed lines taken in, each recognised',
      value: perSecond,
      unit: 'lines/s',
      goal: '>= 100000',
      ok: perSecond >= 100_000,
      note: `${lines.toLocaleString('en')} lines, ${Math.round(bytes / mebibyte)} MiB, ${done.unread} unread; memory ${Math.round(done.engine / mebibyte)} MiB engine, ${Math.round(done.ours / mebibyte)} MiB ours`,
    },
    {
      name: 'lake: disk of what was taken in, by raw bytes',
      value: disk / bytes,
      unit: 'of raw',
      goal: '<= 0.25',
      ok: disk / bytes <= 0.25,
      note: 'tables, indices and rollups; random values compress worse than real ones',
    },
  ]
}

type Filled = { lake: string; files: readonly string[]; events: number; bytes: number; results: BenchResult[] }

/** Thirty days of eight sources, a file each. */
async function fillAll(folder: string, events: number): Promise<Filled> {
  const data = path.join(folder, 'data')
  const written = await writeLogs(folder, events)
  let [lines, seconds, bytes, most, unread] = [0, 0, 0, 0, 0]
  for (const one of written) {
    const done = await ingest(data, one.file, one.source)
    if (done.lines !== one.lines) throw new Error(`${done.lines} of ${one.lines} lines of ${one.source} were taken`)
    lines += done.lines
    seconds += done.seconds
    bytes += one.bytes
    unread += done.unread
    most = Math.max(most, done.engine + done.ours)
  }
  const lake = path.join(data, 'lake')
  const disk = await bytesOn(lake)
  return {
    lake,
    files: written.map((one) => one.file),
    events: lines,
    bytes,
    results: [
      {
        name: `lake: ${sources.length} sources taken in, one after the other`,
        value: lines / seconds,
        unit: 'lines/s',
        goal: '>= 100000',
        ok: lines / seconds >= 100_000,
        note: `${lines.toLocaleString('en')} lines, ${Math.round(bytes / mebibyte)} MiB raw, ${Math.round(disk / mebibyte)} MiB on disk (${(disk / bytes).toFixed(2)}), ${unread} unread`,
      },
      {
        name: 'lake: memory while taking in, engine and ours',
        value: most / mebibyte,
        unit: 'MiB',
        goal: '< 2048',
        ok: most < 2048 * mebibyte,
      },
    ],
  }
}

/** Indicators as feeds have them: addresses, names, hashes; some of them in the logs, the others near them. */
function indicatorList(count: number): string[] {
  const r = numbersFrom(15_485_863)
  const list = new Set<string>()
  for (let at = 0; at < knownIndicators; at += 1)
    list.add([outsideOf(r(20_000)), domainOf(r(9_000)), hashOf(r(40_000))][at % 3] as string)
  while (list.size < count) {
    const n = r(2 ** 30)
    const unknown = [`198.51.${n % 256}.${(n >> 8) % 256}`, `host-${n}.bad-${n % 977}.test`, hashOf(2 ** 21 + n)]
    list.add(unknown[list.size % 3] as string)
  }
  return [...list]
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const began = performance.now()
  const result = await work()
  return { ms: performance.now() - began, result }
}

/** `ms`: until it is known what was seen, when, by whom and how often; `allMs`: with the hosts behind the rarest hits. Medians. */
async function huntFor(
  engine: Engine,
  list: readonly string[],
  runs: number,
): Promise<{ ms: number; allMs: number; hits: number }> {
  const { indicators } = await readIndicators(Buffer.from(list.join('\n')))
  await hunt(engine, { indicators, window: null, now: new Date(endMs) })
  const [times, all]: [number[], number[]] = [[], []]
  let hits = 0
  for (let run = 0; run < runs; run += 1) {
    const { ms, result } = await timed(() => hunt(engine, { indicators, window: null, now: new Date(endMs) }))
    times.push(result.seenMs)
    all.push(ms)
    hits = result.hits.length
  }
  const median = (list: number[]): number => list.toSorted((a, b) => a - b)[Math.floor(runs / 2)] ?? Number.NaN
  return { ms: median(times), allMs: median(all), hits }
}

/** Seconds that a command takes over the files; its exit codes 0 and 1 (nothing found) are fine. */
function secondsOf(command: string): number {
  const began = performance.now()
  const done = spawnSync('bash', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  if (done.status !== 0 && done.status !== 1) throw new Error(`${command}: ${done.stderr}`)
  return (performance.now() - began) / 1_000
}

const has = (program: string): boolean => spawnSync('which', [program], { stdio: 'ignore' }).status === 0

async function measureHunts(
  engine: Engine,
  folder: string,
  all: Filled,
  duckdb: string | undefined,
): Promise<BenchResult[]> {
  const list = indicatorList(indicatorsUsual)
  const file = path.join(folder, 'indicators.txt')
  writeFileSync(file, `${list.join('\n')}\n`)
  const many = await huntFor(engine, list, 5)
  const one = await huntFor(engine, list.slice(0, 1), 9)
  const rg = has('rg') ? secondsOf(`rg -F -f ${file} -c ${all.files.join(' ')}`) : null
  const rgOne = has('rg') ? secondsOf(`rg -F -c -- '${list[0]}' ${all.files.join(' ')}`) : null
  const packed = has('zstd') && has('rg') ? await measurePacked(folder, all.files, list[0] as string) : null
  const duck = duckdb === undefined ? null : await measureDuck(duckdb, file, all.files)
  const beside = [
    rg === null ? 'ripgrep is not here' : `ripgrep ${rg.toFixed(1)} s (one indicator ${rgOne?.toFixed(1)} s)`,
    packed === null ? '' : `zstd | ripgrep, one indicator ${packed.toFixed(1)} s`,
    duck === null ? '' : `DuckDB ${duck.toFixed(1)} s`,
  ].filter((text) => text !== '')
  const times = rg === null ? Number.NaN : (rg * 1_000) / many.ms
  return [
    {
      name: `lake: hunt for ${indicatorsUsual.toLocaleString('en')} indicators, warm`,
      value: many.ms / 1_000,
      unit: 's',
      goal: '<= 0.5',
      ok: many.ms <= 500,
      note: `over ${all.events.toLocaleString('en')} events, ${many.hits} hits; with hosts ${(many.allMs / 1_000).toFixed(1)} s; ${beside.join('; ')}`,
    },
    { name: 'lake: the same, beside ripgrep', value: times, unit: 'times faster', goal: '>= 100', ok: times >= 100 },
    {
      name: 'lake: hunt for one indicator, warm',
      value: one.ms / 1_000,
      unit: 's',
      goal: '<= 0.1',
      ok: one.ms <= 100,
      note: `with hosts and coverage ${(one.allMs / 1_000).toFixed(2)} s`,
    },
  ]
}

async function measurePacked(folder: string, files: readonly string[], indicator: string): Promise<number> {
  const packed = path.join(folder, 'all.zst')
  secondsOf(`cat ${files.join(' ')} | zstd -q -3 -T2 -o ${packed}`)
  const seconds = secondsOf(`zstd -dcq ${packed} | rg -F -c -- '${indicator}'`)
  rmSync(packed)
  return seconds
}

/** DuckDB over the raw files: every text in them that has the shape of an indicator, joined with the list. */
async function measureDuck(module: string, list: string, files: readonly string[]): Promise<number> {
  const code = `
    const { DuckDBInstance } = require(${JSON.stringify(module)})
    DuckDBInstance.create(':memory:', { threads: '2' }).then(async (db) => {
      const c = await db.connect()
      const r = await c.runAndReadAll(\`WITH iocs AS (SELECT column0 AS v FROM read_csv('${list}', header=false, columns={'column0':'VARCHAR'})),
        found AS (SELECT unnest(regexp_extract_all(line, '[0-9a-z-]+(?:\\\\.[0-9a-z-]+)+|[0-9a-f]{64}')) AS v FROM read_csv([${files.map((one) => `'${one}'`).join(',')}], header=false, delim='\\x01', quote='', escape='', columns={'line':'VARCHAR'}, max_line_size=2097152))
        SELECT v, count(*) FROM found JOIN iocs USING (v) GROUP BY v\`)
      process.stderr.write(String(r.getRows().length))
    })`
  const script = path.join(path.dirname(list), 'duck.cjs')
  writeFileSync(script, code)
  return secondsOf(`${process.execPath} ${script}`)
}

async function measureSessions(engine: Engine): Promise<BenchResult[]> {
  const pairs = await engine.rows<{ a: string; b: string }>(
    `SELECT replaceOne(toString(src_endpoint_ip), '::ffff:', '') AS a, replaceOne(toString(dst_endpoint_ip), '::ffff:', '') AS b
     FROM events WHERE class_uid = 4001 AND source = 'fw-edge' ORDER BY cityHash64(raw) LIMIT ${pairsAsked - 20}`,
  )
  const r = numbersFrom(32_452_843)
  const strangers = Array.from({ length: 20 }, () => ({ a: insideOf(r(6_000)), b: outsideOf(r(131_072)) }))
  const times: number[] = []
  let found = 0
  const span = { from: new Date(endMs - days * 86_400_000), to: new Date(endMs) }
  for (const { a, b } of [...pairs, ...strangers]) {
    const asked = sessionsBetween(a, b)
    if ('notApplicable' in asked) throw new Error(asked.notApplicable)
    const { ms, result } = await timed(() =>
      answerFrom(engine, { expression: asked.expression, ...span, sources: [] }, asked, { timeoutMs: 30_000 }),
    )
    times.push(ms)
    found += result === null ? 0 : 1
  }
  times.sort((a, b) => a - b)
  const p95 = times[Math.floor(times.length * 0.95)] ?? Number.NaN
  return [
    {
      name: 'lake: sessions between two addresses over 30 days, p95',
      value: p95,
      unit: 'ms',
      goal: '< 200',
      ok: p95 < 200 && found >= pairs.length * 0.9,
      note: `${times.length} pairs, ${found} with sessions; p50 ${times[Math.floor(times.length / 2)]?.toFixed(0)} ms`,
    },
  ]
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { events: { type: 'string' }, duckdb: { type: 'string' } } })
  const results = await bench({
    ...(values.events === undefined ? {} : { events: Number(values.events) }),
    duckdb: values.duckdb,
  })
  for (const one of results)
    process.stdout.write(
      `${one.ok ? 'ok    ' : 'MISSED'} ${one.name}: ${one.value} ${one.unit} (goal ${one.goal})  ${one.note ?? ''}\n`,
    )
}

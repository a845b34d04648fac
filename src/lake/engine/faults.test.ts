import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { isTrouble } from '../../kit/errors.ts'
import { isAlive } from '../../kit/process-lock.ts'
import type { Engine } from './engine.ts'
import { openEngine } from './open-engine.ts'

// Engines start and end many times here: half a second each on a machine of its own, three on one that others use.
vi.setConfig({ testTimeout: 120_000 })
const silent = { info: () => undefined, warn: () => undefined }
const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-faults-'))
  ends.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function open(folder: string, options: { readonly answerMsMax?: number; readonly memoryMaxMiB?: number } = {}): Engine {
  const engine = openEngine({ folder, clickhouseUrl: null, log: silent, memoryMaxMiB: 512, fsync: false, ...options })
  ends.push(() => engine.close())
  return engine
}

async function pidOf(folder: string): Promise<number> {
  return (JSON.parse(await readFile(path.join(folder, 'engine.json'), 'utf8')) as { pid: number }).pid
}

/** Another process of ours that opens the lake, says "open", and then does what it is told, a line of SQL at a time. */
async function otherProcess(folder: string): Promise<{ child: ChildProcess; ask: (sql: string) => Promise<unknown> }> {
  const script = `
    const { openEngine } = await import(${JSON.stringify(path.join(import.meta.dirname, 'open-engine.ts'))})
    const { createInterface } = await import('node:readline')
    const log = { info() {}, warn() {} }
    const engine = openEngine({ folder: ${JSON.stringify(folder)}, clickhouseUrl: null, log, memoryMaxMiB: 512, fsync: false })
    await engine.rows('SELECT 1')
    console.log('"open"')
    for await (const sql of createInterface(process.stdin)) console.log(JSON.stringify(await engine.rows(sql)))
    await engine.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  ends.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  expect((await lines.next()).value).toBe('"open"')
  return {
    child,
    ask: async (sql) => {
      child.stdin.write(`${sql}\n`)
      const answer = await lines.next()
      return JSON.parse(String(answer.value)) as unknown
    },
  }
}

const rowsOfLoad = 20_000

/** One load as the loader does it: a block of rows that is stored once, however often it is sent. */
async function load(engine: Engine, n: number): Promise<void> {
  await engine.command(
    `INSERT INTO stored_events (time, received, source, load, line, parser, observables_kept, raw)
     SELECT toDateTime64('2026-05-04 00:00:00', 3, 'UTC') + INTERVAL number MILLISECOND AS time, time, 'fw', {n:UInt64}, number, 'kv',
       [concat('host-', toString(number % 1000)), concat('load-', toString({n:UInt64}))], concat('line ', toString(number))
     FROM numbers({rows:UInt64})`,
    { n, rows: rowsOfLoad },
    {
      settings: {
        insert_deduplication_token: `load-${n}`,
        deduplicate_blocks_in_dependent_materialized_views: 1,
        max_threads: 1,
        max_insert_threads: 1,
        max_block_size: 1_000_000,
        min_insert_block_size_rows: 1_000_000,
        min_insert_block_size_bytes: 0,
      },
    },
  )
}

async function counted(engine: Engine): Promise<unknown> {
  const [row] = await engine.rows(
    `SELECT (SELECT count() FROM events) AS events, (SELECT uniqExact(load, line) FROM events) AS distinct,
       (SELECT sum(events) FROM volume) AS volume, (SELECT sum(count) FROM seen) AS seen`,
  )
  return row
}

test('kill -9 of the engine during inserts: what was acknowledged is there once, in the rollups too', async () => {
  const folder = await freshFolder()
  const engine = open(folder)
  await engine.rows('SELECT 1')
  const loads = 16
  let kills = 0
  const killing = (async () => {
    for (; kills < 4; kills++) {
      await sleep(60 + kills * 37)
      process.kill(await pidOf(folder), 'SIGKILL')
      await expect
        .poll(
          () =>
            engine.rows('SELECT 1').then(
              () => true,
              () => false,
            ),
          { timeout: 20_000 },
        )
        .toBe(true)
    }
  })()
  for (let n = 0; n < loads; n++) {
    for (;;) {
      try {
        await load(engine, n)
        break
      } catch (error) {
        if (!isTrouble(error, 'lake.unreachable')) throw error
      }
    }
  }
  await killing
  expect(kills).toBe(4)
  const rows = loads * rowsOfLoad
  expect(await counted(engine)).toEqual({ events: rows, distinct: rows, volume: rows, seen: rows * 2 })
})

test('kill -9 of the engine during a merge loses nothing', async () => {
  const folder = await freshFolder()
  const engine = open(folder)
  for (let n = 0; n < 6; n++) await load(engine, n)
  const merging = engine.command('OPTIMIZE TABLE stored_events FINAL').catch((error: unknown) => error)
  await sleep(30)
  process.kill(await pidOf(folder), 'SIGKILL')
  expect(await merging).toMatchObject({ code: 'lake.unreachable' })
  const rows = 6 * rowsOfLoad
  expect(await counted(engine)).toEqual({ events: rows, distinct: rows, volume: rows, seen: rows * 2 })
  await engine.command('OPTIMIZE TABLE stored_events FINAL')
  expect(await counted(engine)).toEqual({ events: rows, distinct: rows, volume: rows, seen: rows * 2 })
})

test('the engine is killed while a query runs: the query says so, the next one is answered', async () => {
  const folder = await freshFolder()
  const engine = open(folder)
  await engine.rows('SELECT 1')
  const before = await pidOf(folder)
  const long = engine
    .rows('SELECT count() AS n FROM numbers(100000000000) WHERE number % 7 = 3')
    .catch((error: unknown) => error)
  await sleep(200)
  process.kill(before, 'SIGKILL')
  expect(await long).toMatchObject({ code: 'lake.unreachable' })
  expect(await engine.rows('SELECT 2 AS two')).toEqual([{ two: 2 }])
  expect(await pidOf(folder)).not.toBe(before)
})

test('queries that would eat the machine are stopped, and it is said why', async () => {
  const engine = open(await freshFolder(), { memoryMaxMiB: 256 })
  await expect(
    engine.rows('SELECT count() AS n FROM numbers(100000000000) WHERE number % 7 = 3', {}, { timeoutMs: 300 }),
  ).rejects.toMatchObject({ code: 'lake.too-costly', details: { reason: 'time' } })
  await expect(
    engine.rows('SELECT uniqExact(repeat(toString(number), 20)) AS n FROM numbers(50000000)'),
  ).rejects.toMatchObject({ code: 'lake.too-costly', details: { reason: 'memory' } })
  await expect(
    engine.rows('SELECT groupArray(number) AS n FROM numbers(20000000)', {}, { memoryBytesMax: 50_000_000 }),
  ).rejects.toMatchObject({ code: 'lake.too-costly', details: { reason: 'memory' } })
  await expect(engine.rows('SELECT number FROM numbers(1001)', {}, { rowsMax: 1000 })).rejects.toMatchObject({
    code: 'lake.too-costly',
    details: { reason: 'rows' },
  })
  expect(await engine.rows('SELECT number FROM numbers(1000)', {}, { rowsMax: 1000 })).toHaveLength(1000)
  // All at once: together they may not take more than the engine has.
  const greedy = Array.from({ length: 4 }, () =>
    engine
      .rows('SELECT uniqExact(repeat(toString(number), 20)) AS n FROM numbers(50000000)')
      .catch((error: unknown) => error),
  )
  for (const told of await Promise.all(greedy)) expect(told).toMatchObject({ code: 'lake.too-costly' })
  const left = "SELECT count() AS n FROM system.processes WHERE query NOT LIKE '%processes%' AND query LIKE '%numbers%'"
  await expect.poll(() => engine.rows(left)).toEqual([{ n: 0 }])
})

test('a query that is called off ends in the engine too', async () => {
  const engine = open(await freshFolder())
  await engine.rows('SELECT 1')
  const calling = new AbortController()
  const long = engine.rows(
    'SELECT count() AS n FROM numbers(100000000000) WHERE number % 11 = 3',
    {},
    { signal: calling.signal },
  )
  await sleep(100)
  calling.abort(new Error('not needed any more'))
  await expect(long).rejects.toThrow('not needed any more')
  const left =
    "SELECT count() AS n FROM system.processes WHERE query LIKE '%number % 11%' AND query NOT LIKE '%processes%'"
  await expect.poll(() => engine.rows(left)).toEqual([{ n: 0 }])
})

test('two processes on one folder share the engine; whoever stays goes on when its owner is killed', async () => {
  const folder = await freshFolder()
  const other = await otherProcess(folder)
  const first = await pidOf(folder)
  const engine = open(folder)
  await load(engine, 1)
  expect(await other.ask('SELECT count() AS n FROM events')).toEqual([{ n: rowsOfLoad }])
  expect(await pidOf(folder)).toBe(first)
  other.child.kill('SIGKILL')
  await once(other.child, 'exit')
  expect(await engine.rows('SELECT count() AS n FROM events')).toEqual([{ n: rowsOfLoad }])
  await expect.poll(() => isAlive(first), { timeout: 15_000 }).toBe(false)
  await load(engine, 2)
  expect(await pidOf(folder)).not.toBe(first)
})

test('the owner closes in order while another uses the engine: the other starts its own', async () => {
  const folder = await freshFolder()
  const owner = open(folder)
  await load(owner, 1)
  const joined = open(folder)
  expect(await joined.rows('SELECT count() AS n FROM events')).toEqual([{ n: rowsOfLoad }])
  await owner.close()
  await load(joined, 2)
  expect(await joined.rows('SELECT count() AS n FROM events')).toEqual([{ n: 2 * rowsOfLoad }])
  await expect(owner.rows('SELECT 1')).rejects.toMatchObject({ code: 'lake.unreachable' })
})

test('an engine ends with work under way, its card names no living process, and what it stored is there', async () => {
  const folder = await freshFolder()
  for (let n = 0; n < 3; n++) {
    const engine = open(folder)
    await load(engine, n)
    const pid = await pidOf(folder)
    const long = engine
      .rows('SELECT count() AS n FROM numbers(100000000000) WHERE number % 7 = 3')
      .catch((error: unknown) => error)
    await sleep(50)
    await engine.close()
    expect(isAlive(pid)).toBe(false)
    expect(await long).toMatchObject({ code: 'lake.unreachable' })
  }
  const rows = 3 * rowsOfLoad
  expect(await counted(open(folder))).toEqual({ events: rows, distinct: rows, volume: rows, seen: rows * 2 })
})

test('another living process that does not answer is named, and its lake is not opened', async () => {
  const folder = await freshFolder()
  const owner = open(folder)
  await owner.rows('SELECT 1')
  const pid = await pidOf(folder)
  process.kill(pid, 'SIGSTOP')
  try {
    const second = open(folder, { answerMsMax: 300 })
    await expect(second.rows('SELECT 1')).rejects.toMatchObject({ code: 'lake.occupied', details: { pid } })
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  expect(await owner.rows('SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('an engine that hangs is ended and begun again, and the query that waited for it says so', async () => {
  const folder = await freshFolder()
  const engine = open(folder, { answerMsMax: 1_000 })
  await engine.rows('SELECT 1')
  const pid = await pidOf(folder)
  process.kill(pid, 'SIGSTOP')
  await expect(engine.rows('SELECT 1', {}, { timeoutMs: 200 })).rejects.toMatchObject({
    code: 'lake.too-costly',
    details: { reason: 'time' },
  })
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
  expect(await engine.rows('SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('a folder with a long path is served as well', async () => {
  const folder = path.join(await freshFolder(), 'a-name-that-is-long-'.repeat(5), 'lake')
  await mkdir(folder, { recursive: true })
  const engine = open(folder)
  expect(await engine.rows('SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('a full disk is said as such, loses nothing that was stored, and is over when there is room', async (context) => {
  const folder = path.join(await freshFolder(), 'small')
  await mkdir(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', folder], { stdio: 'pipe' })
  } catch {
    context.skip('only root may mount a small disk here')
  }
  ends.push(async () => {
    execFileSync('umount', ['-l', folder])
  })
  const engine = open(folder)
  await engine.command('CREATE TABLE ballast (a String) ENGINE = MergeTree ORDER BY tuple()')
  await engine.command('INSERT INTO ballast SELECT randomString(1000) FROM numbers(20000)')
  let stored = 0
  const fill = async (): Promise<unknown> => {
    for (; ; stored++) {
      try {
        await engine.command(
          `INSERT INTO stored_events (time, received, source, load, raw) SELECT now64(3), now64(3), 'fw', {n:UInt64}, randomString(1000) FROM numbers(3000)`,
          { n: stored },
          { settings: { insert_deduplication_token: `load-${stored}` } },
        )
      } catch (error) {
        return error
      }
    }
  }
  expect(await fill()).toMatchObject({ code: 'disk.full' })
  expect(stored).toBeGreaterThan(2)
  expect(await engine.rows('SELECT uniqExact(load) AS loads, count() AS n FROM events')).toEqual([
    { loads: stored, n: stored * 3000 },
  ])
  await engine.command('TRUNCATE TABLE ballast SETTINGS max_table_size_to_drop = 0')
  await expect
    .poll(
      () =>
        engine
          .command(
            `INSERT INTO stored_events (time, received, source, load, raw) SELECT now64(3), now64(3), 'fw', 999, randomString(1000) FROM numbers(3000)`,
          )
          .then(
            () => 'stored',
            () => 'refused',
          ),
      { timeout: 20_000 },
    )
    .toBe('stored')
})

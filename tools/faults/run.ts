import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { type Postgres, startPostgres } from '../../src/db/launcher.ts'
import { migrate } from '../../src/db/migrate.ts'
import { type Database, openDatabase } from '../../src/db/open.ts'
import { isAlive } from '../../src/db/process-lock.ts'
import { wordsOf } from '../../src/kit/errors.ts'

export type FaultsAsked = {
  /** How often the server is killed, and how often PostgreSQL. */
  readonly serverKills: number
  readonly postgresKills: number
  /** Servers on one database. */
  readonly nodes: number
  readonly mailsPerSecond: number
  readonly say: (text: string) => void
}

export type FaultsFound = {
  readonly acknowledged: number
  readonly kills: number
  /** Acknowledged, and not in the record. */
  readonly lost: number
  /** In the record, and not read when all was quiet again. */
  readonly unread: number
  /** More alerts than messages, or a message in two places. */
  readonly doubled: number
  /** Runs neither waiting for a person nor ended. */
  readonly stuck: number
  readonly failed: number
  /** Steps with two endings in the ledger, findings kept twice. */
  readonly steppedTwice: number
  readonly runs: number
  readonly resumed: number
  readonly settledMs: number
}

const quietMsMax = 120_000
const silent = { info: () => undefined, warn: () => undefined }

/** One server that comes back whenever it was killed. */
class Node {
  port = 0
  readonly #url: string
  #child: ChildProcess | null = null

  constructor(url: string) {
    this.#url = url
  }

  async start(): Promise<void> {
    for (;;) {
      const child = spawn(process.execPath, [path.join(import.meta.dirname, 'engine-worker.ts'), this.#url], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      this.#child = child
      const port = await new Promise<number | null>((resolve) => {
        child.stdout?.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())))
        child.once('exit', () => resolve(null))
      })
      if (port !== null) {
        this.port = port
        return
      }
      // PostgreSQL was away when it started; so would a service manager try again.
      await sleep(200)
    }
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child
    this.port = 0
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }
}

function mailOf(n: number): string {
  const lines = [
    'Rule: Suspicious DNS query',
    'Severity: High',
    'Source IP: 192.0.2.10',
    'Destination IP: 198.51.100.7',
    `Host: ws-${n}.example.org`,
  ]
  return `From: soc@provider.example\r\nMessage-ID: <${n}@provider.example>\r\nSubject: Alert ${n}\r\n\r\n${lines.join('\n')}\n`
}

/** Sends mails to any node until told to stop; a mail that was not acknowledged is sent again, as a mail server would. */
async function load(nodes: readonly Node[], perSecond: number, stop: AbortSignal): Promise<Map<number, string>> {
  const acknowledged = new Map<number, string>()
  const pending = new Set<Promise<void>>()
  const deliver = async (n: number): Promise<void> => {
    for (;;) {
      const up = nodes.filter((node) => node.port !== 0)
      const node = up[n % Math.max(up.length, 1)]
      if (node !== undefined) {
        try {
          const answer = await fetch(`http://127.0.0.1:${node.port}/`, {
            method: 'POST',
            body: mailOf(n),
            signal: AbortSignal.timeout(10_000),
          })
          const text = await answer.text()
          if (answer.status === 200) {
            acknowledged.set(n, text)
            return
          }
        } catch (error) {
          if (!(error instanceof Error)) throw error
        }
      }
      await sleep(100)
    }
  }
  for (let n = 0; !stop.aborted; n += 1) {
    const one = deliver(n).finally(() => pending.delete(one))
    pending.add(one)
    await sleep(1000 / perSecond)
  }
  await Promise.all(pending)
  return acknowledged
}

async function count(database: Database, query: ReturnType<typeof sql<{ n: number }>>): Promise<number> {
  return (await query.execute(database.db)).rows[0]?.n ?? -1
}

async function untilQuiet(database: Database): Promise<number> {
  const began = performance.now()
  while (performance.now() - began < quietMsMax) {
    const open = await count(
      database,
      sql`select ((select count(*) from message where state = 'received') + (select count(*) from run where state = 'running'))::int as n`,
    )
    if (open === 0) break
    await sleep(250)
  }
  return Math.round(performance.now() - began)
}

async function reckon(
  database: Database,
  acknowledged: ReadonlyMap<number, string>,
  kills: number,
  settledMs: number,
): Promise<FaultsFound> {
  const kept = new Set((await database.db.selectFrom('message').select('id').execute()).map((row) => row.id))
  return {
    acknowledged: acknowledged.size,
    kills,
    lost: [...acknowledged.values()].filter((id) => !kept.has(id)).length,
    unread: await count(
      database,
      sql`select count(*)::int as n from message where state <> 'read' or alert_id is null`,
    ),
    doubled: await count(
      database,
      sql`select abs((select count(*) from alert) - (select count(*) from message))::int as n`,
    ),
    stuck: await count(database, sql`select count(*)::int as n from run where state = 'running'`),
    failed: await count(database, sql`select count(*)::int as n from run where state = 'failed'`),
    steppedTwice: await count(
      database,
      sql`select ((select count(*) from (select 1 from ledger_entry where kind = 'step.ended' group by subject, (leaf::jsonb #>> '{body,path}') having count(*) > 1) t)
        + (select count(*) from (select 1 from finding group by run_id, question, ask, connector having count(*) > 1) f))::int as n`,
    ),
    runs: await count(database, sql`select count(*)::int as n from run`),
    resumed: await count(database, sql`select coalesce(sum(resumed_times), 0)::int as n from run`),
    settledMs,
  }
}

/** Kills servers and PostgreSQL with SIGKILL at random moments under load, lets them come back, and counts what was lost, doubled or stuck. */
export async function faults(asked: FaultsAsked): Promise<FaultsFound> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-faults-'))
  let postgres: Postgres = await startPostgres({ folder, log: silent })
  const { url } = postgres
  await migrate(url)
  const nodes = Array.from({ length: asked.nodes }, () => new Node(url))
  await Promise.all(nodes.map((node) => node.start()))
  const stop = new AbortController()
  const loading = load(nodes, asked.mailsPerSecond, stop.signal)
  const plan = [
    ...Array<'server'>(asked.serverKills).fill('server'),
    ...Array<'postgres'>(asked.postgresKills).fill('postgres'),
  ].sort(() => Math.random() - 0.5)
  try {
    for (const [index, what] of plan.entries()) {
      await sleep(200 + Math.random() * 1300)
      const node = nodes[index % nodes.length]
      if (what === 'server' && node !== undefined) {
        await node.kill('SIGKILL')
        await node.start()
      } else {
        process.kill(postgres.pid, 'SIGKILL')
        while (isAlive(postgres.pid)) await sleep(5)
        postgres = await startAgain(folder)
      }
      asked.say(`${index + 1}/${plan.length}: killed ${what}`)
    }
    await sleep(500)
    stop.abort()
    const acknowledged = await loading
    const database = await openDatabase(url, { poolMax: 2 })
    const settledMs = await untilQuiet(database)
    const found = await reckon(database, acknowledged, plan.length, settledMs)
    await database.close()
    return found
  } finally {
    stop.abort()
    await Promise.all(nodes.map((node) => node.kill('SIGTERM')))
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The children of a killed postmaster hold its shared memory for a moment; a start in that moment is refused and tried again. */
async function startAgain(folder: string): Promise<Postgres> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await startPostgres({ folder, log: silent })
    } catch (error) {
      if (tries >= 50) throw error
      await sleep(100)
      if (tries % 10 === 0) process.stderr.write(`PostgreSQL does not start yet: ${wordsOf(error)}\n`)
    }
  }
}

if (import.meta.main) {
  const say = (text: string): void => void process.stderr.write(`${text}\n`)
  const found = await faults({ serverKills: 50, postgresKills: 10, nodes: 2, mailsPerSecond: 20, say })
  process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  const clean = found.lost + found.unread + found.doubled + found.stuck + found.failed + found.steppedTwice === 0
  process.exitCode = clean ? 0 : 1
}

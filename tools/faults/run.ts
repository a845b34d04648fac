import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { type Postgres, startPostgres } from '../../src/db/launcher.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openDatabase } from '../../src/db/open.ts'
import { saveProvider } from '../../src/db/providers.ts'
import type { Tables } from '../../src/db/tables.ts'
import { isAlive } from '../../src/kit/process-lock.ts'
import { type Fault, type FaultyMailServer, startFaultyMailServer } from '../../test/faulty-mail-server.ts'
import { startNameServer } from '../../test/name-server.ts'
import { signIn } from '../../test/person-at-desk.ts'
import { makeSigningProvider, type SigningProvider, signingProvider } from '../../test/signing-provider.ts'
import { lakeFaults, mustBeZeroInLake } from './lake.ts'
import { answerAlerts, sendMails } from './load.ts'
import { type Node, startNodes } from './nodes.ts'
import { type Found, reckon, untilQuiet } from './reckon.ts'
import { type Takeover, takeover } from './takeover.ts'

export type FaultsAsked = {
  /** How often a server is killed, and how often PostgreSQL. */
  readonly serverKills: number
  readonly postgresKills: number
  readonly mailsPerSecond: number
  /** One alert of so many is decided and answered. */
  readonly answerEveryNth: number
  /** Wait also for replies that the mail server put off: 30 s and more. */
  readonly waitForHeld: boolean
  readonly say: (text: string) => void
}

export type FaultsFound = Found &
  Takeover & {
    readonly accepted: number
    /** Deliveries whose answer was lost with the connection, and which were made again. */
    readonly repeated: number
    readonly kills: number
    /** Calls of the person at the desk that failed under a kill, and were made again. */
    readonly refusedCalls: number
    readonly settledMs: number
  }

/** Two servers on one database, as in production. */
const nodesOnOneDatabase = 2
const silent = { info: () => undefined, warn: () => undefined }

/** How the mail server that takes our replies goes wrong, and in how many of a hundred connections. */
const mailFaults: readonly (readonly [number, () => Fault])[] = [
  [20, () => ({ at: 'dot', say: '250 2.0.0 Ok: late', delayMs: 200 + Math.random() * 1500 })],
  [8, () => ({ at: 'dot', drop: true })],
  [4, () => ({ at: 'half', drop: true })],
  [4, () => ({ at: 'RCPT', say: '451 4.7.1 Greylisted, try again later' })],
]

function anyFault(): Fault {
  let dice = Math.random() * 100
  for (const [share, fault] of mailFaults) {
    dice -= share
    if (dice < 0) return fault()
  }
  return { at: 'none' }
}

/** Kills servers and PostgreSQL with SIGKILL at random moments, each in its turn, and lets them come back. */
async function killAtRandom(asked: FaultsAsked, nodes: readonly Node[], postgres: { now: Postgres; folder: string }) {
  const plan = [
    ...Array<'server'>(asked.serverKills).fill('server'),
    ...Array<'postgres'>(asked.postgresKills).fill('postgres'),
  ].sort(() => Math.random() - 0.5)
  for (const [index, what] of plan.entries()) {
    await sleep(200 + Math.random() * 1300)
    const node = nodes[index % nodes.length]
    if (what === 'server' && node !== undefined) {
      await node.kill('SIGKILL')
      await node.start()
    } else {
      process.kill(postgres.now.pid, 'SIGKILL')
      while (isAlive(postgres.now.pid)) await sleep(5)
      postgres.now = await startPostgres({ folder: postgres.folder, log: silent })
    }
    asked.say(`${index + 1}/${plan.length}: killed ${what}`)
  }
  return plan.length
}

/** Any node that is up; the person types its address. */
function originOf(nodes: readonly Node[]): string {
  const up = nodes.filter((node) => node.isUp)
  const node = up[Math.floor(Math.random() * up.length)]
  if (node === undefined) throw new Error('no server is up')
  return `http://localhost:${node.httpPort}`
}

/**
 * The whole house under faults: two `counterfoil start` on one database; a provider that sends signed mail by SMTP and sends again what was
 * not acknowledged; a person who decides and answers by the API; a mail server that is late, breaks off and puts off. Servers and PostgreSQL
 * are killed under all of it. Then everything is counted.
 */
export async function faults(asked: FaultsAsked): Promise<FaultsFound> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'counterfoil-faults-'))
  // PostgreSQL does not run as root, and must be able to walk down to its folder.
  await chmod(folder, 0o755)
  const provider = makeSigningProvider()
  const closers: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })]
  const stop = new AbortController()
  try {
    const [names, mailServer] = await Promise.all([startNameServer(provider.zone), startFaultyMailServer()])
    closers.push(names.stop, mailServer.stop)
    const home = path.join(folder, 'postgres')
    const postgres = { folder: home, now: await startPostgres({ folder: home, log: silent }) }
    closers.push(() => postgres.now.stop())
    const { url } = postgres.now
    await migrate(url)
    const database = await openDatabase(url, { poolMax: 4 })
    closers.push(database.close)
    const { db } = database
    await saveProvider(db, signingProvider, 0, new Date())
    mailServer.setFault(anyFault)
    const nodes: Node[] = []
    closers.push(() => Promise.all(nodes.map((node) => node.kill('SIGTERM'))))
    await startNodes(nodes, {
      folder,
      url,
      count: nodesOnOneDatabase,
      mailPort: mailServer.port,
      dnsServer: names.address,
    })
    return await play(asked, { db, nodes, postgres, provider, mailServer, stop })
  } finally {
    stop.abort()
    for (const close of closers.toReversed()) await close()
  }
}

type Scene = {
  readonly db: Kysely<Tables>
  readonly nodes: readonly Node[]
  readonly postgres: { now: Postgres; folder: string }
  readonly provider: SigningProvider
  readonly mailServer: FaultyMailServer
  /** Ends the mails and the person as well when something went wrong. */
  readonly stop: AbortController
}

async function play(
  asked: FaultsAsked,
  { db, nodes, postgres, provider, mailServer, stop }: Scene,
): Promise<FaultsFound> {
  const [enoughMail, enoughAnswers] = [new AbortController(), new AbortController()]
  const person = await signIn(db, () => originOf(nodes))
  const mails = sendMails(nodes, provider, asked.mailsPerSecond, AbortSignal.any([stop.signal, enoughMail.signal]))
  const answers = answerAlerts(db, person, asked.answerEveryNth, AbortSignal.any([stop.signal, enoughAnswers.signal]))
  const kills = await killAtRandom(asked, nodes, postgres)
  enoughMail.abort()
  const { accepted, repeated } = await mails
  const firstMs = await untilQuiet(db, { alsoHeld: false })
  enoughAnswers.abort()
  const { released, refusedCalls } = await answers
  const settledMs = firstMs + (await untilQuiet(db, { alsoHeld: asked.waitForHeld }))
  const last = await takeover(db, nodes, person, provider, mailServer)
  await last.killed.start()
  await untilQuiet(db, { alsoHeld: false })
  const [first] = nodes
  if (first === undefined) throw new Error('there is no server')
  const found = await reckon(db, first, { accepted, released }, mailServer.arrived)
  return { ...found, ...last.found, accepted: accepted.size, repeated, kills, refusedCalls, settledMs }
}

/** What must be zero, whatever was killed. */
export const mustBeZero = {
  ...{ lost: 0, unread: 0, doubled: 0, steppedTwice: 0, stuck: 0, failed: 0, adrift: 0 },
  ...{ deliveredTwice: 0, sentNotArrived: 0 },
} as const satisfies Partial<Record<keyof FaultsFound, 0>>

/** A node that is silent is taken for dead after 10 s, and the sweep comes every 2 s. */
export const takeoverMsMax = 15_000

if (import.meta.main) {
  const say = (text: string): void => void process.stderr.write(`${text}\n`)
  const asked = { serverKills: 50, postgresKills: 10, mailsPerSecond: 6, answerEveryNth: 3, waitForHeld: true, say }
  const found = await faults(asked)
  const lake = await lakeFaults({ lines: 1_000_000, ingestKills: 15, engineKills: 5, say })
  process.stdout.write(`${JSON.stringify({ desk: found, lake }, null, 2)}\n`)
  const wrong = [
    ...Object.keys(mustBeZero).filter((name) => found[name as keyof typeof mustBeZero] !== 0),
    ...Object.keys(mustBeZeroInLake).filter((name) => lake[name as keyof typeof mustBeZeroInLake] !== 0),
  ]
  process.exitCode = wrong.length === 0 && found.ledgerHolds && found.takeoverMs <= takeoverMsMax ? 0 : 1
}

import path from 'node:path'
import type { FastifyInstance } from 'fastify'
import pino, { type Logger } from 'pino'
import { clusterFolder, postgresFolder } from './cli/open-house.ts'
import type { Settings } from './config/config.ts'
import { egressById } from './db/egress.ts'
import { keepPostgres } from './db/keep-postgres.ts'
import { migrate } from './db/migrate.ts'
import { type Database, openDatabase } from './db/open.ts'
import type { Work } from './http/front.ts'
import { addressOfAnswer, addressOfApproval, firstRunLink } from './http/links.ts'
import { makeServer } from './http/server.ts'
import { makeAuthenticate } from './intake/mail/authenticate.ts'
import { makeResolver } from './intake/mail/dns.ts'
import { makeOpenSealed } from './intake/mail/open-sealed.ts'
import { makeParse } from './intake/mail/parse.ts'
import type { Resolver } from './intake/mail/verify.ts'
import { type Clock, systemClock } from './kit/clock.ts'
import { notInstalled, openpgpHere } from './kit/openpgp.ts'
import { version } from './kit/version.ts'
import type { Lake } from './lake/open.ts'
import { type LedgerKey, loadOrCreateKey } from './ledger/key.ts'
import { startSequencer } from './ledger/sequencer.ts'
import { chatDesk } from './main/chat.ts'
import { openDetections } from './main/detections.ts'
import { type Doors, openDoors, reporter } from './main/doors.ts'
import { elsewhereDesk, openAnswerApi } from './main/elsewhere.ts'
import { frontWork } from './main/front-work.ts'
import { makeInspect } from './main/inspection.ts'
import { openIntelligence } from './main/intelligence.ts'
import { openHouseLake } from './main/lake.ts'
import { logPostDoor, openLogDoors } from './main/log-doors.ts'
import { tellingDoor } from './main/mail-news.ts'
import { roomOn, whileRoom } from './main/room.ts'
import { openKeyRing } from './main/seal-keys.ts'
import { sourceSigns, sourcesWork } from './main/source-signs.ts'
import { openSources, type Sources } from './main/sources.ts'
import { openStamps } from './main/stamps.ts'
import { recordStart } from './main/started.ts'
import type { Receive } from './model/message.ts'
import { makeMailDoor } from './outbox/mail/door.ts'
import { warnOfChains } from './playbooks/approvals/check-chains.ts'
import { absenceTasks, scheduleAbsences } from './playbooks/approvals/watch-absences.ts'
import { backtestTasks } from './playbooks/backtest/backtest-job.ts'
import { chatTasks } from './playbooks/chat/send.ts'
import { elsewhereTasks, scheduleElsewhere } from './playbooks/elsewhere/watch.ts'
import type { House } from './playbooks/house.ts'
import { loadLibrary } from './playbooks/load.ts'
import { memoryTasks } from './playbooks/memory/act.ts'
import { makeOpenMail } from './playbooks/open-mail.ts'
import { makeReceive } from './playbooks/receive.ts'
import { answerDesk } from './playbooks/reply.ts'
import { makeTeller } from './playbooks/teller.ts'
import { clockTasks, scheduleClocks } from './playbooks/watch-clocks.ts'
import { scheduleSources, sourceTasks } from './playbooks/watch-sources.ts'
import { houseTasks, newNodeId, startWorker } from './playbooks/worker.ts'

const here = import.meta.dirname
/** Playbooks that come along. */
export const ownPlaybooks = path.join(here, '..', 'content', 'playbooks')
const webFolder = path.join(here, '..', 'web', 'dist')

export type Running = {
  readonly settings: Settings
  readonly database: Database
  readonly house: House
  readonly receive: Receive
  /** What the front can have done; the demo and tests use it as the pages do. */
  readonly work: Work
  readonly key: LedgerKey
  readonly doors: Doors
  /** null: it could not be opened; the log said why. */
  readonly lake: Lake | null
  readonly server: FastifyInstance
  /** Where the desk is: "http://localhost:8844". */
  readonly url: string
  /** The link that makes the first administrator; null when there is one. */
  readonly firstRun: string | null
  /** Waits until every record that is committed has its place in the signed tree. */
  readonly settleLedger: () => Promise<void>
  readonly stop: () => Promise<void>
}

export type StartOptions = {
  readonly clock?: Clock
  /** DNS for SPF, DKIM, DMARC; the demo and tests have a zone of their own. */
  readonly resolver?: Resolver
  readonly log?: Logger
  /** Everything that comes in is marked as sample data. */
  readonly sample?: boolean
}

/** Starts what the settings say, in the order in which things need each other; `stop` ends it in the opposite order. */
export async function startHouse(settings: Settings, options: StartOptions = {}): Promise<Running> {
  const clock = options.clock ?? systemClock
  const log = options.log ?? pino({ level: settings.logLevel }, pino.destination(2))
  const closers: (() => Promise<void>)[] = []
  const stop = once(async () => {
    for (const close of closers.toReversed()) await close()
  })
  try {
    const url = settings.databaseUrl ?? (await openPostgres(settings, log, closers))
    await migrate(url)
    const database = await openDatabase(url)
    closers.push(() => database.close())
    const { db } = database
    const key = loadOrCreateKey(settings.dataFolder)
    const sequencer = startSequencer({ db, clock, key, log })
    closers.push(() => sequencer.stop())

    const stamps = openStamps({ db, clock, key, log }, settings.config.timestamps)
    if (stamps !== null) closers.push(() => stamps.stop())

    const lake = await openHouseLake({ db, settings, clock, log })
    closers.push(() => lake.close())
    const sources = await openSources({ db, clock, log, settings, lake: lake.lake, databaseUrl: url })
    closers.push(() => sources.close())
    const sealKey = (await openKeyRing(settings)).current.bytes
    const { house, desk } = await openWork(
      { database, settings, clock, log, sources, sealKey, resolver: options.resolver },
      closers,
    )
    const hasRoom = settings.databaseUrl === null ? roomOn(clusterFolder(settings.dataFolder)) : null
    const taking = makeReceive({ db, clock, sample: options.sample ?? false })
    const receive = hasRoom === null ? taking : whileRoom(taking, hasRoom)
    const detections =
      lake.lake === null ? null : await openDetections({ lake: lake.lake, db, clock, log, receive, settings })
    const intelligence = openIntelligence({ db, clock, log, settings, receive, lake: lake.lake })
    closers.push(() => intelligence.close())
    const watching = { db, clock, sources, lake: lake.lake }
    const signs = sourceSigns(watching)
    const tasks = {
      ...houseTasks(house),
      ...sourceTasks(house, signs),
      ...backtestTasks(house),
      ...clockTasks(house),
      ...absenceTasks(house),
      ...memoryTasks(house),
      ...elsewhereTasks(elsewhereDesk(house, settings, sealKey)),
      ...chatTasks(chatDesk(house, desk, settings, sealKey)),
      ...desk.jobs,
      ...detections?.tasks,
      ...intelligence.tasks,
    }
    const worker = await startWorker({ url, node: house.node, log, tasks })
    closers.push(() => worker.stop())
    await detections?.schedule()
    await scheduleClocks(db)
    await scheduleAbsences(db)
    await scheduleSources(db)
    await scheduleElsewhere(db)
    await intelligence.schedule()

    await warnOfChains(house)
    await recordStart(house, settings, sources.connectors(), version)
    const watched = sourcesWork({ ...watching, signs, logs: lake.front })
    const known = { house, db, databaseUrl: url, desk, sources, receive, key, settings, sealKey, watched }
    const work = frontWork({ ...known, lake: lake.lake })
    const server = await makeServer({
      db,
      clock,
      log,
      settings,
      sealKey,
      webFolder,
      work,
      logs: lake.front,
      logPosts: logPostDoor({ lake: lake.lake, clock }),
    })
    const { host, port } = settings.config.http
    await server.listen({ host, port })
    closers.push(() => server.close())
    // The doors last: what comes in must find everything else at work.
    const doors = await openDoors({ db, clock, log, settings, receive, hasRoom })
    closers.push(() => doors.close())
    if (lake.lake !== null) {
      const logDoors = await openLogDoors({ lake: lake.lake, db, clock, log, settings })
      closers.push(() => logDoors.close())
    }
    const firstRun = await firstRunLink(db, settings, clock)
    const address = settings.config.http.publicUrl ?? `http://localhost:${port}`
    return {
      settings,
      database,
      house,
      receive,
      work,
      key,
      doors,
      lake: lake.lake,
      server,
      url: address,
      firstRun,
      settleLedger: () => sequencer.settle(),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The embedded database of the data folder, looked after until the end; its address. */
async function openPostgres(settings: Settings, log: Logger, closers: (() => Promise<void>)[]): Promise<string> {
  const kept = await keepPostgres({ folder: postgresFolder(settings.dataFolder), log })
  closers.push(kept.letGo)
  return kept.url
}

/** The work room with its doors as functions, and the answer desk, which need each other. */
async function openWork(
  parts: {
    readonly database: Database
    readonly settings: Settings
    readonly clock: Clock
    readonly log: Logger
    readonly sources: Sources
    readonly sealKey: Uint8Array
    readonly resolver: Resolver | undefined
  },
  closers: (() => Promise<void>)[],
) {
  const { database, settings, clock, log, sources } = parts
  const { config } = settings
  const { db } = database
  const parse = makeParse()
  closers.push(() => parse.close())
  const authenticate = makeAuthenticate({ resolver: parts.resolver ?? makeResolver(config.dnsServers, clock), clock })
  closers.push(() => authenticate.close())
  if ((await openpgpHere()) === null) log.warn({}, notInstalled)
  const openSealed = makeOpenSealed()
  closers.push(() => openSealed.close())
  const mail = openMail(config, parts)
  if (mail !== null) closers.push(async () => mail.close())
  const inspect = makeInspect()
  closers.push(() => inspect.close())
  const desk = answerDesk({
    db,
    clock,
    inspect,
    log,
    mail,
    openApi: openAnswerApi({ db, clock }),
    sealKey: parts.sealKey,
    ownDomains: config.ownDomains,
    replyHoldSeconds: config.replyHoldSeconds,
    approvalUrl: (token) => addressOfApproval(settings, token),
  })
  const teller = makeTeller(db, log)
  closers.push(() => teller.close())
  const house: House = {
    db,
    tell: teller.tell,
    clock,
    log,
    node: newNodeId(),
    library: await loadLibrary([ownPlaybooks, ...config.playbooks]),
    parse,
    authenticate,
    openMail: makeOpenMail({ db, clock, sealKey: parts.sealKey, open: openSealed }),
    ask: sources.ask,
    people: config.people,
    answerUrl: (token) => addressOfAnswer(settings, token),
    approvalUrl: (token) => addressOfApproval(settings, token),
    ...desk.forHouse,
  }
  return { house, desk }
}

/** The way out for mail; null while none is configured. How its server is doing stands beside the doors that let mail in. */
function openMail(
  config: Settings['config'],
  parts: { readonly database: Database; readonly clock: Clock; readonly log: Logger },
) {
  const { mailOut } = config
  if (mailOut === undefined) return null
  return tellingDoor(
    makeMailDoor(mailOut, config, (id) => egressById(parts.database.db, id)),
    {
      server: `${mailOut.host}:${mailOut.port}`,
      now: () => parts.clock.now(),
      tell: reporter({ ...parts, db: parts.database.db }, 'mail-out'),
    },
  )
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}

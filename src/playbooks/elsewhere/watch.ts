import { addWantedLinks, dueLinks, noteTheirChanges } from '../../db/elsewhere.ts'
import {
  holdSystem,
  keepHolding,
  letGoOfSystem,
  listSystems,
  markPolled,
  markSystem,
  type SystemRecord,
  systemById,
} from '../../db/elsewhere-systems.ts'
import { addJob } from '../../db/jobs.ts'
import type { Db } from '../../db/open.ts'
import { systemClock } from '../../kit/clock.ts'
import { wordsOf } from '../../kit/errors.ts'
import { unseal } from '../../kit/seal.ts'
import type { TicketSystemBehind } from '../../model/elsewhere.ts'
import type { Tasks } from '../worker.ts'
import { type ElsewhereDesk, type EntryId, placeOfSystem } from './desk.ts'
import { leavingBy } from './leaving.ts'
import { syncTicket } from './sync.ts'

const watchJob = 'watch-elsewhere'
/** How late an act here is seen over there at most. A house makes some hundred a day. */
const everyMs = 5_000
/** Theirs is asked for once a minute: what vendors count as polite. */
const pollEveryMs = 60_000
/** Minutes that are asked for again at each look, so that nothing falls between two of them. */
const pollOverlapMinutes = 10
/** A house that was away for a week looks at all of it by reconciling. */
const pollMinutesMax = 7 * 24 * 60
/** A process that dies lets go of a system after this; one that lives says so three times meanwhile. */
const holdMs = 60_000
/** Tickets in one go: then it is looked whether somebody changed the settings. */
const ticketsAtOnce = 50
/** A system that does not answer: doubling, up to a quarter of an hour. */
const awayMsMin = 15_000
const awayMsMax = 15 * 60_000

/** The job: brings every system that is switched on in step, and comes again. What stops one is logged and stands on its card. */
export function elsewhereTasks(desk: ElsewhereDesk): Tasks {
  return {
    [watchJob]: async () => {
      try {
        const systems = (await listSystems(desk.db)).filter(({ enabled }) => enabled)
        await Promise.all(systems.map(({ id }) => syncSystem(desk, id)))
      } catch (error) {
        desk.log.warn({ error: wordsOf(error) }, 'tickets elsewhere could not be looked at; they are at the next turn')
      }
      await queueNext(desk.db, new Date(systemClock.now().getTime() + everyMs))
    },
  }
}

/** Called at each start: looked at soon, and from then on by itself. */
export async function scheduleElsewhere(db: Db): Promise<void> {
  await queueNext(db, systemClock.now())
}

async function queueNext(db: Db, runAt: Date): Promise<void> {
  await addJob(db, watchJob, {}, { key: watchJob, runAt })
}

/** The way to a system, with its secret opened for as long as it is used. */
export function openSystem(desk: ElsewhereDesk, system: SystemRecord): TicketSystemBehind<EntryId> {
  const secret = system.sealed === null ? '' : unseal(desk.sealKey, system.sealed, placeOfSystem(system.id))
  return desk.open(system, secret)
}

/** One turn with one system; how many tickets were looked at. Nothing while another node is at it, or it asked to be left alone. */
export async function syncSystem(desk: ElsewhereDesk, id: string): Promise<number> {
  const now = () => desk.clock.now()
  const until = () => new Date(now().getTime() + holdMs)
  if (!(await holdSystem(desk.db, id, desk.node, now(), until()))) return 0
  const holding = setInterval(() => {
    keepHolding(desk.db, id, desk.node, until()).catch((error: unknown) =>
      desk.log.warn({ error: wordsOf(error) }, 'a system could not be held'),
    )
  }, holdMs / 3)
  holding.unref()
  try {
    const system = await systemById(desk.db, id)
    if (system === null || !system.enabled || (system.notBefore !== null && system.notBefore > now())) return 0
    const api = openSystem(desk, system)
    try {
      return await turn(desk, system, api)
    } finally {
      await api.close()
    }
  } finally {
    clearInterval(holding)
    await letGoOfSystem(desk.db, id, desk.node)
  }
}

async function turn(desk: ElsewhereDesk, system: SystemRecord, api: TicketSystemBehind<EntryId>): Promise<number> {
  if (!(await poll(desk, system, api))) return 0
  await addWantedLinks(desk.db, system, ticketsAtOnce)
  const links = await dueLinks(desk.db, system.id, desk.clock.now(), ticketsAtOnce)
  for (const [seen, link] of links.entries()) {
    const on = { desk, system, api, link }
    const passed = await syncTicket({ ...on, leaving: await leavingBy(on) })
    if (passed.kind === 'away') {
      await leaveAlone(desk, system, passed.why, passed.afterMs)
      return seen
    }
  }
  if (links.length > 0) await answered(desk, system)
  return links.length
}

/** What changed over there since the last look. False: it does not answer. */
async function poll(desk: ElsewhereDesk, system: SystemRecord, api: TicketSystemBehind<EntryId>): Promise<boolean> {
  const now = desk.clock.now()
  const sinceMs = system.polledAt === null ? 0 : now.getTime() - system.polledAt.getTime()
  if (!api.reads || (system.polledAt !== null && sinceMs < pollEveryMs)) return true
  const minutes = Math.min(Math.ceil(Math.max(0, sinceMs) / 60_000) + pollOverlapMinutes, pollMinutesMax)
  const changed = await api.changed(minutes)
  if (changed.kind !== 'done') {
    await leaveAlone(desk, system, changed.why, changed.kind === 'later' ? changed.afterMs : null)
    return false
  }
  await noteTheirChanges(desk.db, system.id, changed.value)
  await markPolled(desk.db, system.id, now)
  await answered(desk, system)
  return true
}

async function leaveAlone(
  desk: ElsewhereDesk,
  system: SystemRecord,
  why: string,
  afterMs: number | null,
): Promise<void> {
  const now = desk.clock.now()
  const waitMs = afterMs ?? Math.min(awayMsMin * 2 ** Math.min(system.misses, 10), awayMsMax)
  await markSystem(desk.db, system.id, { why, notBefore: new Date(now.getTime() + waitMs), now })
  desk.log.warn({ system: system.id, why, waitMs }, 'a system of tickets does not answer')
}

async function answered(desk: ElsewhereDesk, system: SystemRecord): Promise<void> {
  await markSystem(desk.db, system.id, { why: null, notBefore: null, now: desk.clock.now() })
}

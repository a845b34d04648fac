import { addJob } from '../db/jobs.ts'
import { notifyAll } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import { escalationKey, insertEscalation, toldEscalations } from '../db/ticket-escalations.ts'
import { clearEndedDue, openTicketsAfter, type TicketRecord, ticketingOf } from '../db/tickets.ts'
import { systemClock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import { stableId } from '../kit/stable-id.ts'
import { append } from '../ledger/append.ts'
import type { Ticketing, Told } from '../model/ticket.ts'
import { calendars, type TicketClock } from '../triage/ticket-clocks.ts'
import type { House } from './house.ts'
import { clocksOf, keepDue, type Member, members, peopleOf } from './tickets.ts'
import type { Tasks } from './worker.ts'

type Desk = Pick<House, 'db' | 'clock' | 'cannotMail' | 'mailNotice'>

const watchJob = 'watch-clocks'
/** How late the news of a clock that ran out may be, and how old the order of a list. */
const everyMs = 30_000

/** The job: looks, and looks again. What stops it is logged, and it looks at the next turn. */
export function clockTasks(house: Desk & Pick<House, 'log'>): Tasks {
  return {
    [watchJob]: async () => {
      try {
        await watchClocks(house)
      } catch (error) {
        house.log.warn(
          { error: wordsOf(error) },
          'the clocks of tickets could not be looked at; they are at the next turn',
        )
      }
      await queueNext(house.db, new Date(systemClock.now().getTime() + everyMs))
    },
  }
}

/** Called at each start: the clocks are looked at soon, and from then on by themselves. */
export async function scheduleClocks(db: Db): Promise<void> {
  await queueNext(db, systemClock.now())
}

/** Jobs begin by the database's clock, whatever time the house is told it is. */
async function queueNext(db: Db, runAt: Date): Promise<void> {
  await addJob(db, watchJob, {}, { key: watchJob, runAt })
}

/** Tickets looked at in one go. */
const pieceRows = 500

/**
 * Looks at every open ticket: keeps when its clocks run out, and tells who is to be told of those that did. Safe to be killed anywhere and
 * to be run by several nodes: each is told once, by the row that says so. How many were told.
 */
export async function watchClocks(house: Desk): Promise<number> {
  const { rules } = await ticketingOf(house.db)
  const calendar = calendars()
  let told = 0
  for (let after: string | null = null; ; ) {
    const piece: TicketRecord[] = await openTicketsAfter(house.db, after, pieceRows)
    const now = house.clock.now()
    const looked = piece.map((ticket) => ({ ticket, clocks: clocksOf(ticket, rules, calendar, now) }))
    await keepDue(house.db, ...looked.map(({ ticket, clocks }) => [ticket.alertId, clocks] as const))
    // Most were told of long ago: asked once for all, and not by a transaction for each.
    const before = await toldEscalations(
      house.db,
      looked.flatMap(({ ticket, clocks }) => (clocks.some(({ state }) => state === 'overdue') ? [ticket.alertId] : [])),
    )
    for (const { ticket, clocks } of looked) {
      for (const clock of clocks)
        if (clock.state === 'overdue') told += await escalate(house, { ticket, clock, rules, now, before })
    }
    after = piece.at(-1)?.alertId ?? null
    if (piece.length < pieceRows || after === null) break
  }
  await clearEndedDue(house.db)
  return told
}

const clockWords: Readonly<Record<TicketClock['clock'], string>> = {
  acknowledge: 'nobody has taken it up',
  decide: 'it is not decided',
  notify: 'the provider told us late',
  answer: 'the provider has not answered',
}

type Late = {
  readonly ticket: TicketRecord
  readonly clock: TicketClock
  readonly rules: Ticketing
  readonly now: Date
  /** Of what somebody was told before, as far as is known; the row decides. */
  readonly before: ReadonlySet<string>
}

/** Tells the levels whose time has come, each once for each time the clock came due. Sample data tells nobody. */
async function escalate(house: Desk, { ticket, clock, rules, now, before }: Late): Promise<number> {
  const { dueAt } = clock
  if (dueAt === null || ticket.sample) return 0
  let told = 0
  for (const [level, step] of rules.escalations.entries()) {
    if (now.getTime() < dueAt + step.afterMinutes * 60_000) continue
    const due = { alertId: ticket.alertId, clock: clock.clock, dueAt: new Date(dueAt), level }
    if (before.has(escalationKey(due))) continue
    told += await transaction(house.db, async (tx) => {
      const everybody = await members(tx)
      const people = [...new Set(step.tell.flatMap((who) => toldBy(who, ticket, rules, everybody)))]
      if (!(await insertEscalation(tx, { ...due, at: now, told: people.map(({ name }) => name) }))) return 0
      const reachable = people.filter(({ email }) => house.cannotMail([email]) === null)
      if (reachable.length > 0)
        await house.mailNotice(tx, {
          id: stableId('escalation', ticket.alertId, clock.clock, new Date(dueAt).toISOString(), String(level)),
          ...{ kind: 'notify', to: reachable.map(({ email }) => email), about: { alertId: ticket.alertId } },
          subject: `T-${ticket.number}: ${clockWords[clock.clock]}`,
          text: `Ticket T-${ticket.number} (${ticket.severity}): ${ticket.title}\n\nTime ran out at ${new Date(dueAt).toISOString()}: ${clockWords[clock.clock]}.\n`,
        })
      const body = {
        clock: clock.clock,
        dueAt: new Date(dueAt).toISOString(),
        level,
        told: people.map(({ id }) => id),
        mailed: reachable.length,
      }
      await append(
        tx,
        { kind: 'ticket.escalated', actor: 'system', subject: `alert:${ticket.alertId}`, body },
        house.clock,
      )
      await notifyAll(tx, [`alert:${ticket.alertId}`, 'queue'])
      return 1
    })
  }
  return told
}

function toldBy(who: Told, ticket: TicketRecord, rules: Ticketing, everybody: readonly Member[]): Member[] {
  if (who === 'owner') return everybody.filter(({ id }) => id === ticket.owner?.id)
  const duty = rules.types[ticket.type]
  return peopleOf(who === 'accountable' ? [duty.accountable] : duty[who], everybody)
}

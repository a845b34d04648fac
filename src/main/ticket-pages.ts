import type { ClockView, TicketPage, TicketQuery, TicketRow } from '../contract/tickets.ts'
import { ticketRowsMax } from '../contract/tickets.ts'
import { providerNames } from '../db/desk-front.ts'
import type { Db } from '../db/open.ts'
import { historyOfTicket, partsOfTicket } from '../db/ticket-parts.ts'
import { countOpenTickets, listTickets, type TicketRecord, ticketingOf, ticketOf } from '../db/tickets.ts'
import { namesOfActors } from '../db/users.ts'
import type { Clock } from '../kit/clock.ts'
import { Outcome } from '../model/triage.ts'
import { clocksOf, members } from '../playbooks/tickets.ts'
import { calendars, type TicketClock } from '../triage/ticket-clocks.ts'

type Desk = { readonly db: Db; readonly clock: Clock }

const iso = (ms: number): string => new Date(ms).toISOString()
const isoMaybe = (ms: number | null): string | null => (ms === null ? null : iso(ms))

const clockView = ({ dueAt, ...clock }: TicketClock): ClockView => ({ ...clock, dueAt: isoMaybe(dueAt) })

function rowOf(ticket: TicketRecord, clocks: readonly TicketClock[], names: ReadonlyMap<string, string>): TicketRow {
  return {
    alertId: ticket.alertId,
    number: ticket.number,
    type: ticket.type,
    state: ticket.state,
    title: ticket.title,
    providerName: names.get(ticket.providerId) ?? ticket.providerId,
    theirs: ticket.theirs,
    severity: ticket.severity,
    owner: ticket.owner,
    outcome: ticket.outcome === null ? null : Outcome.parse(ticket.outcome),
    receivedAt: iso(ticket.receivedAt),
    clocks: clocks.map(clockView),
    tasks: ticket.tasks,
    comments: ticket.comments,
    sample: ticket.sample,
  }
}

async function namesOfProviders(db: Db): Promise<ReadonlyMap<string, string>> {
  return new Map((await providerNames(db)).map(({ id, name }) => [id, name]))
}

/** Tickets as their page lists them. */
export async function ticketList(
  { db, clock }: Desk,
  query: TicketQuery,
  me: string,
): Promise<{ rows: TicketRow[]; more: boolean; open: number }> {
  const [tickets, open, { rules }, names] = await Promise.all([
    listTickets(db, query, me),
    countOpenTickets(db),
    ticketingOf(db),
    namesOfProviders(db),
  ])
  const [calendar, now] = [calendars(), clock.now()]
  const rows = tickets
    .slice(0, ticketRowsMax)
    .map((ticket) => rowOf(ticket, clocksOf(ticket, rules, calendar, now), names))
  return { rows, more: tickets.length > ticketRowsMax, open }
}

/** One ticket, whole; null when there is no such alert. */
export async function ticketPage({ db, clock }: Desk, alertId: string): Promise<TicketPage | null> {
  const ticket = await ticketOf(db, alertId)
  if (ticket === null) return null
  const [{ rules }, parts, everybody, providers] = await Promise.all([
    ticketingOf(db),
    partsOfTicket(db, alertId),
    members(db),
    namesOfProviders(db),
  ])
  const actors = [ticket.acknowledgedBy, ticket.closedBy]
  const name = await namesOfActors(db, [
    ...actors,
    ...parts.tasks.map(({ done_by }) => done_by),
    ...[...parts.comments, ...parts.files].map(({ by }) => by),
  ])
  const nameById = new Map(everybody.map((one) => [one.id, one.name]))
  const nameByEmail = new Map(everybody.map((one) => [one.email, one.name]))
  const party = (one: string): string =>
    one.startsWith('role:') ? `any ${one.slice('role:'.length)}` : (nameByEmail.get(one.toLowerCase()) ?? one)
  const duty = rules.types[ticket.type]
  return {
    ...rowOf(ticket, clocksOf(ticket, rules, calendars(), clock.now()), providers),
    acknowledged:
      ticket.acknowledgedAt === null ? null : { at: iso(ticket.acknowledgedAt), by: name(ticket.acknowledgedBy) },
    closed:
      ticket.closedAt === null || ticket.state !== 'closed'
        ? null
        : { at: iso(ticket.closedAt), by: name(ticket.closedBy), note: ticket.closeNote ?? '' },
    mergedInto: ticket.mergedInto,
    parties: {
      responsible: duty.responsible.map(party),
      accountable: party(duty.accountable),
      consulted: duty.consulted.map(party),
      informed: duty.informed.map(party),
    },
    taskList: parts.tasks.map((task) => ({
      id: task.id,
      title: task.title,
      owner: task.owner === null ? null : { id: task.owner, name: task.owner_name ?? '' },
      dueAt: task.due_at,
      doneAt: task.done_at,
      doneBy: task.done_by === null ? null : name(task.done_by),
    })),
    commentList: parts.comments.map((one) => ({
      ...one,
      by: name(one.by),
      mentions: one.mentions.flatMap((id) => nameById.get(id) ?? []),
    })),
    files: parts.files.map((file) => ({ ...file, by: name(file.by) })),
    references: parts.references,
    escalations: parts.escalations,
    history: await historyOfTicket(db, alertId),
  }
}

import { randomUUID } from 'node:crypto'
import { parse, stringify } from 'yaml'
import { assignable, setAssignee } from '../db/alert-queue.ts'
import { lockAlert } from '../db/alerts.ts'
import { notifyAll } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import { saveSetting } from '../db/settings.ts'
import {
  changeTask,
  countFiles,
  insertComment,
  insertFile,
  insertTask,
  type Reference,
  setReferences,
  taskTitles,
} from '../db/ticket-parts.ts'
import { saveDue, setClosed, setReopened, setType, type TicketRecord, ticketingOf, ticketOf } from '../db/tickets.ts'
import { listUsers } from '../db/users.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { stableId } from '../kit/stable-id.ts'
import { append } from '../ledger/append.ts'
import { filesMax, type Responsibility, type TaskChange, Ticketing, type TicketType } from '../model/ticket.ts'
import type { Role } from '../model/user.ts'
import { type Calendars, calendars, mostUrgent, type TicketClock, ticketClocks } from '../triage/ticket-clocks.ts'
import { awayAmong, isCalled } from './away.ts'
import type { House } from './house.ts'

type Desk = Pick<House, 'db' | 'clock'>

/** The kind of work, by the playbook that started for it. */
const typeOfPlaybook: Readonly<Record<string, TicketType>> = {
  'phishing-report': 'phishing-report',
  'malware-on-host': 'malware',
  'suspicious-sign-in': 'sign-in',
  'vulnerability-exploited': 'vulnerability',
  'data-leaving': 'data-leaving',
  'lost-device': 'lost-device',
}

/** What kind of work a playbook is for. */
export const ticketTypeOf = (playbookId: string | null, own = false): TicketType =>
  typeOfPlaybook[playbookId ?? ''] ?? (own ? 'own-detection' : 'provider-alert')

export type Member = { readonly id: string; readonly email: string; readonly name: string; readonly role: string }

/** Who works here. A provider's analyst or the owner of a machine has an account too, and learns nothing of a ticket. */
const deskRoles: ReadonlySet<Role> = new Set(['administrator', 'lead', 'analyst', 'approver', 'auditor'])

export async function members(db: Db): Promise<Member[]> {
  return (await listUsers(db)).filter(({ user }) => !user.disabled && deskRoles.has(user.role)).map(({ user }) => user)
}

/** Who is meant, as people: a mail address is one, a role is everybody who has it. */
export function peopleOf(parties: readonly string[], everybody: readonly Member[]): Member[] {
  return everybody.filter(({ email, role }) =>
    parties.some((party) => party.toLowerCase() === email || party === `role:${role}`),
  )
}

/** Somebody who is not away; who is away is stood in for by the deputy whom the calendar or the people list names, where that is one of us. */
async function standIn(db: Db, person: Member, everybody: readonly Member[], now: Date): Promise<Member | null> {
  const away = (await awayAmong(db, [person], now)).get(person.id)
  return away === undefined ? person : (everybody.find((one) => isCalled(one, away.deputy)) ?? null)
}

/**
 * Gives a new alert's ticket its type, its tasks and, where the matrix names a person, its owner. In the transaction that opened the
 * alert. Giving it to somebody is no act of a person: the clock to the first one runs on.
 */
export async function fileTicket(
  house: Pick<House, 'clock'>,
  tx: Db,
  fresh: { readonly alertId: string; readonly playbookId: string | null; readonly own: boolean },
): Promise<void> {
  const type = ticketTypeOf(fresh.playbookId, fresh.own)
  const { rules } = await ticketingOf(tx)
  const duty = rules.types[type]
  if (type !== 'provider-alert') await setType(tx, fresh.alertId, type)
  const ticket = await ticketOf(tx, fresh.alertId)
  if (ticket !== null) await keepDue(tx, [fresh.alertId, clocksOf(ticket, rules, calendars(), house.clock.now())])
  await addTasks(house, tx, fresh.alertId, duty, 'system')
  const named = duty.responsible.filter((party) => !party.startsWith('role:'))
  if (named.length === 0) return
  const [everybody, workers] = [await members(tx), new Set((await assignable(tx)).map(({ id }) => id))]
  for (const person of peopleOf(named, everybody)) {
    const owner = await standIn(tx, person, everybody, house.clock.now())
    if (owner === null || !workers.has(owner.id)) continue
    await setAssignee(tx, [fresh.alertId], owner.id)
    const body = { assignee: owner.id, from: null, by: 'responsibility matrix', type }
    await append(tx, { kind: 'alert.assigned', actor: 'system', subject: `alert:${fresh.alertId}`, body }, house.clock)
    return
  }
}

async function addTasks(
  house: Pick<House, 'clock'>,
  tx: Db,
  alertId: string,
  duty: Responsibility,
  by: string,
): Promise<void> {
  const there = await taskTitles(tx, alertId)
  for (const title of duty.tasks) {
    if (there.has(title)) continue
    await insertTask(tx, { id: randomUUID(), alertId, title, owner: null, dueAt: null, by, at: house.clock.now() })
  }
}

/** One act on a ticket: the change, its line in the ledger and the news of it, in one transaction that holds the alert. */
async function act<T>(
  house: Desk,
  on: { readonly alertId: string; readonly by: string },
  what: (
    tx: Db,
    at: Date,
  ) => Promise<{
    readonly kind: 'ticket.changed' | 'ticket.commented' | 'ticket.task' | 'ticket.file'
    readonly body: Record<string, unknown>
    readonly value: T
  }>,
): Promise<T> {
  return transaction(house.db, async (tx) => {
    if (!(await lockAlert(tx, on.alertId))) throw new Trouble('not.found', { alertId: on.alertId })
    const { kind, body, value } = await what(tx, house.clock.now())
    await append(tx, { kind, actor: on.by, subject: `alert:${on.alertId}`, body }, house.clock)
    await notifyAll(tx, [`alert:${on.alertId}`, 'queue'])
    return value
  })
}

type On = { readonly alertId: string; readonly by: string }

/** Takes a ticket up, closes it or opens it again. Throws Trouble('state.conflict') for what its state does not allow, with the reason. */
export async function moveTicket(
  house: Desk,
  { to, note, ...on }: On & { readonly to: 'acknowledged' | 'closed' | 'reopened'; readonly note: string },
): Promise<void> {
  await act(house, on, async (tx, at) => {
    const ticket = await ticketOf(tx, on.alertId)
    const state = ticket?.state ?? 'new'
    const refuse = (why: string): never => {
      throw new Trouble('state.conflict', { fields: { ticket: why } })
    }
    if (to === 'closed') {
      if (state === 'closed') refuse('It is closed already.')
      if (ticket?.outcome == null || (state !== 'resolved' && state !== 'in-progress'))
        refuse('Decide the alert first, and let its answer go out.')
      await setClosed(tx, on.alertId, { by: on.by, at, note })
    }
    if (to === 'reopened') {
      if (state !== 'closed' && state !== 'resolved') refuse('It is open.')
      if (note === '') throw new Trouble('input.invalid', { fields: { note: 'Say why it is opened again' } })
      await setReopened(tx, on.alertId, at)
    }
    return { kind: 'ticket.changed', body: { to, note, from: state }, value: undefined }
  })
}

export async function changeType(house: Desk, { type, ...on }: On & { readonly type: TicketType }): Promise<void> {
  await act(house, on, async (tx) => {
    const before = (await ticketOf(tx, on.alertId))?.type ?? null
    await setType(tx, on.alertId, type)
    await addTasks(house, tx, on.alertId, (await ticketingOf(tx)).rules.types[type], on.by)
    return { kind: 'ticket.changed', body: { type, from: before }, value: undefined }
  })
}

/** "@kari" or "@kari@example.com" at the beginning of a word. */
const mention = /(?<![\w@.])@([\p{L}\p{N}._+-]{1,64}(?:@[\p{L}\p{N}.-]{1,253})?)/gu

/** Who is named in a text: by mail address, by the part before its @, or by the first or whole name written together. */
function mentionsIn(text: string, everybody: readonly Member[]): Member[] {
  const said = new Set([...text.matchAll(mention)].map(([, name]) => (name ?? '').toLowerCase().replace(/[.]+$/, '')))
  return everybody.filter(({ email, name }) => {
    const words = name.toLowerCase().split(/\s+/)
    return [email, email.split('@')[0] ?? '', words[0] ?? '', words.join('.'), words.join('')].some((one) =>
      said.has(one),
    )
  })
}

/** Writes a comment and tells those it names. Where no mail can go they still find it on the ticket; the names of who is told come back. */
export async function comment(
  house: Desk & Pick<House, 'cannotMail' | 'mailNotice'>,
  { text, ...on }: On & { readonly text: string },
): Promise<{ id: string; mentions: string[] }> {
  const id = randomUUID()
  return act(house, on, async (tx, at) => {
    const named = mentionsIn(text, await members(tx))
    await insertComment(tx, { id, alertId: on.alertId, by: on.by, at, text, mentions: named.map((one) => one.id) })
    const ticket = await ticketOf(tx, on.alertId)
    const told = named.filter(({ id: who, email }) => `user:${who}` !== on.by && house.cannotMail([email]) === null)
    for (const { email, id: who } of told)
      await house.mailNotice(tx, {
        ...{ id: stableId('mention', id, who), kind: 'notify', to: [email], about: { alertId: on.alertId } },
        subject: `You are named on T-${ticket?.number}`,
        text: `You are named in a comment on ticket T-${ticket?.number}: ${ticket?.title ?? ''}\n\n${text.slice(0, 2000)}\n`,
      })
    const body = { comment: id, sha256: sha256Hex(text), mentions: named.map((one) => one.id) }
    return { kind: 'ticket.commented', body, value: { id, mentions: named.map(({ name }) => name) } }
  })
}

export async function addTask(
  house: Desk,
  {
    title,
    owner,
    dueAt,
    ...on
  }: On & { readonly title: string; readonly owner: string | null; readonly dueAt: Date | null },
): Promise<{ id: string }> {
  const id = randomUUID()
  return act(house, on, async (tx, at) => {
    await checkOwner(tx, owner)
    await insertTask(tx, { id, alertId: on.alertId, title, owner, dueAt, by: on.by, at })
    return { kind: 'ticket.task', body: { task: id, title, act: 'added', owner }, value: { id } }
  })
}

async function checkOwner(tx: Db, owner: string | null | undefined): Promise<void> {
  if (owner == null || (await members(tx)).some(({ id }) => id === owner)) return
  throw new Trouble('input.invalid', { fields: { owner: 'Nobody of this name is here' } })
}

export async function editTask(
  house: Desk,
  { task, change, ...on }: On & { readonly task: string; readonly change: TaskChange },
): Promise<void> {
  await act(house, on, async (tx, at) => {
    await checkOwner(tx, change.owner)
    const title = await changeTask(
      tx,
      { id: task, alertId: on.alertId },
      {
        ...(change.done === undefined ? {} : { done: change.done ? { by: on.by, at } : null }),
        ...(change.owner === undefined ? {} : { owner: change.owner }),
        ...(change.dueAt === undefined ? {} : { dueAt: change.dueAt === null ? null : new Date(change.dueAt) }),
        ...(change.removed === undefined ? {} : { removed: { by: on.by, at } }),
      },
    )
    if (title === null) throw new Trouble('not.found', { task })
    return { kind: 'ticket.task', body: { task, title, act: 'changed', ...change }, value: undefined }
  })
}

export async function refer(
  house: Desk,
  { references, ...on }: On & { readonly references: readonly Reference[] },
): Promise<void> {
  await act(house, on, async (tx, at) => {
    await setReferences(tx, on.alertId, references, on.by, at)
    return { kind: 'ticket.changed', body: { references }, value: undefined }
  })
}

/** Puts a file beside a ticket. Throws Trouble('input.invalid') when there are as many as there may be. */
export async function addFile(
  house: Desk,
  { name, bytes, ...on }: On & { readonly name: string; readonly bytes: Uint8Array },
): Promise<{ id: string; sha256: string }> {
  const [id, sha256] = [randomUUID(), sha256Hex(bytes)]
  return act(house, on, async (tx, at) => {
    if ((await countFiles(tx, on.alertId)) >= filesMax)
      throw new Trouble('input.invalid', {
        fields: { file: `There are ${filesMax} files beside it already, which is the most` },
      })
    await insertFile(tx, { id, alertId: on.alertId, name, bytes, sha256, by: on.by, at })
    return { kind: 'ticket.file', body: { file: id, name, sha256, bytes: bytes.length }, value: { id, sha256 } }
  })
}

/** The clocks of a ticket as they stand. */
export function clocksOf(ticket: TicketRecord, rules: Ticketing, calendar: Calendars, now: Date): TicketClock[] {
  const ended = ['resolved', 'closed', 'merged'].includes(ticket.state)
  return ticketClocks({ ...ticket, ended }, rules, calendar, now.getTime())
}

/** Keeps when the clocks of each side run out, for lists that sort by it. */
export async function keepDue(
  db: Db,
  ...tickets: readonly (readonly [string, readonly TicketClock[]])[]
): Promise<void> {
  const due = tickets.map(([alertId, clocks]) => ({
    alertId,
    ours: markOf(mostUrgent(clocks, 'ours')),
    theirs: markOf(mostUrgent(clocks, 'theirs')),
  }))
  await saveDue(db, due)
}

const markOf = (clock: TicketClock | null) => ({ dueAt: clock?.dueAt ?? null, state: clock?.state ?? null })

/** The rules as YAML, as they are downloaded and uploaded. */
export function ticketingYaml(rules: Ticketing): string {
  return stringify(rules, { lineWidth: 120 })
}

/** Reads the rules out of YAML. Throws Trouble('input.invalid') with the line, or the field and what is wrong with it. */
export function ticketingOfYaml(text: string): Ticketing {
  let document: unknown
  try {
    document = parse(text, { maxAliasCount: 0 })
  } catch (error) {
    throw new Trouble(
      'input.invalid',
      { fields: { yaml: error instanceof Error ? error.message.split('\n')[0] : 'This is no YAML' } },
      error,
    )
  }
  const read = Ticketing.safeParse(document)
  if (read.success) return read.data
  const fields = read.error.issues.slice(0, 10).map(({ path, message }) => [path.join('.') || 'yaml', message])
  throw new Trouble('input.invalid', { fields: Object.fromEntries(fields) })
}

/** Keeps the rules. Throws Trouble('state.conflict') when somebody changed them since, 'input.invalid' for somebody who is not there. */
export async function changeTicketing(
  house: Desk,
  change: { readonly rules: Ticketing; readonly version: number; readonly by: string },
): Promise<number> {
  return transaction(house.db, async (tx) => {
    await tx.selectFrom('setting').select('key').where('key', '=', 'ticketing').forUpdate().execute()
    const before = await ticketingOf(tx)
    if (before.version !== change.version)
      throw new Trouble('state.conflict', {
        fields: { rules: 'Somebody changed them meanwhile: load the page again.' },
      })
    const emails = new Set((await members(tx)).map(({ email }) => email))
    for (const [type, duty] of Object.entries(change.rules.types)) {
      const unknown = [...duty.responsible, duty.accountable, ...duty.consulted, ...duty.informed].find(
        (party) => !party.startsWith('role:') && !emails.has(party.toLowerCase()),
      )
      if (unknown !== undefined)
        throw new Trouble('input.invalid', { fields: { [`types.${type}`]: `${unknown} has no account here` } })
    }
    const version = before.version + 1
    const now = house.clock.now()
    await saveSetting(tx, 'ticketing', { version, rules: change.rules }, change.by, now)
    const body = { version, sha256: sha256Hex(ticketingYaml(change.rules)) }
    await append(tx, { kind: 'ticketing.changed', actor: change.by, subject: 'settings', body }, house.clock)
    return version
  })
}

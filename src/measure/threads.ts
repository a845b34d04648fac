import type { MessageKind } from '../model/message.ts'
import type { Sides } from './sides.ts'
import type { XrayRecord } from './xray-record.ts'

/** One alert and all that was written about it. */
export type Thread = {
  readonly provider: string | null
  ticket: string | null
  /** True once a message of theirs opened or moved an alert here. */
  alert: boolean
  readonly messages: {
    readonly record: XrayRecord
    readonly kind: MessageKind
    readonly side: 'ours' | 'theirs' | 'others'
  }[]
}

export type Threads = {
  readonly threads: readonly Thread[]
  /** What each record turned out to be, now that the sides are known. */
  readonly kinds: ReadonlyMap<XrayRecord, MessageKind>
}

/** A subject joins an answer to its thread for this long when no header does. Recurring alerts have the same subject for years. */
const subjectDaysMax = 30
const dayMs = 86_400_000

type Indexes = {
  readonly byId: Map<string, Thread>
  readonly byTicket: Map<string, Thread>
  readonly bySubject: Map<string, Thread>
  readonly byEvent: Map<string, Thread>
  readonly primary: ReadonlySet<string>
}

/** Bare numbers of two providers are two tickets; "INC0012345" could be, but then nobody could tell them apart in a mailbox either. */
function ticketKey(ticket: string, provider: string | null): string {
  return /^\d+$/.test(ticket) ? `${provider ?? ''} ${ticket}` : ticket
}

function lastAt(thread: Thread): number | null {
  return thread.messages.at(-1)?.record.at ?? null
}

function byParents(record: XrayRecord, indexes: Indexes): Thread | undefined {
  for (const id of record.parents) {
    const found = indexes.byId.get(id)
    if (found !== undefined) return found
  }
  return undefined
}

function byTicket(record: XrayRecord, indexes: Indexes, providers: readonly (string | null)[]): Thread | undefined {
  const tickets = [
    ...(record.ticket === null ? [] : [record.ticket]),
    ...record.otherTickets.filter((ticket) => indexes.primary.has(ticket)),
  ]
  for (const ticket of tickets) {
    for (const provider of providers) {
      const found = indexes.byTicket.get(ticketKey(ticket, provider))
      if (found !== undefined) return found
    }
  }
  return undefined
}

function bySubject(record: XrayRecord, indexes: Indexes): Thread | undefined {
  if (record.subjectKey.length < 6) return undefined
  const found = indexes.bySubject.get(record.subjectKey)
  const last = found === undefined ? null : lastAt(found)
  if (found === undefined || last === null || record.at === null) return found
  return Math.abs(record.at - last) <= subjectDaysMax * dayMs ? found : undefined
}

/** A mail of theirs: the ticket decides; without one its thread, if it is about the same. */
function theirThread(record: XrayRecord, provider: string | null, indexes: Indexes): Thread | undefined {
  const ticketed = byTicket(record, indexes, [provider])
  if (ticketed !== undefined) return ticketed
  const parent = byParents(record, indexes)
  if (parent !== undefined && (record.ticket === null || parent.ticket === null || parent.ticket === record.ticket)) {
    const first = parent.messages[0]?.record
    // Some systems give all their alerts one References, so that a mail program stacks them: only what is the same belongs together.
    const same =
      record.kind !== 'alert' ||
      record.reply ||
      first === undefined ||
      first.subjectKey === record.subjectKey ||
      (first.ruleKey === record.ruleKey && first.entityKey === record.entityKey)
    if (same) return parent
  }
  if (record.reply || record.kind === 'update') {
    const named = bySubject(record, indexes)
    if (named !== undefined && (record.ticket === null || named.ticket === null)) return named
  }
  const event = record.ticket === null ? record.eventKey : null
  const sent = event === null ? undefined : indexes.byEvent.get(event)
  // The same moment told again within two days is the same mail sent again; later it is a clock that repeats itself.
  const last = sent === undefined ? null : lastAt(sent)
  return last === null || record.at === null || Math.abs(record.at - last) <= 2 * dayMs ? sent : undefined
}

function ourThread(record: XrayRecord, sides: Sides, indexes: Indexes): Thread | undefined {
  const addressed = [...record.to, ...record.cc, record.innerFrom].map(sides.providerOf).filter((id) => id !== null)
  const all = sides.providers.map(({ id }) => id)
  return (
    byParents(record, indexes) ??
    byTicket(record, indexes, [...new Set([...addressed, ...all, null])]) ??
    bySubject(record, indexes)
  )
}

function remember(thread: Thread, record: XrayRecord, indexes: Indexes): void {
  if (record.id !== null && !indexes.byId.has(record.id)) indexes.byId.set(record.id, thread)
  if (thread.ticket === null && record.ticket !== null) thread.ticket = record.ticket
  if (record.ticket !== null && !indexes.byTicket.has(ticketKey(record.ticket, thread.provider)))
    indexes.byTicket.set(ticketKey(record.ticket, thread.provider), thread)
  if (record.subjectKey !== '') indexes.bySubject.set(record.subjectKey, thread)
  if (record.eventKey !== null && !indexes.byEvent.has(record.eventKey)) indexes.byEvent.set(record.eventKey, thread)
}

function opened(provider: string | null): Thread {
  return { provider, ticket: null, alert: false, messages: [] }
}

/** The kind of a mail, now that it is known who wrote it. */
function settledKind(record: XrayRecord, side: 'ours' | 'theirs' | 'others', thread: Thread | undefined): MessageKind {
  if (record.kind === 'bounce' || record.kind === 'auto-reply') return record.kind
  if (side === 'ours') return 'reply'
  if (record.kind === 'reply') return thread === undefined ? 'notice' : 'update'
  // The second mail of a ticket moves it, however much of the first it repeats.
  if (record.kind === 'alert' && thread?.alert === true) return 'update'
  if (record.kind === 'unread' && thread !== undefined && side === 'theirs' && record.parents.length > 0)
    return 'update'
  return record.kind
}

/** Threads the mails of both sides, oldest first. `copies` are left out: they are counted as mails, never as alerts. */
export function threadsOf(records: readonly XrayRecord[], sides: Sides, copies: ReadonlySet<XrayRecord>): Threads {
  const kinds = new Map<XrayRecord, MessageKind>()
  const threads: Thread[] = []
  const indexes: Indexes = {
    byId: new Map(),
    byTicket: new Map(),
    bySubject: new Map(),
    byEvent: new Map(),
    primary: new Set(records.flatMap(({ ticket }) => ticket ?? [])),
  }
  const ordered = records
    .filter((record) => !copies.has(record))
    .sort((a, b) => (a.at ?? Number.POSITIVE_INFINITY) - (b.at ?? Number.POSITIVE_INFINITY))
  const carried: XrayRecord[] = []
  for (const record of ordered) {
    const side = sides.sideOf(record.from)
    const provider = sides.providerOf(record.from)
    const touches = side === 'ours' || ['alert', 'update', 'reply', 'unread'].includes(record.kind)
    let thread = !touches
      ? undefined
      : side === 'ours'
        ? ourThread(record, sides, indexes)
        : theirThread(record, provider, indexes)
    const kind = settledKind(record, side, thread)
    kinds.set(record, kind)
    const opens =
      side !== 'ours' &&
      (kind === 'alert' ||
        (record.kind === 'update' &&
          (record.ticket !== null || (record.ruleKey !== null && record.entityKey !== null))) ||
        (kind === 'update' && record.ticket !== null))
    if (thread === undefined && side === 'theirs' && opens) {
      thread = opened(provider)
      threads.push(thread)
    }
    if (thread === undefined && side === 'ours' && record.forward && record.kind === 'alert') carried.push(record)
    if (thread === undefined) continue
    if (opens && side === 'theirs') thread.alert = true
    thread.messages.push({ record, kind, side })
    remember(thread, record, indexes)
  }
  for (const record of carried) addCarried(record, sides, indexes, threads)
  for (const record of copies) kinds.set(record, settledKind(record, sides.sideOf(record.from), undefined))
  return { threads, kinds }
}

/** An alert that is in the folder only because one of us forwarded it: it counts, with the provider who wrote it. */
function addCarried(record: XrayRecord, sides: Sides, indexes: Indexes, threads: Thread[]): void {
  const provider = sides.providerOf(record.innerFrom)
  if (provider === null) return
  const there = byTicket(record, indexes, [provider]) ?? bySubject(record, indexes)
  const thread = there ?? opened(provider)
  if (there === undefined) {
    thread.alert = true
    threads.push(thread)
  }
  thread.messages.push({ record, kind: 'reply', side: 'ours' })
  remember(thread, record, indexes)
}

import { alertByTicket, changeAlert, getAlert, insertAlert, updateReading } from '../db/alerts.ts'
import { notifyAll } from '../db/live.ts'
import { insertSightings, threadOf, updateMessage } from '../db/messages.ts'
import type { Db } from '../db/open.ts'
import { cameWithMessageId } from '../db/replies.ts'
import { alertOfThread, lockThread, replyByMessageId } from '../db/threads.ts'
import { Trouble } from '../kit/errors.ts'
import { stableId } from '../kit/stable-id.ts'
import { append } from '../ledger/append.ts'
import { ownDetectionsId } from '../model/detection.ts'
import type { MessageKind } from '../model/message.ts'
import { lockWithLead, wakeSleeping } from './arrange.ts'
import type { House } from './house.ts'
import { mergeReadings } from './merge-readings.ts'
import { onAlert } from './on-alert.ts'
import type { Read } from './read-message.ts'
import { rejudge } from './rejudge.ts'
import { isCopyOf, ownCopyIn } from './replies/own-copy.ts'
import { fileTicket } from './tickets.ts'

/** Where mail goes whose provider a person has not named (released from quarantine). */
export const unknownProvider = 'unknown'

/** These touch an alert; everything else is put down for what it is and starts nothing. That also keeps two robots from answering each other. */
const touching: ReadonlySet<MessageKind> = new Set(['alert', 'update', 'reply', 'unread'])

/** Puts a message that was read in its place: opens an alert, joins one, or puts it down for what it is. In the caller's transaction, which holds the message. */
export async function placeMessage(house: House, tx: Db, read: Read): Promise<void> {
  const own = await ownReplyIn(house, tx, read)
  if (own !== null) return putDown(house, tx, read, { alertId: own.alertId, kind: own.kind })
  if (!read.authentication.accepted && read.message.releasedBy === null)
    throw new Trouble('internal', { problem: 'a message that was not accepted is placed', messageId: read.message.id })
  const { kind } = read.reading
  const providerId = read.provider?.id ?? unknownProvider
  const alertId = await alertFor(tx, providerId, read)
  if (!touching.has(kind)) return putDown(house, tx, read, { alertId, kind })
  if (alertId !== null) return join(house, tx, read, alertId)
  return open(house, tx, read, providerId)
}

/**
 * A copy of one of our replies in our own mailbox, or a report about one: it belongs to that reply's alert and never starts
 * anything. A report counts when the reply's own provider sent it, or a person let it in: anybody can write one about a Message-ID.
 */
async function ownReplyIn(
  house: House,
  tx: Db,
  { message, raw, letter, provider }: Read,
): Promise<{ alertId: string; kind: MessageKind } | null> {
  if (letter === null) return null
  const copy = await ownCopyIn(tx, raw.bytes, letter)
  if (copy !== null) {
    await house.replySeen(tx, { replyId: copy.replyId, messageId: message.id, by: { kind: 'copy' } })
    return { alertId: copy.alertId, kind: 'notice' }
  }
  if (letter.auto !== 'bounce') return null
  const report = letter.deliveryStatus
  const reply = await replyByMessageId(tx, [...(report?.about == null ? [] : [report.about]), ...threadOf(letter)])
  if (reply === null || (message.releasedBy === null && provider?.id !== reply.providerId)) return null
  const failed = report?.recipients.some((one) => one.action.toLowerCase() === 'failed') ?? false
  const says =
    report?.recipients.map((one) => `${one.address}: ${one.action} ${one.status} ${one.diagnostic}`).join('; ') ??
    letter.subject
  await house.replySeen(tx, {
    replyId: reply.replyId,
    messageId: message.id,
    by: { kind: 'delivery-report', failed, says: says.slice(0, 1000) },
  })
  return { alertId: reply.alertId, kind: 'bounce' }
}

/** The alert this message belongs to: by the provider's ticket, else by its thread. */
async function alertFor(tx: Db, providerId: string, { letter, reading }: Read): Promise<string | null> {
  const thread = letter === null ? [] : threadOf(letter)
  const root = thread[0] ?? letter?.messageId
  if (root != null) await lockThread(tx, providerId, root)
  if (reading.ticket !== null) {
    const known = await alertByTicket(tx, providerId, reading.ticket.value)
    if (known !== null) return known
  }
  return letter === null ? null : alertOfThread(tx, providerId, thread, letter.messageId)
}

type Outcome = { readonly alertId: string | null; readonly kind: MessageKind }

async function writeMessage(house: House, tx: Db, read: Read, { alertId, kind }: Outcome): Promise<void> {
  const { message, reading } = read
  await updateMessage(tx, message.id, {
    state: 'read',
    stateReason: reading.because,
    kind,
    providerId: read.provider?.id ?? (alertId === null ? null : unknownProvider),
    authentication: read.authentication,
    letter: read.letter,
    reading,
    alertId,
  })
  await append(
    tx,
    {
      kind: 'message.read',
      actor: 'system',
      subject: `message:${message.id}`,
      body: { kind, reader: reading.reader, alertId, provider: read.provider?.id ?? null },
    },
    house.clock,
  )
}

async function putDown(house: House, tx: Db, read: Read, outcome: Outcome): Promise<void> {
  await writeMessage(house, tx, read, outcome)
  await notifyAll(tx, outcome.alertId === null ? ['queue'] : [`alert:${outcome.alertId}`, 'queue'])
}

async function open(house: House, tx: Db, read: Read, providerId: string): Promise<void> {
  const { message, reading } = read
  const id = stableId('alert', message.id)
  // A reply in a thread we do not know is nothing a reader should decide about: a person looks.
  const kind = reading.kind === 'unread' || reading.kind === 'reply' ? 'unread' : 'alert'
  const fresh = {
    id,
    providerId,
    kind,
    reading,
    receivedAt: new Date(message.receivedAt),
    sample: message.sample,
  } as const
  if (!(await insertAlert(tx, fresh))) {
    // Another message with this ticket opened it between our look and our insert.
    const known = await alertByTicket(tx, providerId, reading.ticket?.value ?? '')
    if (known === null)
      throw new Trouble('internal', { problem: 'an alert is neither new nor known', messageId: message.id })
    return join(house, tx, read, known)
  }
  await writeMessage(house, tx, read, { alertId: id, kind: reading.kind })
  await insertSightings(tx, id, message.id, reading.observables)
  await append(
    tx,
    {
      kind: 'alert.opened',
      actor: `provider:${providerId}`,
      subject: `alert:${id}`,
      body: { messageId: message.id, kind, ticket: reading.ticket?.value ?? null },
    },
    house.clock,
  )
  await rejudge(house, tx, id, { full: false })
  const record = await getAlert(tx, id)
  const playbook = record === null ? null : await onAlert(house, tx, record)
  await fileTicket(house, tx, { alertId: id, playbookId: playbook?.id ?? null, own: providerId === ownDetectionsId })
  await notifyAll(tx, [`alert:${id}`, 'queue'])
}

async function join(house: House, tx: Db, read: Read, alertId: string): Promise<void> {
  const { message, reading } = read
  const { leadId } = await lockWithLead(tx, alertId)
  const record = await getAlert(tx, alertId)
  if (record === null) throw new Trouble('internal', { problem: 'the alert to join is gone', alertId })
  const { alert } = record
  await writeMessage(house, tx, read, { alertId, kind: reading.kind })
  await insertSightings(tx, alertId, message.id, reading.observables)
  const again = await cameBefore(tx, alertId, read)
  const isNews = reading.kind !== 'unread' && !again
  const merged = isNews ? mergeReadings(alert.reading, reading) : alert.reading
  // A closed alert that is raised again, or asked about, is open again; a "thank you" leaves it closed, and so does the same mail once more.
  const reopened = alert.state === 'closed' && !again && (reading.kind === 'alert' || reading.question !== null)
  await updateReading(tx, alertId, await withFreeTicket(tx, alert.providerId, alertId, merged), {
    kind: alert.kind === 'unread' && (reading.kind === 'alert' || reading.kind === 'update') ? 'alert' : alert.kind,
    state: reopened ? 'open' : alert.state,
  })
  await append(
    tx,
    {
      kind: 'alert.joined',
      actor: `provider:${alert.providerId}`,
      subject: `alert:${alertId}`,
      body: { messageId: message.id, kind: reading.kind, reopened, again },
    },
    house.clock,
  )
  await rejudge(house, tx, alertId, { full: false })
  if (!again) await wakeSleeping(house, tx, alertId, 'reply')
  if (!again && leadId !== alertId) await reachLead(house, tx, { leadId, alertId, messageId: message.id, reading })
  await notifyAll(tx, [`alert:${alertId}`, `alert:${leadId}`, 'queue'])
}

/**
 * What comes to an alert that was merged is for the one that is worked in its place: that wakes, and is open again where the alert itself
 * would be.
 */
async function reachLead(
  house: House,
  tx: Db,
  came: {
    readonly leadId: string
    readonly alertId: string
    readonly messageId: string
    readonly reading: Read['reading']
  },
): Promise<void> {
  const { leadId, alertId, messageId, reading } = came
  await wakeSleeping(house, tx, leadId, 'reply')
  const lead = await getAlert(tx, leadId)
  if (lead?.alert.state !== 'closed' || (reading.kind !== 'alert' && reading.question === null)) return
  await changeAlert(tx, leadId, lead.version, { state: 'open' })
  const body = { messageId, mergedAlertId: alertId }
  await append(
    tx,
    { kind: 'alert.reopened', actor: `provider:${lead.alert.providerId}`, subject: `alert:${leadId}`, body },
    house.clock,
  )
}

/**
 * True for a mail that this alert has already, with other header fields on top: through a second door, or sent again by somebody
 * who holds it (its signature still covers it). It says nothing new, and must not bring an older word back.
 */
async function cameBefore(tx: Db, alertId: string, { message, raw, letter }: Read): Promise<boolean> {
  if (letter?.messageId == null) return false
  const earlier = await cameWithMessageId(tx, letter.messageId, { alertId, besides: message.id })
  return earlier.some((bytes) => isCopyOf(raw.bytes, bytes))
}

/** A ticket learned from a later message may already be another alert's: then this one stays without. */
async function withFreeTicket(
  tx: Db,
  providerId: string,
  alertId: string,
  reading: Read['reading'],
): Promise<Read['reading']> {
  if (reading.ticket === null) return reading
  const holder = await alertByTicket(tx, providerId, reading.ticket.value)
  return holder === null || holder === alertId ? reading : { ...reading, ticket: null }
}

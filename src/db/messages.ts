import { type Selectable, sql } from 'kysely'
import type { z } from 'zod'
import { Reading } from '../model/alert.ts'
import { Letter } from '../model/letter.ts'
import { Authentication, type Channel, type MessageKind, type MessageState, type Raw } from '../model/message.ts'
import type { Sighting } from '../model/observable.ts'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { MessageTable } from './tables/messages.ts'

/** A message as the record keeps it, without its bytes. What was parsed is null until it was read. */
export type Message = {
  readonly id: string
  readonly sizeBytes: number
  readonly form: 'mail' | 'json'
  readonly channel: Channel
  readonly origin: string
  readonly sourceAddress: string | null
  readonly heloName: string | null
  readonly envelopeFrom: string | null
  readonly envelopeTo: readonly string[]
  readonly doorProviderId: string | null
  readonly receivedAt: string
  readonly state: MessageState
  readonly stateReason: string
  readonly kind: MessageKind | null
  readonly providerId: string | null
  readonly authentication: Authentication | null
  readonly letter: Letter | null
  readonly messageIdHeader: string | null
  readonly fromAddress: string | null
  readonly subject: string | null
  readonly reading: Reading | null
  readonly alertId: string | null
  readonly releasedBy: string | null
  readonly releasedAt: string | null
  readonly sample: boolean
}

/** Puts the bytes down. False when these very bytes are here already; then nothing is written. */
export async function insertMessage(tx: Db, id: string, raw: Raw, receivedAt: Date, sample: boolean): Promise<boolean> {
  const result = await tx
    .insertInto('message')
    .values({
      id,
      bytes: Buffer.from(raw.bytes.buffer, raw.bytes.byteOffset, raw.bytes.byteLength),
      form: raw.form,
      channel: raw.channel,
      origin: plainText(raw.origin),
      source_address: raw.sourceAddress,
      helo_name: raw.heloName === null ? null : plainText(raw.heloName),
      envelope_from: raw.envelopeFrom === null ? null : plainText(raw.envelopeFrom),
      envelope_to: raw.envelopeTo.map(plainText),
      door_provider_id: raw.providerId,
      received_at: receivedAt,
      sample,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** The same bytes came once more: recognised, never lost. */
export async function insertMessageAgain(tx: Db, id: string, raw: Raw, receivedAt: Date): Promise<void> {
  await tx
    .insertInto('message_again')
    .values({
      message_id: id,
      received_at: receivedAt,
      channel: raw.channel,
      origin: plainText(raw.origin),
      source_address: raw.sourceAddress,
    })
    .execute()
}

const columns = [
  'id',
  'size_bytes',
  'form',
  'channel',
  'origin',
  'source_address',
  'helo_name',
  'envelope_from',
  'envelope_to',
  'door_provider_id',
  'received_at',
  'state',
  'state_reason',
  'kind',
  'provider_id',
  'message_id_header',
  'from_address',
  'subject',
  'alert_id',
  'released_by',
  'released_at',
  'sample',
] as const
type Line = Pick<Selectable<MessageTable>, (typeof columns)[number]>

function lineOf(row: Line): Omit<Message, 'authentication' | 'letter' | 'reading'> {
  return {
    id: row.id,
    sizeBytes: row.size_bytes,
    form: row.form,
    channel: row.channel as Channel,
    origin: row.origin,
    sourceAddress: row.source_address,
    heloName: row.helo_name,
    envelopeFrom: row.envelope_from,
    envelopeTo: row.envelope_to,
    doorProviderId: row.door_provider_id,
    receivedAt: iso(row.received_at),
    state: row.state as MessageState,
    stateReason: row.state_reason,
    kind: row.kind as MessageKind | null,
    providerId: row.provider_id,
    messageIdHeader: row.message_id_header,
    fromAddress: row.from_address,
    subject: row.subject,
    alertId: row.alert_id,
    releasedBy: row.released_by,
    releasedAt: isoOrNull(row.released_at),
    sample: row.sample,
  }
}

function parsedOrNull<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> | null {
  return value === null ? null : schema.parse(value)
}

/** One message by its digest; null when there is none. `lock` holds it against a second reader until the transaction ends. */
export async function getMessage(
  db: Db,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<Message | null> {
  let query = db
    .selectFrom('message')
    .select([...columns, 'authentication', 'letter', 'reading'])
    .where('id', '=', id)
  if (options.lock === true) query = query.forNoKeyUpdate()
  const row = await query.executeTakeFirst()
  if (row === undefined) return null
  return {
    ...lineOf(row),
    authentication: parsedOrNull(Authentication, row.authentication),
    letter: parsedOrNull(Letter, row.letter),
    reading: parsedOrNull(Reading, row.reading),
  }
}

/** The bytes as they came; null when there is no such message. */
export async function messageBytes(db: Db, id: string): Promise<Buffer | null> {
  const row = await db.selectFrom('message').select('bytes').where('id', '=', id).executeTakeFirst()
  return row?.bytes ?? null
}

/** What the door knew of a message, with its bytes, as it was handed to `receive`. */
export async function rawOf(db: Db, id: string): Promise<Raw | null> {
  const row = await db
    .selectFrom('message')
    .select([...columns, 'bytes'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) return null
  return {
    bytes: row.bytes,
    form: row.form,
    channel: row.channel as Channel,
    sourceAddress: row.source_address,
    heloName: row.helo_name,
    envelopeFrom: row.envelope_from,
    envelopeTo: row.envelope_to,
    providerId: row.door_provider_id,
    origin: row.origin,
  }
}

export type MessageResult = {
  readonly state: MessageState
  readonly stateReason: string
  readonly kind: MessageKind | null
  readonly providerId: string | null
  readonly authentication: Authentication | null
  readonly letter: Letter | null
  readonly reading: Reading | null
  readonly alertId: string | null
}

/** Writes down what a message turned out to be. */
export async function updateMessage(tx: Db, id: string, result: MessageResult): Promise<void> {
  const { letter } = result
  await tx
    .updateTable('message')
    .set({
      state: result.state,
      state_reason: plainText(result.stateReason),
      kind: result.kind,
      provider_id: result.providerId,
      authentication: result.authentication === null ? null : jsonb(result.authentication),
      letter: letter === null ? null : jsonb(letter),
      message_id_header: letter?.messageId == null ? null : plainText(letter.messageId),
      in_reply_to: letter?.inReplyTo == null ? null : plainText(letter.inReplyTo),
      thread_ids: letter === null ? [] : threadOf(letter).map(plainText),
      from_address: letter?.from == null ? null : plainText(letter.from.address),
      subject: letter === null ? null : plainText(letter.subject),
      reading: result.reading === null ? null : jsonb(result.reading),
      alert_id: result.alertId,
    })
    .where('id', '=', id)
    .execute()
}

/** More references than this belong to no conversation; RFC 5322 sets no limit. */
const threadIdsMax = 100

/** Message-IDs this mail says it answers, the nearest last. */
export function threadOf(letter: Letter): readonly string[] {
  const ids = [...letter.references.slice(-threadIdsMax), ...(letter.inReplyTo === null ? [] : [letter.inReplyTo])]
  return [...new Set(ids)]
}

/** A person let a quarantined message in, and said whose it is, or that it is nobody's we know. False when it is not in quarantine (any more). */
export async function markReleased(
  tx: Db,
  id: string,
  release: { readonly by: string; readonly at: Date; readonly providerId: string | null },
): Promise<boolean> {
  const result = await tx
    .updateTable('message')
    .set({
      state: 'received',
      state_reason: '',
      released_by: release.by,
      released_at: release.at,
      provider_id: release.providerId,
    })
    .where('id', '=', id)
    .where('state', '=', 'quarantined')
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

export type MessageCounts = {
  /** Messages kept, and how often the same bytes came again. `in` is the sum over `states`. */
  readonly in: number
  readonly again: number
  readonly states: Readonly<Record<string, number>>
  readonly kinds: Readonly<Record<string, number>>
  /** Read, and of kind alert, update, reply or unread, but in no alert: must be 0. */
  readonly lost: number
}

/** The numbers for "mailbox 41 = queue 38 + known 3". */
export async function countMessages(db: Db): Promise<MessageCounts> {
  const rows = await db
    .selectFrom('message')
    .select([
      'state',
      'kind',
      sql<number>`count(*)::int`.as('n'),
      sql<number>`(count(*) filter (where alert_id is null))::int`.as('loose'),
    ])
    .groupBy(['state', 'kind'])
    .execute()
  const again = await db
    .selectFrom('message_again')
    .select(sql<number>`count(*)::int`.as('n'))
    .executeTakeFirstOrThrow()
  const states: Record<string, number> = {}
  const kinds: Record<string, number> = {}
  let all = 0
  let lost = 0
  for (const row of rows) {
    all += row.n
    states[row.state] = (states[row.state] ?? 0) + row.n
    if (row.kind !== null) kinds[row.kind] = (kinds[row.kind] ?? 0) + row.n
    if (row.state === 'read' && ['alert', 'update', 'reply', 'unread'].includes(row.kind ?? 'unread')) lost += row.loose
  }
  return { in: all, again: again.n, states, kinds, lost }
}

/** Where the observables of a message stand; a second reading of the same message writes nothing twice. */
export async function insertSightings(
  tx: Db,
  alertId: string,
  messageId: string,
  sightings: readonly Sighting[],
): Promise<void> {
  if (sightings.length === 0) return
  await sql`
    insert into sighting (alert_id, message_id, type, value, part, span_start, span_end, text)
    select ${alertId}::uuid, ${messageId}, * from unnest(
      ${sightings.map((s) => s.type)}::text[], ${sightings.map((s) => plainText(s.value))}::text[], ${sightings.map((s) => s.part)}::text[],
      ${sightings.map((s) => s.start)}::int[], ${sightings.map((s) => s.end)}::int[], ${sightings.map((s) => plainText(s.text))}::text[])
    where not exists (select 1 from sighting where message_id = ${messageId})`.execute(tx)
}

export type SightingLine = Sighting & { readonly messageId: string }

/** Every sighting of an alert, in the order of its messages' parts. */
export async function sightingsOf(db: Db, alertId: string): Promise<readonly SightingLine[]> {
  const rows = await db
    .selectFrom('sighting')
    .selectAll()
    .where('alert_id', '=', alertId)
    .orderBy('message_id')
    .orderBy('part')
    .orderBy('span_start')
    .execute()
  return rows.map((row) => ({
    messageId: row.message_id,
    type: row.type as Sighting['type'],
    value: row.value,
    part: row.part,
    start: row.span_start,
    end: row.span_end,
    text: row.text,
  }))
}

import type { Selectable } from 'kysely'
import { z } from 'zod'
import { MailProtection } from '../model/mail-key.ts'
import { Reply, type ReplyState, SensitiveSpan } from '../model/reply.ts'
import { followReply } from './egress.ts'
import { iso, isoOrNull, jsonb, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import type { ReplyTable } from './tables/replies.ts'

/** A reply with what only the work room needs of its row. */
export type ReplyRecord = {
  readonly reply: Reply
  readonly providerId: string
  readonly decisionId: string | null
  /** The machine-readable part as drafted; parse it with triage/exchange.ts. */
  readonly machine: unknown
  /** Exactly what leaves; null until it was released. */
  readonly bytes: Buffer | null
  /** What their reader sees of them, where they are signed or encrypted. */
  readonly clear: KeptClear | null
  readonly createdAt: string
  /** A draft that one person released, and that waits for a second: who and when, and why one is not enough. */
  readonly first: { readonly by: string; readonly at: string; readonly because: readonly string[] } | null
  /** The playbook that drafted it asks for two. */
  readonly twoByPlaybook: boolean
}

export type NewReply = {
  readonly id: string
  readonly alertId: string
  readonly providerId: string
  readonly decisionId: string
  readonly text: string
  readonly spans: readonly SensitiveSpan[]
  readonly machine: unknown
  readonly to: readonly string[]
  readonly subject: string
  readonly messageId: string
  readonly inReplyTo: string | null
  readonly references: readonly string[]
  readonly twoByPlaybook: boolean
}

function recordOf(row: Selectable<ReplyTable>): ReplyRecord {
  const reply = Reply.parse({
    id: row.id,
    alertId: row.alert_id,
    state: row.state,
    text: row.text,
    spans: z.array(SensitiveSpan).parse(row.spans),
    to: row.recipients,
    subject: row.subject,
    messageId: row.message_id,
    inReplyTo: row.in_reply_to,
    references: row.reference_ids,
    digest: row.digest,
    releasedBy: row.released_by,
    releasedAt: isoOrNull(row.released_at),
    holdUntil: isoOrNull(row.hold_until),
    sentAt: isoOrNull(row.sent_at),
    receipt: row.receipt,
    version: row.version,
  })
  const { provider_id: providerId, decision_id: decisionId, machine, bytes } = row
  const first =
    row.first_by === null || row.first_at === null
      ? null
      : { by: row.first_by, at: iso(row.first_at), because: row.second_because }
  const twoByPlaybook = row.second_by_playbook
  const clear = clearIn(row)
  return { reply, providerId, decisionId, machine, bytes, clear, createdAt: iso(row.created_at), first, twoByPlaybook }
}

/** Null when there is none. */
export async function replyById(db: Db, id: string): Promise<Reply | null> {
  return (await replyRecord(db, id))?.reply ?? null
}

/** `lock` holds the row until the transaction ends. Lock the alert first: the one order in which both are ever locked. */
export async function replyRecord(
  db: Db,
  id: string,
  options: { readonly lock?: boolean } = {},
): Promise<ReplyRecord | null> {
  const query = db.selectFrom('reply').selectAll().where('id', '=', id)
  const row = await (options.lock === true ? query.forUpdate() : query).executeTakeFirst()
  return row === undefined ? null : recordOf(row)
}

/** More answers to one alert than this are no answers any more. */
export const repliesOfAlertMax = 100

/** All replies of an alert, newest first. */
export async function repliesOf(db: Db, alertId: string): Promise<ReplyRecord[]> {
  const rows = await db
    .selectFrom('reply')
    .selectAll()
    .where('alert_id', '=', alertId)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(repliesOfAlertMax)
    .execute()
  return rows.map(recordOf)
}

/** Puts a draft down. False when it is there already: its id comes from the decision, so that drafting twice makes one. */
export async function insertReply(tx: Db, fresh: NewReply, at: Date): Promise<boolean> {
  const done = await tx
    .insertInto('reply')
    .values({
      id: fresh.id,
      alert_id: fresh.alertId,
      provider_id: fresh.providerId,
      decision_id: fresh.decisionId,
      text: plainText(fresh.text),
      spans: jsonb(fresh.spans),
      machine: jsonb(fresh.machine),
      recipients: fresh.to.map(plainText),
      subject: plainText(fresh.subject),
      message_id: fresh.messageId,
      in_reply_to: fresh.inReplyTo === null ? null : plainText(fresh.inReplyTo),
      reference_ids: fresh.references.map(plainText),
      created_at: at,
      second_by_playbook: fresh.twoByPlaybook,
    })
    .onConflict((on) => on.column('id').doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

/** Changes text and places of a draft that is locked, which takes a first release of it back; the new version comes back. */
export async function saveReplyDraft(
  tx: Db,
  id: string,
  draft: { readonly text: string; readonly spans: readonly SensitiveSpan[] },
): Promise<number> {
  const row = await tx
    .updateTable('reply')
    .set((eb) => ({
      ...{ text: plainText(draft.text), spans: jsonb(draft.spans), version: eb('version', '+', 1) },
      ...{ bytes: null, digest: null, first_by: null, first_at: null, clear_bytes: null, protection: null },
    }))
    .where('id', '=', id)
    .returning('version')
    .executeTakeFirstOrThrow()
  return row.version
}

/** What its reader sees of a mail that is signed or encrypted. */
export type Clear = { readonly bytes: Uint8Array; readonly protection: MailProtection } | null

export type KeptClear = { readonly bytes: Buffer; readonly protection: MailProtection }

export function clearIn(row: { readonly clear_bytes: Buffer | null; readonly protection: unknown }): KeptClear | null {
  return row.clear_bytes === null ? null : { bytes: row.clear_bytes, protection: MailProtection.parse(row.protection) }
}

export function clearColumns(clear: Clear) {
  return clear === null
    ? { clear_bytes: null, protection: null }
    : { clear_bytes: Buffer.from(clear.bytes), protection: jsonb(clear.protection) }
}

/** Fixes the bytes of a draft that one person released; it leaves when a second one has. */
export async function holdForSecond(
  tx: Db,
  id: string,
  first: {
    readonly bytes: Uint8Array
    readonly clear: Clear
    readonly digest: string
    readonly by: string
    readonly at: Date
    readonly because: readonly string[]
  },
): Promise<void> {
  await tx
    .updateTable('reply')
    .set((eb) => ({
      ...{ bytes: Buffer.from(first.bytes), digest: first.digest, first_by: first.by, first_at: first.at },
      ...clearColumns(first.clear),
      ...{ second_because: first.because.map(plainText), version: eb('version', '+', 1) },
    }))
    .where('id', '=', id)
    .execute()
}

export type ReplyChange = {
  readonly state: ReplyState
  readonly bytes?: Uint8Array
  readonly clear?: Clear
  readonly digest?: string
  /** Whom the released bytes are for. */
  readonly to?: readonly string[]
  readonly releasedBy?: string
  readonly releasedAt?: Date
  readonly holdUntil?: Date
  readonly sentAt?: Date
  readonly receipt?: string
}

/** Moves a reply that is locked into another state, and what the egress ledger says of it. */
export async function changeReply(tx: Db, id: string, change: ReplyChange): Promise<void> {
  await tx
    .updateTable('reply')
    .set((eb) => ({
      state: change.state,
      version: eb('version', '+', 1),
      ...(change.bytes === undefined ? {} : { bytes: Buffer.from(change.bytes) }),
      ...(change.clear === undefined ? {} : clearColumns(change.clear)),
      ...(change.digest === undefined ? {} : { digest: change.digest }),
      ...(change.to === undefined ? {} : { recipients: change.to.map(plainText) }),
      ...(change.releasedBy === undefined ? {} : { released_by: change.releasedBy }),
      ...(change.releasedAt === undefined ? {} : { released_at: change.releasedAt }),
      ...(change.holdUntil === undefined ? {} : { hold_until: change.holdUntil }),
      ...(change.sentAt === undefined ? {} : { sent_at: change.sentAt }),
      ...(change.receipt === undefined ? {} : { receipt: plainText(change.receipt) }),
    }))
    .where('id', '=', id)
    .execute()
  await followReply(tx, id, {
    state: change.state,
    ...(change.holdUntil === undefined ? {} : { holdUntil: change.holdUntil }),
    ...(change.sentAt === undefined ? {} : { leftAt: change.sentAt }),
    ...(change.receipt === undefined ? {} : { receipt: change.receipt }),
  })
}

/** Copies of one mail that are looked at; two doors that read the same mailbox make two. */
const cameMax = 20

/** Mails that came with this Message-ID (into one alert, besides one mail), as bytes. Who sent them is not said: the caller compares. */
export async function cameWithMessageId(
  db: Db,
  messageId: string,
  only: { readonly alertId: string; readonly besides: string } | null = null,
): Promise<readonly Buffer[]> {
  const rows = await db
    .selectFrom('message')
    .select('bytes')
    .where('message_id_header', '=', plainText(messageId))
    .$if(only !== null, (query) =>
      query.where('alert_id', '=', only?.alertId ?? '').where('id', '<>', only?.besides ?? ''),
    )
    .orderBy('received_at')
    .limit(cameMax)
    .execute()
  return rows.map((row) => row.bytes)
}

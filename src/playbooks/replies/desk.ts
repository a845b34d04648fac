import type { Kysely } from 'kysely'
import { lockAlert } from '../../db/alerts.ts'
import { notifyAll } from '../../db/live.ts'
import { type Db, transaction } from '../../db/open.ts'
import { type ReplyRecord, replyRecord } from '../../db/replies.ts'
import type { Tables } from '../../db/tables.ts'
import type { Clock } from '../../kit/clock.ts'
import { Trouble } from '../../kit/errors.ts'
import type { Inspect } from '../../model/attachment.ts'
import type { MailDoor } from '../../model/doors.ts'
import type { ReplyState } from '../../model/reply.ts'
import { indexLists } from '../../triage/redact.ts'
import type { NameIndex } from '../../triage/redaction/names.ts'
import type { Log } from '../house.ts'
import type { OpenApi } from './api-answer.ts'

/** What the answer desk is handed by `main.ts`. */
export type DeskParts = {
  readonly db: Kysely<Tables>
  readonly clock: Clock
  readonly log: Log
  /** The one way out for mail; null while no mail server is configured: drafts are made, nothing is released. */
  readonly mail: MailDoor | null
  /** From the settings file; what a person set in the database counts too. */
  readonly ownDomains: readonly string[]
  readonly replyHoldSeconds: number
  /** Opens our own mail keys, for as long as one mail is signed. */
  readonly sealKey: Uint8Array
  /** The way to a provider's own API; absent: answers go by mail only. */
  readonly openApi?: OpenApi
  /** Looks into files before they may leave. */
  readonly inspect: Inspect
  /** The page where somebody who is asked to release an answer too says yes or no. */
  readonly approvalUrl: (token: string) => string
}

/** The desk at work: with the index over our lists, which is built once for each state of them and needed at every save. */
export type ReplyDesk = DeskParts & { readonly lists: { mark: string; index: NameIndex } }

export function openDesk(parts: DeskParts): ReplyDesk {
  return { ...parts, lists: { mark: '', index: indexLists({ people: [], assets: [] }) } }
}

export function mailOf(desk: ReplyDesk): MailDoor {
  if (desk.mail === null) throw new Trouble('mail.not-configured')
  return desk.mail
}

/**
 * Works on a reply with its alert and its row locked, in that order, in one transaction (the caller's, if it has one).
 * Throws Trouble('not.found') when there is none.
 */
export async function withReply<T>(db: Db, id: string, work: (tx: Db, record: ReplyRecord) => Promise<T>): Promise<T> {
  return transaction(db, async (tx) => {
    const before = await replyRecord(tx, id)
    if (before === null) throw new Trouble('not.found', { replyId: id })
    await lockAlert(tx, before.reply.alertId)
    const record = await replyRecord(tx, id, { lock: true })
    if (record === null) throw new Trouble('not.found', { replyId: id })
    return work(tx, record)
  })
}

/** Throws Trouble('state.conflict') unless the reply is in one of these states (and of the version that the person saw). */
export function assertState(record: ReplyRecord, states: readonly ReplyState[], version?: number): void {
  const { reply } = record
  const changed = version !== undefined && reply.version !== version
  if (states.includes(reply.state) && !changed) return
  throw new Trouble('state.conflict', { replyId: reply.id, state: reply.state, version: reply.version, seen: version })
}

/** Tells open pages that an alert's answer changed. */
export async function tell(tx: Db, alertId: string): Promise<void> {
  await notifyAll(tx, [`alert:${alertId}`, 'queue'])
}

export const subjectOf = (replyId: string): string => `reply:${replyId}`

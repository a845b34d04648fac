import { addJob } from '../db/jobs.ts'
import { changeNotice, insertNotice, noticeById } from '../db/notices.ts'
import { type Db, transaction } from '../db/open.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import { queueChat } from './chat/queue.ts'
import type { Notice } from './house.ts'
import { mailOf, type ReplyDesk } from './replies/desk.ts'
import { backoffMs, sendAttemptsMax } from './replies/send-reply.ts'

const messageIdOf = (id: string, domain: string): string => `notice.${id}@${domain}`
const jobAttemptsMax = 50

/** Why no notice can go to these addresses, in a sentence; null when it can. A playbook goes on without it and says so. */
export function cannotMail(desk: ReplyDesk, to: readonly string[]): string | null {
  if (desk.mail === null) return 'no mail server is configured for outgoing mail'
  const stranger = to.find((address) => desk.mail?.isOwn(address) !== true)
  return stranger === undefined ? null : `${stranger} is not at one of our own domains`
}

/**
 * Queues a mail to our own people, and what their channels of chat are told, in the caller's transaction; the same id queues one of each.
 * Where no mail can go but each of them has a channel, the chat is the way. Throws Trouble('input.invalid')
 * for a recipient who is not ours, Trouble('mail.not-configured') while there is no mail server.
 */
export async function mailNotice(desk: ReplyDesk, tx: Db, notice: Notice): Promise<void> {
  const to = [...new Set(notice.to)]
  const told = await queueChat(tx, { ...notice, to }, desk.clock)
  if (to.length > 0 && to.every((address) => told.has(address)) && cannotMail(desk, to) !== null) return
  const mail = mailOf(desk)
  const stranger = to.find((address) => !mail.isOwn(address))
  if (stranger !== undefined)
    throw new Trouble('input.invalid', { field: 'to', problem: 'a notice goes to our own people only', stranger })
  if (to.length === 0) throw new Trouble('input.invalid', { field: 'to', problem: 'nobody to send it to' })
  const now = desk.clock.now()
  const bytes = await mail.compose({
    ...{ to, subject: notice.subject, text: notice.text, files: [], date: now },
    ...{ messageId: messageIdOf(notice.id, mail.domain), inReplyTo: null, references: [] },
  })
  const fresh = await insertNotice(tx, { id: notice.id, kind: notice.kind, to, bytes }, now)
  if (fresh) await queue(tx, notice.id, now, 1)
}

async function queue(tx: Db, noticeId: string, runAt: Date, attempt: number): Promise<void> {
  await addJob(
    tx,
    'send-notice',
    { noticeId, attempt },
    { runAt, key: `notice:${noticeId}`, attemptsMax: jobAttemptsMax },
  )
}

export type NoticeJob = { readonly noticeId: string; readonly attempt: number }

/** The job `send-notice`: at least once. Its Message-ID is always the same, so a second copy is recognisably the first. */
export async function sendNotice(desk: ReplyDesk, job: NoticeJob): Promise<void> {
  const notice = await noticeById(desk.db, job.noticeId)
  if (notice === null || notice.state !== 'queued') return
  const mail = mailOf(desk)
  const { bytes, to } = notice
  const sha256 = sha256Hex(bytes)
  const messageId = messageIdOf(notice.id, mail.domain)
  const result = await mail.leave({ kind: 'notice', bytes, digest: sha256, messageId, to })
  await transaction(desk.db, async (tx) => {
    const now = desk.clock.now()
    if (result.kind === 'accepted') {
      if (!(await changeNotice(tx, notice.id, { state: 'sent', receipt: result.receipt, sentAt: now }))) return
      const body = { noticeId: notice.id, kind: notice.kind, messageId, to, sha256, receipt: result.receipt }
      await append(tx, { kind: 'notice.sent', actor: 'system', subject: `notice:${notice.id}`, body }, desk.clock)
      return
    }
    const over = (result.kind === 'refused' && result.permanent) || job.attempt >= sendAttemptsMax
    if (!(await changeNotice(tx, notice.id, { state: over ? 'failed' : 'queued', receipt: result.why }))) return
    if (over) {
      const body = {
        noticeId: notice.id,
        kind: notice.kind,
        messageId,
        to,
        sha256,
        why: result.why,
        attempt: job.attempt,
      }
      await append(tx, { kind: 'notice.failed', actor: 'system', subject: `notice:${notice.id}`, body }, desk.clock)
    } else await queue(tx, notice.id, new Date(now.getTime() + backoffMs(job.attempt)), job.attempt + 1)
    desk.log.warn({ noticeId: notice.id, why: result.why, over }, 'a notice did not go out')
  })
}

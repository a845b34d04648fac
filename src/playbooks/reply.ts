import { z } from 'zod'
import type { Db } from '../db/open.ts'
import type { ApprovalHouse } from './approvals/ask-place.ts'
import { expireRelease } from './approvals/second-release.ts'
import type { Assertion } from './approvals/sign.ts'
import type { House, Notice, ReplySeen } from './house.ts'
import { cannotMail, mailNotice, sendNotice } from './notices.ts'
import { type DeskParts, openDesk, type ReplyDesk } from './replies/desk.ts'
import { draftReply, saveDraft } from './replies/draft-reply.ts'
import { addFile, pickFile, takeOutFile } from './replies/files.ts'
import { mailPack, sendPack, settlePack, withdrawPack } from './replies/mail-pack.ts'
import {
  cancelReply,
  type Preview,
  prepareRelease,
  previewReply,
  releaseReply,
  secondRelease,
  signRelease,
} from './replies/release-reply.ts'
import { reviewReply, type SpanVerdict } from './replies/review-reply.ts'
import { sendReply } from './replies/send-reply.ts'
import { type HowSettled, replySeen, settleReply } from './replies/settle-reply.ts'
import type { GivenRelease, Page } from './replies/sign-release.ts'

const SendReplyJob = z.object({ replyId: z.uuid(), attempt: z.int().min(1).default(1) })
const SendNoticeJob = z.object({ noticeId: z.uuid(), attempt: z.int().min(1).default(1) })

const ExpireReleaseJob = z.object({ approvalId: z.uuid() })

const SendPackJob = z.object({ id: z.uuid(), attempt: z.int().min(1).default(1) })

/** What the house needs of the answer desk for its playbooks. */
type ForHouse = Pick<House, 'cannotMail' | 'mailNotice' | 'draftReply' | 'replySeen'>

type FileAdded = { readonly fileId: string; readonly version: number }

/** The answer from draft to receipt, as functions for `main.ts` to hand out: to the house, to the front, to the worker. */
export type AnswerDesk = {
  readonly forHouse: ForHouse
  /** The index over our lists, once for all who look for names. */
  readonly lists: ReplyDesk['lists']
  readonly draft: (alertId: string, by: string) => Promise<string>
  readonly saveText: (id: string, text: string, version: number, by: string) => Promise<number>
  readonly review: (id: string, verdicts: readonly SpanVerdict[], version: number, by: string) => Promise<number>
  /** A file beside a draft, or one of the case. It is looked into before anything else happens. */
  readonly addFile: (
    id: string,
    file: { readonly name: string; readonly bytes: Uint8Array },
    version: number,
    by: string,
  ) => Promise<FileAdded>
  readonly pickFile: (id: string, ticketFileId: string, version: number, by: string) => Promise<FileAdded>
  readonly takeOutFile: (id: string, fileId: string, version: number, by: string) => Promise<number>
  readonly preview: (id: string) => Promise<Preview>
  /** `through`: the ticket of their API that it was seen to go to; null: by mail. */
  readonly release: (id: string, version: number, by: string, through?: string | null) => Promise<'held' | 'second'>
  /** The second person's word over the bytes of this digest. */
  readonly second: (id: string, digest: string, yes: boolean, why: string, by: string) => Promise<void>
  /** What a person would sign to release it, and the release by that signature. */
  readonly prepareRelease: (
    id: string,
    seen: { readonly version: number; readonly digest: string | null; readonly through?: string | null | undefined },
    by: string,
    page: Page,
  ) => Promise<GivenRelease>
  readonly signRelease: (id: string, by: string, assertion: Assertion) => Promise<'held' | 'second'>
  readonly cancel: (id: string, by: string) => Promise<void>
  readonly settle: (id: string, arrived: boolean, reason: string, by: string) => Promise<void>
  readonly settleAs: (id: string, how: HowSettled, by: string, why: string) => Promise<void>
  /** A released version of a context pack by mail: the entry of the egress ledger comes back. */
  readonly mailPack: (packId: string, version: number, by: string) => Promise<string>
  readonly withdrawPack: (id: string, by: string) => Promise<void>
  readonly settlePack: (id: string, arrived: boolean, why: string, by: string) => Promise<void>
  /** Handlers by job name. */
  readonly jobs: Readonly<
    Record<'send-reply' | 'send-notice' | 'send-pack' | 'expire-release', (payload: unknown) => Promise<void>>
  >
}

export function answerDesk(parts: DeskParts): AnswerDesk {
  const desk = openDesk(parts)
  const settleAs = (replyId: string, how: HowSettled, by: string, why: string) =>
    settleReply(desk, { replyId, how, by, why })
  const mailing = {
    cannotMail: (to: readonly string[]) => cannotMail(desk, to),
    mailNotice: (tx: Db, notice: Notice) => mailNotice(desk, tx, notice),
  }
  const house: ApprovalHouse = { db: desk.db, clock: desk.clock, approvalUrl: desk.approvalUrl, ...mailing }
  return {
    lists: desk.lists,
    forHouse: {
      ...mailing,
      draftReply: (tx: Db, alertId: string, text: string | null, twoPersons = false, followUp?: string) =>
        draftReply(desk, tx, {
          ...{ alertId, text, by: 'system', twoPersons },
          ...(followUp === undefined ? {} : { followUp }),
        }),
      replySeen: (tx: Db, seen: ReplySeen) => replySeen(desk, tx, seen),
    },
    draft: async (alertId, by) => (await draftReply(desk, desk.db, { alertId, text: null, by })).replyId,
    saveText: (replyId, text, version, by) => saveDraft(desk, { replyId, text, version, by }),
    review: (replyId, verdicts, version, by) => reviewReply(desk, { replyId, verdicts, version, by }),
    addFile: (replyId, file, version, by) => addFile(desk, { replyId, ...file, version, by, ticketFileId: null }),
    pickFile: (replyId, ticketFileId, version, by) => pickFile(desk, { replyId, ticketFileId, version, by }),
    takeOutFile: (replyId, fileId, version, by) => takeOutFile(desk, { replyId, fileId, version, by }),
    preview: (replyId) => previewReply(desk, replyId),
    release: (replyId, version, by, through) => releaseReply(desk, house, { replyId, version, by, through }),
    second: (replyId, digest, yes, why, by) => secondRelease(desk, house, { replyId, digest, yes, why, by }),
    prepareRelease: (replyId, seen, by, page) => prepareRelease(desk, { replyId, ...seen, by, page }),
    signRelease: (replyId, by, assertion) => signRelease(desk, house, { replyId, by, assertion }),
    cancel: (replyId, by) => cancelReply(desk, { replyId, by }),
    settle: (replyId, arrived, reason, by) => settleAs(replyId, arrived ? 'was-sent' : 'was-not-sent', by, reason),
    settleAs,
    mailPack: (packId, version, by) => mailPack(desk, { packId, version, by }),
    withdrawPack: (id, by) => withdrawPack(desk, { id, by }),
    settlePack: (id, arrived, why, by) => settlePack(desk, { id, arrived, why, by }),
    jobs: {
      'send-pack': (payload) => sendPack(desk, SendPackJob.parse(payload)),
      'send-reply': (payload) => sendReply(desk, SendReplyJob.parse(payload)),
      'expire-release': (payload) => expireRelease(desk, house, ExpireReleaseJob.parse(payload).approvalId),
      'send-notice': (payload) => sendNotice(desk, SendNoticeJob.parse(payload)),
    },
  }
}

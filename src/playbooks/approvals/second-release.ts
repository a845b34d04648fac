import { z } from 'zod'
import { getAlert } from '../../db/alerts.ts'
import { type Approval, approvalById, endApproval, insertApproval, peopleNamed } from '../../db/approvals.ts'
import { addJob, removeJob } from '../../db/jobs.ts'
import { notifyAll } from '../../db/live.ts'
import type { Db } from '../../db/open.ts'
import { providerById } from '../../db/providers.ts'
import { saveReplyDraft } from '../../db/replies.ts'
import { openReleaseOf } from '../../db/second-releases.ts'
import { settingOf } from '../../db/settings.ts'
import { namesOfActors, userOfActor } from '../../db/users.ts'
import { canonicalJson, type Json } from '../../kit/canonical-json.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { stableId } from '../../kit/stable-id.ts'
import { append } from '../../ledger/append.ts'
import type { ApprovalMatter } from '../../model/approval.ts'
import { type ReleaseFacts, type releaserRoles, secondWaitDefault } from '../../model/release.ts'
import { cannotReach } from '../chat/queue.ts'
import { type ReplyDesk, subjectOf, tell, withReply } from '../replies/desk.ts'
import { type ApprovalHouse, askPlace } from './ask-place.ts'

/** Who is asked first: the role that is there for it; then those who answer for the desk, and last those who work beside the first person. */
const askedFirst = [
  'approver',
  'lead',
  'administrator',
  'analyst',
] as const satisfies readonly (typeof releaserRoles)[number][]

const hourMs = 3_600_000
const expiryKey = (approvalId: string): string => `expire-release:${approvalId}`

/** What an approval of this kind keeps of what leaves. */
const ReleaseSubject = z.looseObject({
  sha256: z.string(),
  sizeBytes: z.int(),
  title: z.string(),
  to: z.array(z.string()),
  files: z.int(),
  dryRun: z.boolean(),
})
export type ReleaseSubject = z.infer<typeof ReleaseSubject>

export const releaseSubjectOf = (approval: Approval): ReleaseSubject =>
  ReleaseSubject.parse(JSON.parse(approval.subject))

/**
 * Asks for the second release of an answer, in the transaction that fixed its bytes: one place with everybody else who may release, those of
 * one role as its members and the others as their deputies. Nobody is asked where nobody else may; the page of the answer says so.
 */
export async function askForSecond(
  house: ApprovalHouse,
  tx: Db,
  asked: { readonly facts: ReleaseFacts; readonly by: string; readonly at: Date },
): Promise<void> {
  const { facts, by, at } = asked
  const seats = await seatsFor(tx, by)
  if (seats.length === 0) return
  const { hours, remindAfterHours } = (await settingOf(tx, 'second-wait')) ?? secondWaitDefault
  const expiresAt = new Date(at.getTime() + hours * hourMs)
  const { sha256, sizeBytes, messageId, title } = facts.subject
  const { reply, alert, to, dryRun, provider, because, rule } = facts
  const subject = canonicalJson({
    ...{ reply, alert, version: facts.version, sha256, sizeBytes, messageId, title, to, dryRun, provider },
    ...{ files: facts.files.length, rule, because, first: { by, at: at.toISOString() } },
  } as unknown as Json)
  const matter = await matterOf(tx, facts, by)
  const approval: Approval = {
    ...{ id: stableId('second-release', reply, String(facts.version)), alertId: alert },
    ...{ of: { kind: 'release', replyId: reply }, subject, subjectSha256: sha256Hex(subject), matter },
    rule: `${rule}; two people, because ${because.join(' and ')}; whoever released it first does not release it again`,
    ...{ askedBy: by, askedAt: at.toISOString(), expiresAt: expiresAt.toISOString() },
    ...{ placeNow: 0, state: 'open', endedAt: null },
  }
  await insertApproval(tx, approval, seats)
  const body = {
    ...{ alertId: alert, replyId: reply, sha256, subjectSha256: approval.subjectSha256, subject },
    ...{ rule: approval.rule, expiresAt: approval.expiresAt, askedBy: by, places: matter.places },
    seats: seats.map(({ place, userId, deputy }) => ({ place, user: userId, deputy })),
  }
  await append(tx, { kind: 'approval.asked', actor: by, subject: `approval:${approval.id}`, body }, house.clock)
  const remind = remindAfterHours.map((after) => `${after}h`)
  await askPlace(house, tx, approval, 0, remind)
  await addJob(tx, 'expire-release', { approvalId: approval.id }, { runAt: expiresAt, key: expiryKey(approval.id) })
}

async function seatsFor(tx: Db, by: string) {
  const seats: { place: number; userId: string; deputy: boolean }[] = []
  for (const role of askedFirst) {
    const { users } = await peopleNamed(tx, [`role:${role}`])
    const others = users.filter(({ id }) => `user:${id}` !== by)
    const deputy = seats.length > 0
    seats.push(...others.map(({ id }) => ({ place: 0, userId: id, deputy })))
  }
  return seats
}

async function matterOf(tx: Db, facts: ReleaseFacts, by: string): Promise<ApprovalMatter> {
  const [alert, provider] = [await getAlert(tx, facts.alert), await providerById(tx, facts.provider)]
  const { number, title } = alert?.alert ?? { number: '?', title: '' }
  const first = (await namesOfActors(tx, [by]))(by)
  const name = provider?.name ?? facts.provider
  const { kind, sizeBytes } = facts.subject
  const what = kind === 'mail' ? `One mail of ${sizeBytes} bytes` : `An answer of ${sizeBytes} bytes to their own API`
  const files = ['', ' with a file'][facts.files.length] ?? ` with ${facts.files.length} files`
  return {
    what: `Let the answer to ${name} about A-${number} leave`,
    about: `A-${number}: ${title}`.slice(0, 600),
    why: `${first} released it first, and one is not enough, because ${facts.because.join(', and ')}.`.slice(0, 600),
    changes: facts.dryRun
      ? `${what}${files} is made and kept as a dry run; nothing is sent to ${name}.`
      : `${what}${files} goes to ${facts.to.join(', ')}, and cannot be called back.`.slice(0, 600),
    ifSilent: 'Nothing leaves. The answer goes back to the review, and whoever released it first is told.',
    alternatives: [],
    places: [{ title: 'Second person', quorum: 1 }],
  }
}

/** Nobody is asked any more: it was released too or refused, or what was asked for has changed (`void`). In the caller's transaction. */
export async function endAsking(
  desk: Pick<ReplyDesk, 'clock'>,
  tx: Db,
  replyId: string,
  state: 'approved' | 'refused' | 'expired' | 'void',
): Promise<void> {
  const approval = await openReleaseOf(tx, replyId, true)
  if (approval === null || !(await endApproval(tx, approval.id, state, desk.clock.now()))) return
  const { alertId, subjectSha256 } = approval
  const body = { alertId, replyId, state, subjectSha256 }
  await append(tx, { kind: 'approval.ended', actor: 'system', subject: `approval:${approval.id}`, body }, desk.clock)
  await removeJob(tx, expiryKey(approval.id))
  await notifyAll(tx, [`alert:${alertId}`, 'queue'])
}

/** Tells whoever released it first, by mail where one can go, that it did not leave. */
export async function tellFirst(
  house: ApprovalHouse,
  tx: Db,
  about: { readonly replyId: string; readonly alertId: string; readonly version: number; readonly first: string },
  why: string,
): Promise<void> {
  const user = await userOfActor(tx, about.first)
  if (user === null || user.disabled || (await cannotReach(house, tx, [user.email])) !== null) return
  const number = (await getAlert(tx, about.alertId))?.alert.number ?? '?'
  await house.mailNotice(tx, {
    id: stableId('second-release-told', about.replyId, String(about.version)),
    ...{ kind: 'notify', to: [user.email], about: { alertId: about.alertId } },
    subject: `Your answer about A-${number} did not leave`,
    text: `${why}\n\nNothing left. The answer is back in the review of A-${number}.\n`,
  })
}

/**
 * The job `expire-release`: nobody released it too in time. What happens then is what they were told: the first release is taken back. The
 * database says when it is time; safe to run twice.
 */
export async function expireRelease(desk: ReplyDesk, house: ApprovalHouse, approvalId: string): Promise<void> {
  const seen = await approvalById(desk.db, approvalId)
  if (seen === null || seen.of.kind !== 'release' || seen.state !== 'open') return
  await withReply(desk.db, seen.of.replyId, async (tx, { reply, first }) => {
    const approval = await openReleaseOf(tx, reply.id, true)
    if (approval?.id !== approvalId) return
    await endAsking(desk, tx, reply.id, 'expired')
    if (first === null || reply.state !== 'draft') return
    await saveReplyDraft(tx, reply.id, { text: reply.text, spans: reply.spans })
    const why = 'nobody released it too in time'
    const body = { replyId: reply.id, sha256: reply.digest, why }
    await append(tx, { kind: 'reply.second-refused', actor: 'system', subject: subjectOf(reply.id), body }, desk.clock)
    const { id: replyId, alertId, version } = reply
    const hours = Math.round((Date.parse(approval.expiresAt) - Date.parse(approval.askedAt)) / hourMs)
    const within = hours === 1 ? 'an hour' : `${hours} hours`
    const said = `Nobody released it too within ${within}.`
    await tellFirst(house, tx, { replyId, alertId, version, first: first.by }, said)
    await tell(tx, alertId)
  })
}

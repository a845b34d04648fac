import { insertEgress } from '../../db/egress.ts'
import { addJob, removeJob } from '../../db/jobs.ts'
import type { Db } from '../../db/open.ts'
import { changeReply, holdForSecond, type ReplyRecord, replyRecord, saveReplyDraft } from '../../db/replies.ts'
import { filesOfReply, type ReplyFile } from '../../db/reply-files.ts'
import { settingOf } from '../../db/settings.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { stableId } from '../../kit/stable-id.ts'
import { append } from '../../ledger/append.ts'
import type { LetterOut } from '../../model/doors.ts'
import { agreementOf, type Provider } from '../../model/provider.ts'
import { filesReleased } from '../../triage/attached.ts'
import { releaseAnswer } from '../../triage/draft.ts'
import { Exchange } from '../../triage/exchange.ts'
import { findSensitive } from '../../triage/redact.ts'
import { blockedIn, secondPersonBecause, strangersIn } from '../../triage/sharing.ts'
import { onReplyReleased } from '../wake.ts'
import { assertState, mailOf, type ReplyDesk, subjectOf, tell, withReply } from './desk.ts'
import { carryOver, isTheirs, sendJobKey } from './draft-reply.ts'
import { attachedOf, filePlacesChanged, refuseBlockedFiles, spansOfFile } from './files.ts'
import { contextFor, decisionFor, type Knowledge, knowledgeOf } from './knowledge.ts'
import { type Made, makeMail, protectionRecord, whyHeldBack } from './protect.ts'

/** A crash counts as a try of the job; its tries are not tries to send: those are counted in the payload. */
export const sendJobAttemptsMax = 50

/** A mail before it is signed and encrypted, and what there is to say of it. */
type Composed = {
  readonly letter: LetterOut
  readonly leftUnreviewed: number
  readonly files: readonly ReleasedFile[]
}

async function letterOf(
  db: Db,
  record: ReplyRecord,
  known: Knowledge,
  files: readonly ReplyFile[],
  date: Date,
): Promise<Composed> {
  const { reply } = record
  const { spans } = reply
  const inFiles = files.flatMap(spansOfFile)
  const machine = Exchange.parse(record.machine)
  const said = [
    reply.text,
    reply.subject,
    machine.rule,
    machine.reason,
    ...machine.observables.map(({ value }) => value),
  ]
  const context = await contextFor(db, known, said.join('\n'))
  const answer = releaseAnswer({ text: reply.text, spans, inFiles, subject: reply.subject, machine }, context)
  const { text, subject } = answer
  const released = filesReleased(attachedOf(files), [...spans, ...inFiles])
  const letter = {
    to: reply.to,
    subject,
    text,
    files: [
      {
        name: 'counterfoil.json',
        type: 'application/json',
        content: Buffer.from(`${JSON.stringify(answer.machine, null, 2)}\n`),
      },
      ...released,
    ],
    messageId: reply.messageId,
    inReplyTo: reply.inReplyTo,
    references: reply.references,
    date,
  }
  const leftUnreviewed = answer.leftUnreviewed + inFiles.filter((span) => span.verdict === null).length
  const digests = released.map(({ name, type, content }) => ({
    ...{ name, type, sha256: sha256Hex(content), sizeBytes: content.byteLength },
  }))
  return { letter, leftUnreviewed, files: digests }
}

export type Preview = {
  /** As their reader sees it; where it is signed or encrypted, other bytes leave. */
  readonly bytes: Uint8Array
  /** Those, once they are fixed. */
  readonly leaves: Uint8Array | null
  readonly text: string
  readonly subject: string
  readonly unreviewed: number
}

/** Exactly what would leave now, or what was released. Unreviewed places are shown as they are. */
export async function previewReply(desk: ReplyDesk, replyId: string): Promise<Preview> {
  const record = await replyRecord(desk.db, replyId)
  if (record === null) throw new Trouble('not.found', { replyId })
  const known = await knowledgeOf(desk, desk.db, record.reply.alertId)
  const files = await filesOfReply(desk.db, replyId)
  const { letter, leftUnreviewed } = await letterOf(desk.db, record, known, files, desk.clock.now())
  const bytes = record.clear?.bytes ?? record.bytes ?? (await mailOf(desk).compose(letter))
  return { bytes, leaves: record.bytes, text: letter.text, subject: letter.subject, unreviewed: leftUnreviewed }
}

type Release = { readonly replyId: string; readonly version: number; readonly by: string }

/**
 * Lets a reviewed draft leave after its hold: fixes the bytes and their digest, writes the ledger line and queues the job
 * that sends, in one transaction. Where one person is not enough the bytes are fixed and wait for the second. Throws
 * Trouble('state.conflict') while a place is unreviewed, when the draft changed since the person saw it, or when its decision no longer
 * stands; Trouble('reply.blocked') for what the agreement does not let leave. Where our lists have learnt a name since the draft was
 * saved, its places are found anew first, and the person is asked to look again.
 */
export async function releaseReply(desk: ReplyDesk, release: Release): Promise<'held' | 'second'> {
  mailOf(desk)
  if (await placesChanged(desk, release)) {
    throw new Trouble('state.conflict', {
      replyId: release.replyId,
      problem: 'our lists changed: there are new places to review',
    })
  }
  return withReply(desk.db, release.replyId, async (tx, record) => {
    assertState(record, ['draft'], release.version)
    if (record.first !== null) throw new Trouble('state.conflict', { problem: 'it waits for a second person' })
    const { reply } = record
    const files = await filesOfReply(tx, reply.id)
    const all = [...reply.spans, ...files.flatMap(spansOfFile)]
    const known = await knowledgeForRelease(desk, tx, record, files)
    const now = desk.clock.now()
    const { letter, leftUnreviewed, files: attached } = await letterOf(tx, record, known, files, now)
    if (leftUnreviewed > 0) throw new Trouble('state.conflict', { replyId: reply.id, unreviewed: leftUnreviewed })
    const made = await makeMail(desk, tx, known.provider, letter)
    const because = secondPersonBecause(all, agreementOf(known.provider), record.twoByPlaybook)
    if (because.length === 0) {
      const { subject } = letter
      await letLeave(desk, tx, record, { ...made, subject, files: attached, known, by: release.by, first: null })
      return 'held'
    }
    const digest = sha256Hex(made.bytes)
    await holdForSecond(tx, reply.id, { ...made, digest, by: release.by, at: now, because })
    const body = {
      ...{ replyId: reply.id, alertId: reply.alertId, messageId: reply.messageId, sha256: digest, because },
      ...(made.clear === null ? {} : protectionRecord(made.clear)),
    }
    await append(tx, { kind: 'reply.second-asked', actor: release.by, subject: subjectOf(reply.id), body }, desk.clock)
    await tell(tx, reply.alertId)
    return 'second'
  })
}

/** What it is made from, when nothing speaks against its leaving now. */
async function knowledgeForRelease(
  desk: ReplyDesk,
  tx: Db,
  record: ReplyRecord,
  files: readonly ReplyFile[],
): Promise<Knowledge> {
  const { reply } = record
  const all = [...reply.spans, ...files.flatMap(spansOfFile)]
  const decision = await decisionFor(tx, reply.alertId)
  if (decision.id !== record.decisionId) throw new Trouble('state.conflict', { problem: 'the decision changed' })
  const known = await knowledgeOf(desk, tx, reply.alertId)
  const agreement = agreementOf(known.provider)
  refuseBlockedFiles(files, all)
  const blocked = blockedIn(all, agreement)
  if (blocked.length > 0)
    throw new Trouble('reply.blocked', {
      fields: Object.fromEntries(blocked.map(({ span, block }) => [span.id, `${block.why} ${block.next}`])),
    })
  const strangers = strangersIn(reply.to, agreement)
  if (strangers.length > 0)
    throw new Trouble('reply.blocked', {
      fields: {
        to: `The agreement names other domains than that of ${strangers.join(', ')}. Change it under Settings, or the reply address.`,
      },
    })
  if (reply.to.length === 0 || !reply.to.every((address) => isTheirs(address, known.provider))) {
    throw new Trouble('state.conflict', {
      field: 'to',
      problem: 'no recipient that is the provider: set its reply address',
    })
  }
  return known
}

type ReleasedFile = {
  readonly name: string
  readonly type: string
  readonly sha256: string
  readonly sizeBytes: number
}

/** Fixes what leaves, puts it into the egress ledger, and queues its sending. */
async function letLeave(
  desk: ReplyDesk,
  tx: Db,
  record: ReplyRecord,
  leaving: {
    readonly known: Knowledge
    readonly bytes: Uint8Array
    readonly clear: Made['clear']
    readonly subject: string
    /** Files that go with it, besides the machine-readable part. */
    readonly files: readonly ReleasedFile[]
    readonly by: string
    readonly first: ReplyRecord['first']
  },
): Promise<void> {
  const { reply } = record
  const { known, bytes, clear, subject, by, first, files } = leaving
  const protection = protectionRecord(clear)
  const { dryRun } = known.provider
  const now = desk.clock.now()
  const holdSeconds = (await settingOf(tx, 'reply-hold-seconds')) ?? desk.replyHoldSeconds
  const holdUntil = new Date(now.getTime() + holdSeconds * 1000)
  const digest = sha256Hex(bytes)
  const two = first === null ? '' : `; released first by ${first.by}, because ${first.because.join(' and ')}`
  await insertEgress(tx, {
    ...{ id: stableId('egress', reply.id), of: { kind: 'reply', replyId: reply.id }, providerId: record.providerId },
    ...{ channel: 'mail', recipients: reply.to, subject, messageId: reply.messageId, sha256: digest },
    ...{ sizeBytes: bytes.byteLength, releasedBy: by, releasedAt: now, rule: `${ruleOf(known.provider)}${two}` },
    ...{ holdUntil, state: dryRun ? 'dry-run' : 'released', ...protection },
  })
  const state = dryRun ? 'dry-run' : 'held'
  await changeReply(tx, reply.id, { state, bytes, clear, digest, releasedBy: by, releasedAt: now, holdUntil })
  const body = {
    ...{
      replyId: reply.id,
      alertId: reply.alertId,
      decisionId: record.decisionId,
      messageId: reply.messageId,
      to: reply.to,
    },
    ...{ sha256: digest, sizeBytes: bytes.byteLength, holdUntil: holdUntil.toISOString(), dryRun },
    ...(clear === null ? {} : protection),
    ...(files.length === 0 ? {} : { files }),
    ...(first === null ? {} : { first: first.by, because: first.because }),
  }
  await append(tx, { kind: 'reply.released', actor: by, subject: subjectOf(reply.id), body }, desk.clock)
  if (!dryRun) await queueSend(tx, reply.id, holdUntil, 1)
  await onReplyReleased(tx, reply.alertId)
  await tell(tx, reply.alertId)
}

/**
 * The second person's yes or no over exactly the bytes that the first one released (`digest`). A no needs its reason and gives the draft back
 * for review; the first person may say it too. Throws Trouble('state.conflict') for other bytes, and for a yes of the same person.
 */
export async function secondRelease(
  desk: ReplyDesk,
  second: {
    readonly replyId: string
    readonly digest: string
    readonly yes: boolean
    readonly why: string
    readonly by: string
  },
): Promise<void> {
  mailOf(desk)
  if (second.yes && (await placesChanged(desk, { replyId: second.replyId, version: null })))
    throw new Trouble('state.conflict', { problem: 'our lists changed: there are new places to review' })
  await withReply(desk.db, second.replyId, async (tx, record) => {
    assertState(record, ['draft'])
    const { reply, first, bytes } = record
    if (first === null || bytes === null || reply.digest !== second.digest)
      throw new Trouble('state.conflict', { replyId: reply.id, seen: second.digest, digest: reply.digest })
    if (!second.yes) {
      if (second.why.trim() === '')
        throw new Trouble('input.invalid', { fields: { why: 'Say why it shall not leave' } })
      await saveReplyDraft(tx, reply.id, { text: reply.text, spans: reply.spans })
      const body = { replyId: reply.id, sha256: reply.digest, why: second.why.trim() }
      await append(
        tx,
        { kind: 'reply.second-refused', actor: second.by, subject: subjectOf(reply.id), body },
        desk.clock,
      )
      return tell(tx, reply.alertId)
    }
    if (first.by === second.by) throw new Trouble('reply.same-person', { replyId: reply.id })
    const files = await filesOfReply(tx, reply.id)
    const known = await knowledgeForRelease(desk, tx, record, files)
    const why = await whyHeldBack(tx, known.provider, record.clear?.protection ?? null)
    if (why !== null) throw new Trouble('reply.blocked', { fields: { to: why } })
    const { letter, files: attached } = await letterOf(tx, record, known, files, new Date(first.at))
    const made = { bytes, clear: record.clear, subject: letter.subject, files: attached }
    await letLeave(desk, tx, record, { ...made, known, by: second.by, first })
  })
}

/** Under which rule it leaves, as it was at this moment. */
function ruleOf(provider: Provider): string {
  const { mayShare, never, upToTlp } = agreementOf(provider)
  const shared = mayShare.length === 0 ? 'nothing as it is' : mayShare.join(', ')
  const but = never.length === 0 ? '' : `, never ${never.join(', ')}`
  return `Every sensitive place reviewed; the agreement lets leave: ${shared}${but}, intelligence up to TLP:${upToTlp}`
}

/** Finds the places of a draft anew, and keeps them when there are some that nobody has seen. */
async function placesChanged(
  desk: ReplyDesk,
  seen: { readonly replyId: string; readonly version: number | null },
): Promise<boolean> {
  return withReply(desk.db, seen.replyId, async (tx, record) => {
    assertState(record, ['draft'], seen.version ?? undefined)
    const { reply } = record
    const known = await knowledgeOf(desk, tx, reply.alertId)
    const filesChanged = await filePlacesChanged(tx, known, reply.id)
    const context = await contextFor(tx, known, reply.text)
    const spans = carryOver(findSensitive(reply.text, context), reply.spans)
    const before = new Set(reply.spans.map((span) => `${span.start}-${span.end}`))
    const isNew = spans.some((span) => span.verdict === null && !before.has(`${span.start}-${span.end}`))
    if (isNew || filesChanged) await saveReplyDraft(tx, reply.id, { text: reply.text, spans })
    return isNew || filesChanged
  })
}

export async function queueSend(tx: Db, replyId: string, runAt: Date, attempt: number): Promise<void> {
  await addJob(
    tx,
    'send-reply',
    { replyId, attempt },
    { runAt, key: sendJobKey(replyId), attemptsMax: sendJobAttemptsMax },
  )
}

/** Takes a reply back while it is held. Throws Trouble('state.conflict') once a worker has it. */
export async function cancelReply(
  desk: ReplyDesk,
  cancel: { readonly replyId: string; readonly by: string },
): Promise<void> {
  await withReply(desk.db, cancel.replyId, async (tx, record) => {
    assertState(record, ['held'])
    await changeReply(tx, cancel.replyId, { state: 'cancelled' })
    await removeJob(tx, sendJobKey(cancel.replyId))
    const body = { replyId: cancel.replyId, sha256: record.reply.digest }
    await append(
      tx,
      { kind: 'reply.cancelled', actor: cancel.by, subject: subjectOf(cancel.replyId), body },
      desk.clock,
    )
    await tell(tx, record.reply.alertId)
  })
}

import { insertEgress } from '../../db/egress.ts'
import { addLink } from '../../db/elsewhere.ts'
import { addJob, removeJob } from '../../db/jobs.ts'
import type { Db } from '../../db/open.ts'
import { changeReply, holdForSecond, type ReplyRecord, replyRecord } from '../../db/replies.ts'
import { filesOfReply, type ReplyFile } from '../../db/reply-files.ts'
import { settingOf } from '../../db/settings.ts'
import { threadIndexOf } from '../../db/threads.ts'
import { namesOfActors } from '../../db/users.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { stableId } from '../../kit/stable-id.ts'
import { append } from '../../ledger/append.ts'
import type { PasskeySignature } from '../../model/approval.ts'
import type { LetterOut } from '../../model/doors.ts'
import { type Agreement, agreementOf, isTheirs, type Provider } from '../../model/provider.ts'
import { apiAnswerIn } from '../../model/provider-api.ts'
import type { ReleaseFacts } from '../../model/release.ts'
import { filesReleased } from '../../triage/attached.ts'
import { releaseAnswer } from '../../triage/draft.ts'
import { Exchange } from '../../triage/exchange.ts'
import { blockedIn, secondPersonBecause, strangersIn } from '../../triage/sharing.ts'
import type { ApprovalHouse } from '../approvals/ask-place.ts'
import { askForSecond, endAsking, tellFirst } from '../approvals/second-release.ts'
import type { Assertion } from '../approvals/sign.ts'
import { onReplyReleased } from '../wake.ts'
import { isForThere, makeApiAnswer, recipientOf, type Way, wayOf } from './api-answer.ts'
import { assertState, mailOf, type ReplyDesk, subjectOf, tell, withReply } from './desk.ts'
import { sendJobKey } from './draft-reply.ts'
import { attachedOf, refuseBlockedFiles, spansOfFile } from './files.ts'
import { keepDraft } from './keep-draft.ts'
import { contextFor, decisionFor, type Knowledge, knowledgeOf } from './knowledge.ts'
import { refuseNewPlaces } from './new-places.ts'
import { type Made, makeMail, protectionRecord, whyHeldBack } from './protect.ts'
import {
  type GivenRelease,
  giveStatement,
  keepSignature,
  type Page,
  refuseClick,
  takeStatement,
} from './sign-release.ts'

/** A crash counts as a try of the job; its tries are not tries to send: those are counted in the payload. */
export const sendJobAttemptsMax = 50

/** What the machine-readable part is called (docs/exchange). */
const exchangeName = 'counterfoil.json'

/** A mail before it is signed and encrypted, and what there is to say of it. */
type Composed = {
  readonly letter: LetterOut
  readonly leftUnreviewed: number
  /** Everything that goes with it, the machine-readable part first. */
  readonly files: readonly ReleaseFacts['files'][number][]
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
  const block = {
    ...{ name: exchangeName, type: 'application/json' },
    content: Buffer.from(`${JSON.stringify(answer.machine, null, 2)}\n`),
  }
  const all = [block, ...released]
  const letter = {
    ...{ to: reply.to, subject, text, files: all },
    ...{ messageId: reply.messageId, inReplyTo: reply.inReplyTo, references: reply.references, date },
    theirThreadIndex: reply.inReplyTo === null ? null : await threadIndexOf(db, known.provider.id, reply.inReplyTo),
  }
  const leftUnreviewed = answer.leftUnreviewed + inFiles.filter((span) => span.verdict === null).length
  const digests = all.map(({ name, type, content }) => ({
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
  /** The machine-readable part, as text; null where none goes along. */
  readonly machine: string | null
  readonly unreviewed: number
}

/** Exactly what would leave now, or what was released. Unreviewed places are shown as they are. */
export async function previewReply(desk: ReplyDesk, replyId: string): Promise<Preview> {
  const record = await replyRecord(desk.db, replyId)
  if (record === null) throw new Trouble('not.found', { replyId })
  const known = await knowledgeOf(desk, desk.db, record.reply.alertId)
  const files = await filesOfReply(desk.db, replyId)
  const { letter, leftUnreviewed } = await letterOf(desk.db, record, known, files, desk.clock.now())
  const fixed = record.clear?.bytes ?? record.bytes
  const bytes = fixed ?? (await bytesNow(desk, record, known, letter))
  const told = apiAnswerIn(bytes)
  const block = letter.files.find(({ name }) => name === exchangeName)
  const machine = told !== null || block === undefined ? null : Buffer.from(block.content).toString('utf8')
  const text = told?.comment ?? letter.text
  return { bytes, leaves: record.bytes, text, subject: letter.subject, machine, unreviewed: leftUnreviewed }
}

/** What would leave as things are. What stands against it is said at the release. */
async function bytesNow(
  desk: ReplyDesk,
  record: ReplyRecord,
  known: Knowledge,
  letter: LetterOut,
): Promise<Uint8Array> {
  const way = await wayOf(desk.db, known.alert)
  return way.kind === 'mail' ? mailOf(desk).compose(letter) : apiBytes(desk.db, way, record, letter)
}

async function apiBytes(
  db: Db,
  way: Extract<Way, { kind: 'api' }>,
  { reply }: ReplyRecord,
  letter: LetterOut,
): Promise<Uint8Array> {
  const { outcome } = await decisionFor(db, reply.alertId)
  // The machine-readable part has no place there: status and verdict say the same in their words.
  return makeApiAnswer(way, { replyId: reply.id, outcome, text: letter.text, files: letter.files.length - 1 })
}

type Release = {
  readonly replyId: string
  readonly version: number
  readonly by: string
  /** The ticket of their API that the person saw it go to (system/ticket); null: by mail; left out: whichever way it goes. */
  readonly through?: string | null | undefined
  /** The passkey's signature over this very release (prepareRelease). */
  readonly assertion?: Assertion
}

/** What is ready to leave: everything was looked at, and nothing speaks against it. */
type Ready = {
  readonly known: Knowledge
  readonly way: Way
  readonly composed: Composed
  /** As a first release fixed it, or would. */
  readonly made: Made
  readonly because: readonly string[]
  readonly facts: ReleaseFacts
}

/** Throws as `releaseReply` does. `at`: when the mail was made, or is; `made`: where it was made before. */
async function readyToLeave(
  desk: ReplyDesk,
  tx: Db,
  record: ReplyRecord,
  from: { readonly at: Date; readonly made: Made | null },
): Promise<Ready> {
  const { reply, first } = record
  const files = await filesOfReply(tx, reply.id)
  const all = [...reply.spans, ...files.flatMap(spansOfFile)]
  const { known, way } = await knowledgeForRelease(desk, tx, record, files)
  const composed = await letterOf(tx, record, known, files, from.at)
  const { letter, leftUnreviewed } = composed
  if (leftUnreviewed > 0) throw new Trouble('state.conflict', { replyId: reply.id, unreviewed: leftUnreviewed })
  const why =
    from.made === null || way.kind === 'api'
      ? null
      : await whyHeldBack(
          tx,
          known.provider,
          { to: reply.to, protection: from.made.clear?.protection ?? null },
          desk.clock.now(),
        )
  if (why !== null) throw new Trouble('reply.blocked', { fields: { to: why } })
  const made = from.made ?? (await make(desk, tx, record, { known, way, letter }))
  assertSameWay(made, way)
  const because = first?.because ?? secondPersonBecause(all, agreementOf(known.provider), record.twoByPlaybook)
  const kind = way.kind
  const mail = { kind, sha256: sha256Hex(made.bytes), sizeBytes: made.bytes.byteLength }
  const clear = made.clear === null ? null : sha256Hex(made.clear.bytes)
  const facts: ReleaseFacts = {
    ...{ reply: reply.id, alert: reply.alertId, version: reply.version },
    subject: { ...mail, messageId: reply.messageId, title: letter.subject },
    ...{ clearSha256: clear, protection: made.clear?.protection ?? null },
    ...{
      text: { sha256: sha256Hex(apiAnswerIn(made.bytes)?.comment ?? letter.text) },
      files: kind === 'mail' ? [...composed.files] : [],
    },
    ...{
      provider: record.providerId,
      to: way.kind === 'mail' ? reply.to : [recipientOf(way)],
      dryRun: known.provider.dryRun,
    },
    ...{ rule: ruleOf(known.provider), because: [...because] },
    ...{ release: first === null ? 'first' : 'second', first: first === null ? null : { by: first.by, at: first.at } },
  }
  return { known, way, composed, made, because, facts }
}

async function make(
  desk: ReplyDesk,
  tx: Db,
  record: ReplyRecord,
  { known, way, letter }: { readonly known: Knowledge; readonly way: Way; readonly letter: LetterOut },
): Promise<Made> {
  if (way.kind === 'mail') return makeMail(desk, tx, known.provider, letter)
  return { bytes: await apiBytes(tx, way, record, letter), clear: null }
}

/** Who saw it go through an API, or by mail, releases it in that way and in no other. Throws Trouble('state.conflict'). */
function assertWaySeen({ through }: Pick<Release, 'through'>, way: Way): void {
  const now = way.kind === 'api' ? recipientOf(way) : null
  if (through === undefined || through === now) return
  const says = now === null ? 'By now it would leave by mail' : `By now it would leave through their API, to ${now}`
  throw new Trouble('state.conflict', { fields: { to: `${says}, which is not what you saw. Look at it again.` } })
}

/** What a first person released for one way leaves by no other. Throws Trouble('state.conflict'). */
function assertSameWay(made: Made, way: Way): void {
  const answer = apiAnswerIn(made.bytes)
  const isSame = way.kind === 'mail' ? answer === null : answer !== null && isForThere(answer, way)
  if (!isSame)
    throw new Trouble('state.conflict', {
      problem: 'answers to this provider go another way by now: give the draft back, and release it anew',
    })
}

/**
 * Lets a reviewed draft leave after its hold: fixes the bytes and their digest, writes the ledger line and queues the job
 * that sends, in one transaction. Where one person is not enough the bytes are fixed and wait for the second, who is asked. Throws
 * Trouble('state.conflict') while a place is unreviewed, when the draft changed since the person saw it, or when its decision no longer
 * stands; Trouble('reply.blocked') for what the agreement does not let leave. Where our lists have learnt a name since the draft was
 * saved, its places are found anew first, and the person is asked to look again.
 */
export async function releaseReply(
  desk: ReplyDesk,
  house: ApprovalHouse,
  release: Release,
): Promise<'held' | 'second'> {
  await refuseNewPlaces(desk, release)
  return withReply(desk.db, release.replyId, async (tx, record) => {
    assertState(record, ['draft'], release.version)
    if (record.first !== null) throw new Trouble('state.conflict', { problem: 'it waits for a second person' })
    const { assertion, by } = release
    const taken =
      assertion === undefined ? null : await takeStatement(desk, tx, { replyId: record.reply.id, by, assertion })
    const now = desk.clock.now()
    const at = taken === null ? now : new Date(taken.statement.at)
    const ready = await readyToLeave(desk, tx, record, { at, made: taken?.made ?? null })
    assertWaySeen(release, ready.way)
    const { because, made, facts } = ready
    if (because.length === 0) {
      if (taken !== null) throw new Trouble('state.conflict', { problem: 'one person is enough by now' })
      await letLeave(desk, tx, record, { ready, by, first: null, signed: null })
      return 'held'
    }
    if (taken === null) await refuseClick(tx, by, 'first')
    const signed = taken === null ? null : await keepSignature(desk, tx, taken, facts)
    await holdForSecond(tx, facts.reply, { ...made, digest: facts.subject.sha256, by, at, because })
    const body = {
      ...{ replyId: facts.reply, alertId: facts.alert, messageId: facts.subject.messageId },
      ...{ sha256: facts.subject.sha256, because, ...(signed === null ? {} : { signed }) },
      ...(made.clear === null ? {} : protectionRecord(made.clear)),
    }
    await append(tx, { kind: 'reply.second-asked', actor: by, subject: subjectOf(facts.reply), body }, desk.clock)
    await askForSecond(house, tx, { facts, by, at })
    await tell(tx, facts.alert)
    return 'second'
  })
}

/**
 * What this person would sign to release it: the first time with the `version` that they saw, the second time with the `digest` of the fixed
 * bytes. Nothing is released by it. Throws Trouble('state.conflict') where one person is enough, and what a release throws.
 */
export async function prepareRelease(
  desk: ReplyDesk,
  asked: {
    readonly replyId: string
    readonly version: number
    readonly digest: string | null
    readonly through?: string | null | undefined
    readonly by: string
    readonly page: Page
  },
): Promise<GivenRelease> {
  await refuseNewPlaces(desk, asked)
  return withReply(desk.db, asked.replyId, async (tx, record) => {
    assertState(record, ['draft'], asked.version)
    const { reply, first } = record
    if (reply.digest !== asked.digest)
      throw new Trouble('state.conflict', { replyId: reply.id, seen: asked.digest, digest: reply.digest })
    if (first?.by === asked.by) throw new Trouble('reply.same-person', { replyId: reply.id })
    const now = desk.clock.now()
    const at = first === null ? now : new Date(first.at)
    const ready = await readyToLeave(desk, tx, record, { at, made: fixedIn(record) })
    assertWaySeen(asked, ready.way)
    const { facts, made, because } = ready
    if (because.length === 0) throw new Trouble('state.conflict', { problem: 'one person is enough' })
    const { by, page } = asked
    return giveStatement(tx, { facts, made: first === null ? made : null, by, page }, now)
  })
}

/** The mail that a first release fixed; null before. */
const fixedIn = ({ bytes, clear }: ReplyRecord): Made | null => (bytes === null ? null : { bytes, clear })

/** What it is made from, when nothing speaks against its leaving now. */
async function knowledgeForRelease(
  desk: ReplyDesk,
  tx: Db,
  record: ReplyRecord,
  files: readonly ReplyFile[],
): Promise<{ readonly known: Knowledge; readonly way: Way }> {
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
  const way = await wayOf(tx, known.alert)
  if (way.kind === 'api') return { known, way }
  if (way.waits) throw new Trouble('reply.blocked', { fields: { to: way.why ?? '' } })
  // Without a mail server nothing can be sent.
  mailOf(desk)
  refuseStrangers(reply.to, agreement)
  if (reply.to.length === 0 || !reply.to.every((address) => isTheirs(address, known.provider))) {
    throw new Trouble('state.conflict', {
      field: 'to',
      problem: 'no recipient that is the provider: set its reply address',
    })
  }
  return { known, way }
}

/** Throws Trouble('reply.blocked') for recipients that the agreement does not name. */
export function refuseStrangers(to: readonly string[], agreement: Agreement): void {
  const strangers = strangersIn(to, agreement)
  if (strangers.length > 0)
    throw new Trouble('reply.blocked', {
      fields: {
        to: `The agreement names other domains than that of ${strangers.join(', ')}. Change it under Settings, or the reply address.`,
      },
    })
}

/** Fixes what leaves, puts it into the egress ledger, and queues its sending. */
async function letLeave(
  desk: ReplyDesk,
  tx: Db,
  record: ReplyRecord,
  leaving: {
    readonly ready: Ready
    readonly by: string
    readonly first: ReplyRecord['first']
    readonly signed: PasskeySignature | null
  },
): Promise<void> {
  const { reply } = record
  const { ready, by, first, signed } = leaving
  const { facts, made } = ready
  const { bytes, clear } = made
  const protection = protectionRecord(clear)
  // The machine-readable part goes with every answer.
  const files = ready.composed.files.slice(1)
  const { dryRun } = facts
  const now = desk.clock.now()
  const holdSeconds = (await settingOf(tx, 'reply-hold-seconds')) ?? desk.replyHoldSeconds
  const holdUntil = new Date(now.getTime() + holdSeconds * 1000)
  const digest = facts.subject.sha256
  const how = signed === null ? 'by a click' : 'signed with a passkey'
  const two =
    first === null
      ? ''
      : `; released first by ${first.by}, because ${first.because.join(' and ')}; second release ${how}`
  await insertEgress(tx, {
    ...{ id: stableId('egress', reply.id), of: { kind: 'reply', replyId: reply.id }, providerId: record.providerId },
    ...{
      channel: ready.way.kind === 'mail' ? 'mail' : 'provider-api',
      recipients: facts.to,
      subject: facts.subject.title,
      messageId: reply.messageId,
    },
    ...{ sha256: digest, sizeBytes: bytes.byteLength, releasedBy: by, releasedAt: now, rule: `${facts.rule}${two}` },
    ...{ holdUntil, state: dryRun ? 'dry-run' : 'released', ...protection },
  })
  const state = dryRun ? 'dry-run' : 'held'
  const { to } = facts
  await changeReply(tx, reply.id, { state, bytes, clear, digest, to, releasedBy: by, releasedAt: now, holdUntil })
  const answer = apiAnswerIn(bytes)
  // So that what is said in their ticket is read back.
  if (answer !== null && !dryRun) await addLink(tx, answer.system, reply.alertId)
  const body = {
    ...{
      replyId: reply.id,
      alertId: reply.alertId,
      decisionId: record.decisionId,
      messageId: reply.messageId,
      to: facts.to,
    },
    ...(answer === null
      ? {}
      : { by: answer.api, ticket: answer.ticket, status: answer.status, verdict: answer.verdict }),
    ...{ sha256: digest, sizeBytes: bytes.byteLength, holdUntil: holdUntil.toISOString(), dryRun },
    ...(clear === null ? {} : protection),
    ...(files.length === 0 ? {} : { files }),
    ...(first === null ? {} : { first: first.by, because: first.because }),
    ...(signed === null ? {} : { signed }),
  }
  await append(tx, { kind: 'reply.released', actor: by, subject: subjectOf(reply.id), body }, desk.clock)
  if (!dryRun) await queueSend(tx, reply.id, holdUntil, 1)
  await onReplyReleased(tx, reply.alertId)
  await tell(tx, reply.alertId)
}

type Second = {
  readonly replyId: string
  readonly digest: string
  readonly yes: boolean
  readonly why: string
  readonly by: string
  /** The passkey's signature over this very release (prepareRelease). */
  readonly assertion?: Assertion
}

/**
 * The second person's yes or no over exactly the bytes that the first one released (`digest`). A no needs its reason and gives the draft back
 * for review; the first person may say it too. Throws Trouble('state.conflict') for other bytes, and for a yes of the same person;
 * Trouble('reply.signature-needed' | 'reply.no-passkey') where a click is not enough.
 */
export async function secondRelease(desk: ReplyDesk, house: ApprovalHouse, second: Second): Promise<void> {
  if (second.yes) await refuseNewPlaces(desk, { replyId: second.replyId, version: null })
  await withReply(desk.db, second.replyId, async (tx, record) => {
    assertState(record, ['draft'])
    const { reply, first } = record
    const made = fixedIn(record)
    if (first === null || made === null || reply.digest !== second.digest)
      throw new Trouble('state.conflict', { replyId: reply.id, seen: second.digest, digest: reply.digest })
    if (!second.yes) return refuseSecond(desk, house, tx, record, second)
    const { by, assertion } = second
    if (first.by === by) throw new Trouble('reply.same-person', { replyId: reply.id })
    if (assertion === undefined) await refuseClick(tx, by, 'second')
    const taken = assertion === undefined ? null : await takeStatement(desk, tx, { replyId: reply.id, by, assertion })
    const ready = await readyToLeave(desk, tx, record, { at: new Date(first.at), made })
    const signed = taken === null ? null : await keepSignature(desk, tx, taken, ready.facts)
    await letLeave(desk, tx, record, { ready, by, first, signed })
    await endAsking(desk, tx, reply.id, 'approved')
  })
}

/** Gives the draft back for review. That is no release, so it is not signed. */
async function refuseSecond(
  desk: ReplyDesk,
  house: ApprovalHouse,
  tx: Db,
  record: ReplyRecord,
  { why, by }: Second,
): Promise<void> {
  const { reply, first } = record
  if (why.trim() === '') throw new Trouble('input.invalid', { fields: { why: 'Say why it shall not leave' } })
  await endAsking(desk, tx, reply.id, first?.by === by ? 'void' : 'refused')
  await keepDraft(desk, tx, record, { text: reply.text, spans: reply.spans })
  const body = { replyId: reply.id, sha256: reply.digest, why: why.trim() }
  await append(tx, { kind: 'reply.second-refused', actor: by, subject: subjectOf(reply.id), body }, desk.clock)
  if (first !== null && first.by !== by) {
    const { id: replyId, alertId, version } = reply
    const who = (await namesOfActors(tx, [by]))(by)
    await tellFirst(house, tx, { replyId, alertId, version, first: first.by }, `${who} refused to release it: ${why}`)
  }
  await tell(tx, reply.alertId)
}

/** A release that was signed, whichever of the two it is. */
export async function signRelease(
  desk: ReplyDesk,
  house: ApprovalHouse,
  signing: { readonly replyId: string; readonly by: string; readonly assertion: Assertion },
): Promise<'held' | 'second'> {
  const record = await replyRecord(desk.db, signing.replyId)
  if (record === null) throw new Trouble('not.found', { replyId: signing.replyId })
  const { reply, first } = record
  if (first === null) return releaseReply(desk, house, { ...signing, version: reply.version })
  await secondRelease(desk, house, { ...signing, digest: reply.digest ?? '', yes: true, why: '' })
  return 'held'
}

/** Under which rule it leaves, as it was at this moment. */
function ruleOf(provider: Provider): string {
  const { mayShare, never, upToTlp } = agreementOf(provider)
  const shared = mayShare.length === 0 ? 'nothing as it is' : mayShare.join(', ')
  const but = never.length === 0 ? '' : `, never ${never.join(', ')}`
  return `Every sensitive place reviewed; the agreement lets leave: ${shared}${but}, intelligence up to TLP:${upToTlp}`
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

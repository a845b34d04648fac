import { randomBytes } from 'node:crypto'
import { lockAlert } from '../../db/alerts.ts'
import {
  type Approval,
  type ApprovalOf,
  approvalById,
  approvalLink,
  approvalsFor,
  askSeat,
  endApproval,
  giveChallenge,
  goToPlace,
  handSeatOver,
  insertAnswer,
  insertApprovalLink,
  type Link,
  type Seat,
  seatsOf,
  takeStatement,
  useLinks,
} from '../../db/approvals.ts'
import { notifyAll } from '../../db/live.ts'
import { type Db, transaction } from '../../db/open.ts'
import { noteRegistration, type Passkey, usePasskey } from '../../db/passkeys.ts'
import { journalLine, waitingSnapshot } from '../../db/runs.ts'
import { canonicalJson, type Json } from '../../kit/canonical-json.ts'
import { newSecret, sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { append } from '../../ledger/append.ts'
import { problemsOfApproval } from '../../ledger/approval-proof.ts'
import {
  ApprovalStatement,
  type ApprovalVerdict,
  maySign,
  type PasskeySignature,
  type SignedApproval,
  stageOf,
  statementForm,
} from '../../model/approval.ts'
import { Snapshot } from '../snapshot.ts'
import { wakeRuns } from '../wake.ts'
import { type ApprovalHouse, askStage, askWhoIsDue, isFull, mailLink, openPlaces, topicsOf } from './ask-place.ts'
import { answerersAt, countsElsewhere, openSeats, placesSigned } from './due.ts'

/** As long as any challenge of a passkey. */
const challengeMs = 5 * 60_000

/** Where a link's holder stands. */
export type Standing = {
  readonly link: Link
  readonly approval: Approval
  readonly seats: readonly Seat[]
  readonly seat: Seat
  /** `later`: the place before has not signed. `counted`: they signed at another place, and somebody else can sign here. */
  readonly state: 'open' | 'signed' | 'handed-over' | 'later' | 'over' | 'expired' | 'not-allowed' | 'counted'
}

/** What a link leads to; null for a token that is not ours. Looking changes nothing, for mail scanners open links too. */
export async function standingOf(db: Db, token: string, now: Date, lock = false): Promise<Standing | null> {
  const link = await approvalLink(db, token)
  if (link === null) return null
  const approval = await approvalById(db, link.approvalId, { lock })
  if (approval === null) return null
  const seats = await seatsOf(db, approval.id)
  const seat = seats.find((one) => one.place === link.place && one.userId === link.userId)
  return seat === undefined ? null : { link, approval, seats, seat, state: stateOf(approval, seats, seat, link, now) }
}

function stateOf(
  approval: Approval,
  seats: readonly Seat[],
  seat: Seat,
  link: Pick<Link, 'expiresAt' | 'usedAt'>,
  now: Date,
): Standing['state'] {
  if (seat.verdict !== null) return 'signed'
  if (seat.handedTo !== null) return 'handed-over'
  if (approval.state === 'expired') return 'expired'
  if (approval.state !== 'open') return 'over'
  if (now >= new Date(approval.expiresAt) || now >= new Date(link.expiresAt)) return 'expired'
  const isTheirTurn = openPlaces(approval, seats).includes(seat.place)
  if (!isTheirTurn && approval.placeNow < seat.place && !isFull(approval, seats, seat.place)) return 'later'
  if (!isTheirTurn || link.usedAt !== null || seat.askedAt === null) return 'over'
  if (!maySign(seat) || approval.askedBy === `user:${seat.userId}`) return 'not-allowed'
  if (!openSeats(seats, seat.place).includes(seat)) return 'over'
  return countsElsewhere(approval, seats, seat) ? 'counted' : 'open'
}

/** The same of a link that can still sign, locked. Throws Trouble('approval.over' | 'approval.refused') where it cannot. */
export async function openStanding(house: Pick<ApprovalHouse, 'clock'>, tx: Db, token: string): Promise<Standing> {
  // The alert before anything else of it: the one order in which all lock.
  const seen = await standingOf(tx, token, house.clock.now())
  if (seen === null) throw new Trouble('not.found')
  await lockAlert(tx, seen.approval.alertId)
  const standing = await standingOf(tx, token, house.clock.now(), true)
  if (standing === null) throw new Trouble('not.found')
  if (standing.state === 'not-allowed')
    throw new Trouble('approval.refused', { problem: 'this person may not sign it' })
  if (standing.state === 'counted')
    throw new Trouble('approval.refused', {
      problem: 'they signed at another place of this chain, and somebody else can sign here',
    })
  if (standing.state !== 'open') throw new Trouble('approval.over', { state: standing.state })
  return standing
}

/** The step that waits for it. The release of an answer is signed as a release (replies/sign-release.ts), by whoever is signed in. */
function stepOf({ of }: Approval): Extract<ApprovalOf, { kind: 'step' }> {
  if (of.kind === 'step') return of
  throw new Trouble('approval.refused', { problem: 'an answer is released by whoever is signed in' })
}

/** Writes the statement that this person would sign now, and keeps it for five minutes; its SHA-256 is the challenge. */
export async function prepareStatement(
  house: ApprovalHouse,
  token: string,
  said: { readonly verdict: ApprovalVerdict; readonly reason: string },
  page: { readonly origin: string; readonly rpId: string },
): Promise<{ readonly statement: string; readonly challenge: Buffer; readonly userId: string }> {
  const reason = said.reason.trim()
  if (said.verdict === 'refuse' && reason === '') throw new Trouble('input.invalid', { fields: { reason: 'Say why' } })
  return transaction(house.db, async (tx) => {
    const { link, approval, seat, seats } = await openStanding(house, tx, token)
    stepOf(approval)
    const alsoSigned = titlesSigned(approval, seats, seat)
    const now = house.clock.now()
    const { matter } = approval
    const statement = canonicalJson({
      ...{ statement: statementForm, approval: approval.id, nonce: randomBytes(32).toString('base64url') },
      who: {
        ...{ user: seat.userId, email: seat.email, name: seat.name, role: seat.role, deputy: seat.deputy },
        ...{ place: matter.places[seat.place]?.title ?? '', standsFor: seat.standsFor },
        ...(alsoSigned.length === 0 ? {} : { alsoSigned }),
      },
      ...{ verdict: said.verdict, reason, subject: { kind: 'action', sha256: approval.subjectSha256 } },
      ...{ what: matter.what, alternatives: matter.alternatives, rule: approval.rule, ifSilent: matter.ifSilent },
      ...{ askedAt: approval.askedAt, at: now.toISOString(), expiresAt: approval.expiresAt, ...page },
    })
    const challenge = Buffer.from(sha256Hex(statement), 'hex')
    const expiresAt = new Date(now.getTime() + challengeMs)
    await giveChallenge(tx, {
      challenge: challenge.toString('base64url'),
      linkDigest: link.digest,
      statement,
      expiresAt,
    })
    return { statement, challenge, userId: seat.userId }
  })
}

/** The places that this person signed before; more than none only where too few others can sign. */
export const titlesSigned = ({ matter }: Approval, seats: readonly Seat[], seat: Seat): string[] =>
  placesSigned(seats, seat).map((place) => matter.places[place]?.title ?? '')

/** What the browser brought back; http/approvals.ts has verified it as any sign of a passkey. */
export type Assertion = {
  readonly challenge: string
  readonly passkey: Passkey
  readonly counterAfter: number
  readonly authenticatorData: Buffer
  readonly clientData: Buffer
  readonly signature: Buffer
}

/** The assertion over a statement, as a ledger record holds it. */
export function signatureOf(statement: string, assertion: Assertion): PasskeySignature {
  const { passkey, authenticatorData, clientData, signature } = assertion
  return {
    ...{ statement, credential: passkey.id, counter: passkey.counter },
    publicKey: passkey.publicKey.toString('base64url'),
    authenticatorData: authenticatorData.toString('base64url'),
    clientData: clientData.toString('base64url'),
    signature: signature.toString('base64url'),
  }
}

type Signing = 'signed' | 'void'

/**
 * Takes a signature: assertion, ledger record, the state of the approval and the job that goes on with the run are one transaction. Once: the
 * statement is used up. Says `void`, and ends the approval so, when what was to be approved is no longer what was shown.
 */
export async function takeSignature(house: ApprovalHouse, token: string, assertion: Assertion): Promise<void> {
  const done = await transaction(house.db, async (tx): Promise<Signing> => {
    const { link, approval, seat } = await openStanding(house, tx, token)
    const now = house.clock.now()
    const statement = await takeStatement(tx, assertion.challenge, link.digest, now)
    if (statement === null || assertion.passkey.userId !== seat.userId)
      throw new Trouble('approval.refused', { problem: 'another statement, person or time' })
    if (!(await stillStands(tx, approval))) {
      await endIt(house, tx, approval, 'void')
      return 'void'
    }
    const read = ApprovalStatement.parse(JSON.parse(statement))
    if (read.who.role !== seat.role) throw new Trouble('approval.refused', { problem: 'the role has changed since' })
    await keepSignature(house, tx, { approval, seat, statement, read, assertion, now })
    await useLinks(tx, { approvalId: approval.id, place: seat.place, userId: seat.userId }, now)
    await moveOn(house, tx, approval, read.verdict)
    return 'signed'
  })
  if (done === 'void') throw new Trouble('approval.void')
}

async function keepSignature(
  house: ApprovalHouse,
  tx: Db,
  from: { approval: Approval; seat: Seat; statement: string; read: ApprovalStatement; assertion: Assertion; now: Date },
): Promise<void> {
  const { approval, seat, statement, read, assertion, now } = from
  const { passkey, authenticatorData, clientData, signature } = assertion
  const signed: SignedApproval = {
    ...{ alertId: approval.alertId, runId: stepOf(approval).runId, approval: approval.id, verdict: read.verdict },
    ...{ subject: approval.subject, ...signatureOf(statement, assertion) },
  }
  // What is kept must hold later, without us: the check of the auditor, before it is written.
  const problems = problemsOfApproval(signed, read)
  if (problems.length > 0) throw new Trouble('approval.refused', { problems })
  if (!(await usePasskey(tx, passkey.id, passkey.counter, assertion.counterAfter, now)))
    throw new Trouble('approval.refused', { problem: 'passkey counter' })
  const fresh = await insertAnswer(tx, {
    ...{ approvalId: approval.id, place: seat.place, userId: seat.userId, verdict: read.verdict, reason: read.reason },
    ...{ statement, credentialId: passkey.id, publicKey: passkey.publicKey, counter: passkey.counter },
    ...{ authenticatorData, clientData, signature, at: now },
  })
  if (!fresh) throw new Trouble('approval.over', { state: 'signed' })
  const actor = `user:${seat.userId}`
  await noteRegistration(tx, passkey, house.clock)
  await append(tx, { kind: 'approval.signed', actor, subject: `approval:${approval.id}`, body: signed }, house.clock)
}

/** Does the run still wait for exactly these bytes? A step done again, skipped or cancelled asks for others, or for none. */
async function stillStands(tx: Db, approval: Approval): Promise<boolean> {
  const { runId, stepPath } = stepOf(approval)
  const line = await journalLine(tx, runId, stepPath)
  const snapshot = await waitingSnapshot(tx, runId)
  if (line?.state !== 'waiting' || line.waitingFor !== 'approval' || snapshot === null) return false
  if (sha256Hex(approval.subject) !== approval.subjectSha256) return false
  const steps = (JSON.parse(approval.subject) as { steps?: unknown }).steps
  return steps === sha256Hex(canonicalJson(Snapshot.parse(snapshot) as unknown as Json))
}

async function moveOn(house: ApprovalHouse, tx: Db, approval: Approval, verdict: ApprovalVerdict): Promise<void> {
  if (verdict === 'refuse') return endIt(house, tx, approval, 'refused')
  await notifyAll(tx, topicsOf(approval))
  const open = openPlaces(approval, await seatsOf(tx, approval.id))
  // Whoever signed is lost to the places beside theirs: somebody else may have to be asked there.
  for (const place of open) await askWhoIsDue(house, tx, approval, place)
  if (open.length > 0) return
  const next = stageOf(approval.matter.places, approval.placeNow).to + 1
  if (next >= approval.matter.places.length) return endIt(house, tx, approval, 'approved')
  await goToPlace(tx, approval.id, next)
  await askStage(house, tx, approval, next, await remindersOf(tx, approval))
}

/** The reminders that the playbook, as the run began with it, asks for. */
async function remindersOf(tx: Db, approval: Approval): Promise<readonly string[]> {
  const { runId, stepPath } = stepOf(approval)
  const line = await journalLine(tx, runId, stepPath)
  const { remind } = (line?.input ?? {}) as { remind?: readonly string[] }
  return remind ?? []
}

async function endIt(
  house: ApprovalHouse,
  tx: Db,
  approval: Approval,
  state: 'approved' | 'refused' | 'void',
): Promise<void> {
  if (!(await endApproval(tx, approval.id, state, house.clock.now()))) return
  const { alertId, subjectSha256 } = approval
  const body = { alertId, runId: stepOf(approval).runId, state, subjectSha256 }
  await append(tx, { kind: 'approval.ended', actor: 'system', subject: `approval:${approval.id}`, body }, house.clock)
  if (state !== 'void') await wakeRuns(tx, alertId, 'approval')
  await notifyAll(tx, topicsOf(approval))
}

/**
 * Who can take this seat over. Nobody who stands for somebody already: one signature for two people would leave the quorum out of reach. Nor
 * who signed at another place while others can sign here: they would have to hand on.
 */
export const deputiesFor = (approval: Approval, seats: readonly Seat[], seat: Seat): readonly Seat[] =>
  answerersAt(approval, seats, seat.place).filter(
    (one) => one.deputy && one.userId !== seat.userId && one.standsFor === null,
  )

/** "Not me": hands over to a deputy of the same place, who gets a link of their own. */
export async function handOver(house: ApprovalHouse, token: string, to: string): Promise<void> {
  await transaction(house.db, async (tx) => {
    const { approval, seat, seats } = await openStanding(house, tx, token)
    if (!deputiesFor(approval, seats, seat).some(({ userId }) => userId === to))
      throw new Trouble('input.invalid', { fields: { to: 'Choose a deputy who can still sign' } })
    const now = house.clock.now()
    const mine = { approvalId: approval.id, place: seat.place, userId: seat.userId }
    await handSeatOver(tx, mine, to, now)
    await useLinks(tx, mine, now)
    // A deputy who hands on hands on the seat of the member.
    await askSeat(tx, { ...mine, userId: to }, seat.standsFor ?? seat.userId, now)
    await mailLink(house, tx, approval, { place: seat.place, userId: to, which: `for ${seat.userId}` })
    const body = { place: seat.place, from: seat.userId, to }
    await append(
      tx,
      { kind: 'approval.handed-over', actor: `user:${seat.userId}`, subject: `approval:${approval.id}`, body },
      house.clock,
    )
    await notifyAll(tx, topicsOf(approval))
  })
}

/** What waits for this person's signature, the soonest end first. */
export async function waitingFor(db: Db, userId: string, now: Date): Promise<readonly Approval[]> {
  const waiting: Approval[] = []
  for (const approval of await approvalsFor(db, userId, now)) {
    const seats = await seatsOf(db, approval.id)
    const open = openPlaces(approval, seats).flatMap((place) => answerersAt(approval, seats, place))
    if (open.some((seat) => seat.userId === userId && seat.askedAt !== null)) waiting.push(approval)
  }
  return waiting
}

/** A way to the page for somebody who is signed in and was asked: it lives a quarter of an hour. Null: they were not asked, or have signed. */
export async function linkFor(house: ApprovalHouse, approvalId: string, userId: string): Promise<string | null> {
  return transaction(house.db, async (tx) => {
    const approval = await approvalById(tx, approvalId)
    if (approval === null) return null
    const seats = await seatsOf(tx, approvalId)
    const places = openPlaces(approval, seats)
    const seat = places
      .flatMap((place) => answerersAt(approval, seats, place))
      .find(({ userId: who, askedAt }) => who === userId && askedAt !== null)
    if (seat === undefined) return null
    const now = house.clock.now()
    const end = Math.min(now.getTime() + 15 * 60_000, Date.parse(approval.expiresAt))
    const token = newSecret()
    await insertApprovalLink(
      tx,
      token,
      { approvalId, place: seat.place, userId, expiresAt: new Date(end).toISOString() },
      now,
    )
    return token
  })
}

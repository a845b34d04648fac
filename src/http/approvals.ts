import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server'
import type { ApprovalPage, ApprovalRow } from '../contract/approvals.ts'
import { getAlert } from '../db/alerts.ts'
import { talkOf } from '../db/approval-talk.ts'
import { type Approval, receiptOf, type Seat, seatsOf } from '../db/approvals.ts'
import type { Db } from '../db/open.ts'
import { passkeyById, passkeysOf } from '../db/passkeys.ts'
import { type ReleaseWord, wordOnRelease } from '../db/second-releases.ts'
import { namesOfActors } from '../db/users.ts'
import { Trouble } from '../kit/errors.ts'
import { isInStage } from '../model/approval.ts'
import { questionsMax } from '../playbooks/approvals/questions.ts'
import { releaseSubjectOf } from '../playbooks/approvals/second-release.ts'
import { type Assertion, deputiesFor, type Standing, titlesSigned } from '../playbooks/approvals/sign.ts'
import type { Front } from './front.ts'
import type { Site } from './serve.ts'

/** An approval as a page shows it. */
export async function approvalRow(db: Db, approval: Approval, seats?: readonly Seat[]): Promise<ApprovalRow> {
  const { id, alertId, of, matter, rule, subjectSha256, askedAt, expiresAt, state, placeNow } = approval
  const all = await answersOf(db, approval, seats ?? (await seatsOf(db, id)))
  const alert = await getAlert(db, alertId)
  return {
    ...{
      id,
      alertId,
      alertNumber: alert?.alert.number ?? 0,
      runId: of.kind === 'step' ? of.runId : null,
      stepPath: of.kind === 'step' ? of.stepPath : null,
      replyId: of.kind === 'release' ? of.replyId : null,
      ...matter,
      rule,
      subjectSha256,
      askedAt,
      expiresAt,
      state,
      placeNow,
    },
    talk: (await talkOf(db, id)).map(({ byName, at, text, isAnswer }) => ({ byName, at, text, isAnswer })),
    places: matter.places.map(({ title, quorum }, place) => {
      const here = all.filter((seat) => seat.place === place)
      // Whoever released an answer too may have been asked by nobody: the page of the answer is open to all who may.
      const isReleased = of.kind === 'release' && state === 'approved'
      return {
        now: state === 'open' && isInStage(matter.places, placeNow, place),
        ...{ title, quorum, signed: isReleased ? quorum : here.filter(({ verdict }) => verdict === 'approve').length },
        seats: here.map(
          ({ userId, name, deputy, standsFor, askedAt: asked, handedTo, verdict, reason, signedAt, index }) => ({
            standsFor: here.find((seat) => seat.userId === standsFor)?.name ?? null,
            ...{
              userId,
              name,
              deputy,
              asked: asked !== null,
              handedOver: handedTo !== null,
              verdict,
              reason,
              signedAt,
            },
            ledgerIndex: index,
          }),
        ),
      }
    }),
  }
}

type Answered = Seat & { readonly index: number | null }

/** Who said what, and where it stands in the ledger: signatures of an approval, or what became of an answer. */
async function answersOf(db: Db, approval: Approval, seats: readonly Seat[]): Promise<readonly Answered[]> {
  const word = await wordOf(db, approval)
  return Promise.all(
    seats.map(async (seat) => {
      if (word !== null && word.userId === seat.userId)
        return { ...seat, verdict: word.verdict, reason: word.reason, signedAt: word.at, index: word.index }
      return { ...seat, index: await indexOf(db, approval.id, seat) }
    }),
  )
}

async function wordOf(db: Db, approval: Approval): Promise<ReleaseWord | null> {
  if (approval.of.kind === 'step' || approval.state === 'open') return null
  return wordOnRelease(db, approval.of.replyId, releaseSubjectOf(approval).sha256)
}

async function indexOf(db: Db, approvalId: string, seat: Seat): Promise<number | null> {
  return seat.verdict === null ? null : ((await receiptOf(db, { approvalId, ...seat }))?.index ?? null)
}

export async function approvalPage(db: Db, standing: Standing): Promise<ApprovalPage> {
  const { approval, seat, seats } = standing
  const here = seats.filter(({ place }) => place === seat.place)
  const member = here.find(({ userId }) => userId === seat.standsFor)
  const standIn =
    seat.handedTo === null
      ? here.find(({ standsFor, handedTo }) => standsFor === seat.userId && handedTo === null)
      : undefined
  const receipt = await receiptAt(db, approval, seat)
  const row = await approvalRow(db, approval, seats)
  return {
    // What was said about an answer that may leave is for whoever is signed in, as the answer is.
    approval: { ...row, talk: approval.of.kind === 'release' ? [] : row.talk },
    release: await releaseAsked(db, approval),
    me: {
      ...{
        userId: seat.userId,
        name: seat.name,
        place: seat.place,
        passkeys: (await passkeysOf(db, seat.userId)).length,
      },
      questionsLeft: Math.max(0, questionsMax - seat.questions),
      standsFor: member === undefined ? null : { name: member.name, away: member.handedTo === null },
      standIn: standIn?.name ?? null,
      alsoSigned: titlesSigned(approval, seats, seat),
      receipt,
    },
    state: receipt === null ? standing.state : 'signed',
    deputies: deputiesFor(approval, seats, seat).map(({ userId, name }) => ({ userId, name })),
  }
}

async function receiptAt(db: Db, approval: Approval, seat: Seat): Promise<ApprovalPage['me']['receipt']> {
  const word = await wordOf(db, approval)
  if (word !== null)
    return word.userId !== seat.userId
      ? null
      : { verdict: word.verdict, at: word.at, recordId: word.recordId, ledgerIndex: word.index }
  if (seat.verdict === null || seat.signedAt === null) return null
  const receipt = await receiptOf(db, { approvalId: approval.id, ...seat })
  if (receipt === null) return null
  return { verdict: seat.verdict, at: seat.signedAt, recordId: receipt.recordId, ledgerIndex: receipt.index }
}

/** Of an answer that waits for its second release: what leaves by its digest, and to whom. Its words are for whoever is signed in. */
async function releaseAsked(db: Db, approval: Approval): Promise<ApprovalPage['release']> {
  if (approval.of.kind === 'step') return null
  const { sha256, sizeBytes, to, files, dryRun } = releaseSubjectOf(approval)
  const first = (await namesOfActors(db, [approval.askedBy]))(approval.askedBy)
  return { replyId: approval.of.replyId, sha256, sizeBytes, to, files, dryRun, firstBy: first }
}

type At = { readonly front: Front; readonly site: Site }

/** Options for signing exactly this challenge with one of this person's own passkeys. */
export async function signingOptions({ front, site }: At, userId: string, challenge: Uint8Array<ArrayBuffer>) {
  const keys = await passkeysOf(front.db, userId)
  if (keys.length === 0) throw new Trouble('approval.refused', { problem: 'no passkey is registered' })
  return generateAuthenticationOptions({
    ...{ rpID: site.url.hostname, challenge, userVerification: 'required' },
    allowCredentials: keys.map(({ id, transports }) => ({ id, transports: transports as never })),
  })
}

/** Verifies a signature as any sign of a passkey; whose it must be and which statement it is over, the work room looks at. */
export async function assertionOf({ front, site }: At, response: unknown): Promise<Assertion> {
  const answer = response as AuthenticationResponseJSON
  const passkey = typeof answer.id === 'string' ? await passkeyById(front.db, answer.id) : null
  if (passkey === null) throw new Trouble('approval.refused', { problem: 'unknown passkey' })
  let challenge = ''
  const checked = await verifyAuthenticationResponse({
    response: answer,
    expectedChallenge: (given) => {
      challenge = given
      return true
    },
    ...{ expectedOrigin: site.url.origin, expectedRPID: site.url.hostname, requireUserVerification: true },
    credential: { id: passkey.id, publicKey: new Uint8Array(passkey.publicKey), counter: passkey.counter },
  }).catch((error: unknown) => {
    throw new Trouble('approval.refused', { problem: 'the signature does not hold' }, error)
  })
  if (!checked.verified) throw new Trouble('approval.refused', { problem: 'the signature does not hold' })
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')
  return {
    ...{ challenge, passkey, counterAfter: checked.authenticationInfo.newCounter },
    authenticatorData: bytes(answer.response.authenticatorData),
    clientData: bytes(answer.response.clientDataJSON),
    signature: bytes(answer.response.signature),
  }
}

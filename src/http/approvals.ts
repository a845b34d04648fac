import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  verifyAuthenticationResponse,
} from '@simplewebauthn/server'
import type { ApprovalPage, ApprovalRow } from '../contract/approvals.ts'
import { getAlert } from '../db/alerts.ts'
import { type Approval, receiptOf, type Seat, seatsOf } from '../db/approvals.ts'
import type { Db } from '../db/open.ts'
import { passkeyById, passkeysOf } from '../db/passkeys.ts'
import { Trouble } from '../kit/errors.ts'
import { type Assertion, deputiesFor, questionsMax, type Standing } from '../playbooks/approvals/sign.ts'
import type { Front } from './front.ts'
import type { Site } from './serve.ts'

/** An approval as a page shows it. */
export async function approvalRow(db: Db, approval: Approval, seats?: readonly Seat[]): Promise<ApprovalRow> {
  const { id, alertId, runId, stepPath, matter, rule, subjectSha256, askedAt, expiresAt, state, placeNow } = approval
  const all = await Promise.all(
    (seats ?? (await seatsOf(db, id))).map(async (seat) => ({ ...seat, index: await indexOf(db, id, seat) })),
  )
  const alert = await getAlert(db, alertId)
  return {
    ...{
      id,
      alertId,
      alertNumber: alert?.alert.number ?? 0,
      runId,
      stepPath,
      ...matter,
      rule,
      subjectSha256,
      askedAt,
      expiresAt,
      state,
      placeNow,
    },
    places: matter.places.map(({ title, quorum }, place) => {
      const here = all.filter((seat) => seat.place === place)
      return {
        ...{ title, quorum, signed: here.filter(({ verdict }) => verdict === 'approve').length },
        seats: here.map(({ userId, name, deputy, askedAt: asked, handedTo, verdict, reason, signedAt, index }) => ({
          ...{ userId, name, deputy, asked: asked !== null, handedOver: handedTo !== null, verdict, reason, signedAt },
          ledgerIndex: index,
        })),
      }
    }),
  }
}

async function indexOf(db: Db, approvalId: string, seat: Seat): Promise<number | null> {
  return seat.verdict === null ? null : ((await receiptOf(db, approvalId, seat.userId))?.index ?? null)
}

export async function approvalPage(db: Db, standing: Standing): Promise<ApprovalPage> {
  const { approval, seat, seats, state } = standing
  const receipt = seat.verdict === null ? null : await receiptOf(db, approval.id, seat.userId)
  return {
    approval: await approvalRow(db, approval, seats),
    me: {
      ...{
        userId: seat.userId,
        name: seat.name,
        place: seat.place,
        passkeys: (await passkeysOf(db, seat.userId)).length,
      },
      questionsLeft: Math.max(0, questionsMax - seat.questions),
      receipt:
        seat.verdict === null || seat.signedAt === null || receipt === null
          ? null
          : { verdict: seat.verdict, at: seat.signedAt, recordId: receipt.recordId, ledgerIndex: receipt.index },
    },
    state,
    deputies: deputiesFor(seats, seat).map(({ userId, name }) => ({ userId, name })),
  }
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

import { randomBytes } from 'node:crypto'
import { seatsOf } from '../../db/approvals.ts'
import type { Db } from '../../db/open.ts'
import { hadPasskey, noteRegistration, passkeysOf, usePasskey } from '../../db/passkeys.ts'
import { giveRelease, insertReleaseSignature, takeRelease } from '../../db/release-signatures.ts'
import { openReleaseOf } from '../../db/second-releases.ts'
import { settingOf } from '../../db/settings.ts'
import { userById, userIdOf } from '../../db/users.ts'
import { canonicalJson, type Json } from '../../kit/canonical-json.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { problemsOfAssertion } from '../../ledger/assertion-proof.ts'
import { releaseStatement } from '../../ledger/release-proof.ts'
import type { PasskeySignature } from '../../model/approval.ts'
import {
  clickIsEnough,
  ReleaseFacts,
  type ReleasePart,
  type ReleaseSigning,
  type ReleaseStatement,
  releaseForm,
  releaserRoles,
  releaseSigningDefault,
} from '../../model/release.ts'
import { type Assertion, signatureOf } from '../approvals/sign.ts'
import type { ReplyDesk } from './desk.ts'
import type { Made } from './protect.ts'

/** As long as any challenge of a passkey. */
const challengeMs = 5 * 60_000

/** The page on which it is signed. */
export type Page = { readonly origin: string; readonly rpId: string }

const releaseSigning = async (db: Db): Promise<ReleaseSigning> =>
  (await settingOf(db, 'release-signing')) ?? releaseSigningDefault

/** How this person can release it. Who had a passkey signs, also after losing it: taking it away does not bring the click back. */
export async function howToRelease(
  db: Db,
  userId: string,
  part: ReleasePart,
): Promise<{ readonly passkeys: number; readonly clickIsEnough: boolean }> {
  const passkeys = (await passkeysOf(db, userId)).length
  return { passkeys, clickIsEnough: clickIsEnough(await releaseSigning(db), part, await hadPasskey(db, userId)) }
}

/** Throws Trouble('reply.signature-needed' | 'reply.no-passkey') where a click of this person is not enough. */
export async function refuseClick(tx: Db, by: string, part: ReleasePart): Promise<void> {
  const userId = userIdOf(by)
  const how =
    userId === null
      ? { passkeys: 0, clickIsEnough: clickIsEnough(await releaseSigning(tx), part, false) }
      : await howToRelease(tx, userId, part)
  if (!how.clickIsEnough)
    throw new Trouble(how.passkeys === 0 ? 'reply.no-passkey' : 'reply.signature-needed', { part })
}

export type GivenRelease = { readonly statement: string; readonly challenge: Buffer; readonly userId: string }

/** Writes the statement that this person would sign now, and keeps it, with the bytes that a first release would fix, for five minutes. */
export async function giveStatement(
  tx: Db,
  giving: { readonly facts: ReleaseFacts; readonly made: Made | null; readonly by: string; readonly page: Page },
  now: Date,
): Promise<GivenRelease> {
  const { facts, made, page } = giving
  const user = await signerOf(tx, giving.by)
  const expiresAt = new Date(now.getTime() + challengeMs)
  const statement: ReleaseStatement = {
    ...facts,
    ...{ statement: releaseForm, nonce: randomBytes(32).toString('base64url') },
    who: {
      ...{ user: user.id, email: user.email, name: user.name, role: user.role },
      ...(await inPlaceOf(tx, facts, user.id)),
    },
    ...{ at: now.toISOString(), expiresAt: expiresAt.toISOString(), ...page },
  }
  const text = canonicalJson(statement as unknown as Json)
  const challenge = Buffer.from(sha256Hex(text), 'hex')
  await giveRelease(
    tx,
    {
      ...{ challenge: challenge.toString('base64url'), replyId: facts.reply, userId: user.id },
      ...{ statement: text, made, expiresAt },
    },
    now,
  )
  return { statement: text, challenge, userId: user.id }
}

/** Of a second release: for whom this person was asked, where that was for somebody else. */
async function inPlaceOf(tx: Db, facts: ReleaseFacts, userId: string): Promise<{ readonly standsFor?: string }> {
  const asking = facts.release === 'second' ? await openReleaseOf(tx, facts.reply) : null
  const seats = asking === null ? [] : await seatsOf(tx, asking.id)
  const standsFor = seats.find((seat) => seat.userId === userId)?.standsFor ?? null
  return standsFor === null ? {} : { standsFor }
}

async function signerOf(tx: Db, by: string) {
  const id = userIdOf(by)
  const user = id === null ? null : await userById(tx, id)
  if (user === null || user.disabled || !(releaserRoles as readonly string[]).includes(user.role))
    throw new Trouble('approval.refused', { problem: 'this person may not sign it' })
  return user
}

/** A statement that was signed, taken from those that were given out: it counts this once. */
export type TakenRelease = {
  readonly statement: ReleaseStatement
  readonly text: string
  /** Of a first release. */
  readonly made: Made | null
  readonly assertion: Assertion
}

/** Throws Trouble('approval.refused') for what was signed by another person, over another answer, twice, or too late. */
export async function takeStatement(
  desk: ReplyDesk,
  tx: Db,
  of: { readonly replyId: string; readonly by: string; readonly assertion: Assertion },
): Promise<TakenRelease> {
  const { assertion, replyId } = of
  const user = await signerOf(tx, of.by)
  const taken = await takeRelease(tx, { challenge: assertion.challenge, replyId, userId: user.id }, desk.clock.now())
  const statement = taken === null ? null : releaseStatement(taken.statement)
  if (taken === null || statement === null || assertion.passkey.userId !== user.id)
    throw new Trouble('approval.refused', { problem: 'another statement, person or time' })
  if (statement.who.role !== user.role) throw new Trouble('approval.refused', { problem: 'the role has changed since' })
  return { statement, text: taken.statement, made: taken.made, assertion }
}

/**
 * Keeps a signature, and gives what proves it for the ledger record of the release. Throws Trouble('state.conflict') when what would leave,
 * to whom or under which rule is no longer what was signed.
 */
export async function keepSignature(
  desk: ReplyDesk,
  tx: Db,
  taken: TakenRelease,
  facts: ReleaseFacts,
): Promise<PasskeySignature> {
  const { statement, text, assertion } = taken
  if (canonicalJson(ReleaseFacts.strip().parse(statement) as Json) !== canonicalJson(facts as Json))
    throw new Trouble('state.conflict', {
      replyId: facts.reply,
      problem: 'what was signed is not what would leave now',
    })
  const { passkey, authenticatorData, clientData, signature } = assertion
  const signed = signatureOf(text, assertion)
  // What is kept must hold later, without us: the check of the auditor, before it is written.
  const problems = problemsOfAssertion(signed, statement)
  if (problems.length > 0) throw new Trouble('approval.refused', { problems })
  const now = desk.clock.now()
  if (!(await usePasskey(tx, passkey.id, passkey.counter, assertion.counterAfter, now)))
    throw new Trouble('approval.refused', { problem: 'passkey counter' })
  await insertReleaseSignature(tx, {
    ...{ replyId: facts.reply, part: facts.release, userId: statement.who.user, sha256: facts.subject.sha256 },
    ...{ statement: text, credentialId: passkey.id, publicKey: passkey.publicKey, counter: passkey.counter },
    ...{ authenticatorData, clientData, signature, at: now },
  })
  await noteRegistration(tx, passkey, desk.clock)
  return signed
}

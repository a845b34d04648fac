import { getAlert } from '../db/alerts.ts'
import { insertFindings } from '../db/findings.ts'
import { notifyAll } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import {
  type PersonAnswer,
  type PersonQuestion,
  personQuestionByDigest,
  setPersonAnswer,
} from '../db/person-questions.ts'
import { sha256Hex } from '../kit/digest.ts'
import { stableId } from '../kit/stable-id.ts'
import { appendAll } from '../ledger/append.ts'
import { wakeSleeping } from './arrange.ts'
import type { House } from './house.ts'
import { rejudge } from './rejudge.ts'
import { wakeRuns } from './wake.ts'

/** Longer than this nobody types on a phone. */
export const commentCharsMax = 4000

export type Answering =
  | { readonly kind: 'taken'; readonly question: PersonQuestion }
  | { readonly kind: 'answered-before' | 'expired'; readonly question: PersonQuestion }
  | { readonly kind: 'unknown' }

function standing(house: Pick<House, 'clock'>, question: PersonQuestion | null) {
  if (question === null) return { kind: 'unknown' } as const
  if (question.answeredAt !== null) return { kind: 'answered-before', question } as const
  if (house.clock.now() >= new Date(question.expiresAt)) return { kind: 'expired', question } as const
  return { kind: 'open', question } as const
}

/**
 * Takes the answer of a person who followed a one-time link: it becomes evidence, the alert is judged again and the waiting
 * run goes on, in one transaction. A link works once; its answer is never changed.
 */
export async function answerPersonQuestion(
  house: Pick<House, 'db' | 'clock'>,
  token: string,
  answer: PersonAnswer,
  comment: string,
): Promise<Answering> {
  return answerByDigest(house, sha256Hex(token), { answer, comment }, null)
}

/** The same for somebody who is signed in and was asked (`signedIn`: "user:<id>"); that it was they who were asked, the caller has looked at. */
export async function answerByDigest(
  house: Pick<House, 'db' | 'clock'>,
  digest: string,
  { answer, comment }: { readonly answer: PersonAnswer; readonly comment: string },
  signedIn: string | null,
): Promise<Answering> {
  return transaction(house.db, async (tx) => {
    // The alert before anything else of it: the one order in which all lock.
    const seen = await personQuestionByDigest(tx, digest)
    if (seen !== null) await getAlert(tx, seen.alertId, { lock: true })
    const stands = standing(house, await personQuestionByDigest(tx, digest, { lock: true }))
    if (stands.kind !== 'open') return stands
    const { question } = stands
    const at = house.clock.now()
    await setPersonAnswer(tx, digest, answer, comment.slice(0, commentCharsMax), at)
    await keepAnswer(house, tx, question, { answer, comment: comment.slice(0, commentCharsMax), at, signedIn })
    await rejudge(house, tx, question.alertId, { full: false })
    await wakeSleeping(house, tx, question.alertId, 'evidence')
    if (question.runId !== null) await wakeRuns(tx, question.alertId, 'answer')
    await notifyAll(tx, [`alert:${question.alertId}`, 'queue'])
    return { kind: 'taken', question }
  })
}

function wayOf(signedIn: string | null, runId: string | null, email: string): string {
  if (signedIn !== null) return `${email}, signed in`
  return runId === null ? `a one-time link, handed to ${email}` : `mail to ${email} with a one-time link`
}

async function keepAnswer(
  house: Pick<House, 'clock'>,
  tx: Db,
  question: PersonQuestion,
  given: { answer: PersonAnswer; comment: string; at: Date; signedIn: string | null },
): Promise<void> {
  const { alertId, email, runId } = question
  const id = question.findingId ?? stableId('answer', alertId, email, question.askedAt)
  const at = given.at.toISOString()
  await insertFindings(tx, [
    {
      id,
      alertId,
      runId,
      question: 'was-this-you',
      ask: { email, what: question.what, alertId },
      connector: 'person',
      kind: 'found',
      answer: { answer: given.answer, comment: given.comment, by: email, at },
      why: '',
      query: wayOf(given.signedIn, runId, email),
      windowFrom: null,
      windowTo: null,
      aroundMinutes: null,
      costMs: given.at.getTime() - new Date(question.askedAt).getTime(),
      askedAt: at,
    },
  ])
  await appendAll(
    tx,
    [
      {
        kind: 'person.answered',
        actor: `person:${email}`,
        subject: `alert:${alertId}`,
        body: { findingId: id, answer: given.answer, askedAt: question.askedAt, signedIn: given.signedIn },
      },
      {
        kind: 'finding.recorded',
        actor: `person:${email}`,
        subject: `alert:${alertId}`,
        body: { findingId: id, runId, question: 'was-this-you', connector: 'person', kind: 'found' },
      },
    ],
    house.clock,
  )
}

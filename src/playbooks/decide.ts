import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { changeAlert, getAlert, lockAlert } from '../db/alerts.ts'
import { insertDecision, standingDecision, undoDecision } from '../db/decisions.ts'
import { insertFindings } from '../db/findings.ts'
import { notifyAll } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import { repliesOf } from '../db/replies.ts'
import { insertTuning, withdrawTuning } from '../db/tuning.ts'
import { canonicalJson, type Json } from '../kit/canonical-json.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import type { Alert } from '../model/alert.ts'
import type { AroundMinutes, Window } from '../model/finding.ts'
import type { QuestionName } from '../model/question.ts'
import type { Outcome } from '../model/triage.ts'
import { endAsking } from './approvals/second-release.ts'
import { hasLooked, lockSeen, wakeSleeping } from './arrange.ts'
import type { House } from './house.ts'
import { keptOf } from './kept-answer.ts'
import { rejudge } from './rejudge.ts'
import { onDecision } from './wake.ts'

/** A question asked by hand may take as long as a patient person looks at the screen. */
const askAgainTimeoutMs = 30_000

type Desk = Pick<House, 'db' | 'clock'>

/** A decision as a person gave it, or an expectation whose owner lets it decide. */
type Deciding = {
  readonly alertId: string
  readonly outcome: Outcome
  readonly reason: string
  readonly cites: readonly string[]
  readonly withoutEvidence: boolean
  readonly version: number
  readonly by: string
  /** Of decisions that are made at once (decide-many.ts). */
  readonly batch?: string
}

/**
 * Writes a person's decision down: the row, the alert, the ledger line and the waking of the run that waits for it, in one
 * transaction. Throws Trouble('state.conflict') when the alert is not as the person saw it or a decision stands already,
 * 'input.invalid' when it cites nothing and does not say so.
 */
export async function decide(
  house: Desk & Pick<House, 'draftReply'>,
  deciding: Deciding,
): Promise<{ decisionId: string; version: number }> {
  return transaction(house.db, (tx) => decideIn(house, tx, deciding))
}

/** The same in a transaction of the caller, which holds the alert or is about to. */
export async function decideIn(
  house: Pick<House, 'clock' | 'draftReply'>,
  tx: Db,
  deciding: Deciding,
): Promise<{ decisionId: string; version: number }> {
  const { alertId, outcome, reason, cites, withoutEvidence, by } = deciding
  const at = house.clock.now()
  const [seen] = await lockSeen(house, tx, [{ id: alertId, version: deciding.version }])
  if (seen?.mergedInto != null)
    throw new Trouble('state.conflict', {
      fields: { alert: 'It is merged into another: decide that one, or unmerge it first.' },
    })
  if ((await standingDecision(tx, alertId)) !== null) throw new Trouble('state.conflict', { alertId })
  const version = await changeAlert(tx, alertId, deciding.version, { state: 'decided', outcome, decidedAt: at })
  const id = randomUUID()
  const decision = { id, alertId, outcome, reason, cites: [...cites], withoutEvidence, by, at: at.toISOString() }
  await insertDecision(tx, decision, deciding.batch ?? null)
  const body = {
    ...{ decisionId: id, outcome, reason, cites: [...cites], withoutEvidence },
    ...(deciding.batch === undefined ? {} : { batch: deciding.batch }),
  }
  await append(tx, { kind: 'decision.made', actor: by, subject: `alert:${alertId}`, body }, house.clock)
  if (outcome === 'tune') await insertTuning(tx, { id: randomUUID(), decisionId: id, alertId, at })
  // After an answer to an earlier decision no playbook waits to draft the next one.
  if ((await repliesOf(tx, alertId)).length > 0) await house.draftReply(tx, alertId, null)
  await onDecision(tx, alertId)
  await notifyAll(tx, [`alert:${alertId}`, 'queue'])
  return { decisionId: id, version }
}

/**
 * Takes a decision back; the row stays, the alert is open again. Throws Trouble('state.conflict') when it does not stand any more, or
 * while its answer waits to leave: that must be taken back first.
 */
export async function undo(
  house: Desk,
  undoing: { readonly alertId: string; readonly decisionId: string; readonly by: string },
): Promise<void> {
  const { alertId, decisionId, by } = undoing
  await transaction(house.db, async (tx) => {
    await lockAlert(tx, alertId)
    const record = await getAlert(tx, alertId)
    if (record === null) throw new Trouble('not.found', { alertId })
    const standing = await standingDecision(tx, alertId)
    if (standing?.id !== decisionId) throw new Trouble('state.conflict', { alertId })
    const replies = await repliesOf(tx, alertId)
    if (replies.some(({ reply }) => reply.state === 'held' || reply.state === 'sending'))
      throw new Trouble('state.conflict', { alertId, problem: 'an answer is about to leave: take it back first' })
    // Nobody is asked to release an answer to what nobody says any more.
    for (const { reply, first } of replies) if (first !== null) await endAsking(house, tx, reply.id, 'void')
    await undoDecision(tx, alertId, by, house.clock.now())
    await withdrawTuning(tx, decisionId, by, house.clock.now())
    await changeAlert(tx, alertId, record.version, { state: 'open', outcome: null, decidedAt: null })
    await append(
      tx,
      { kind: 'decision.undone', actor: by, subject: `alert:${alertId}`, body: { decisionId } },
      house.clock,
    )
    await notifyAll(tx, [`alert:${alertId}`, 'queue'])
  })
}

/**
 * Asks one question by hand, of every source that answers it or of the one named. `around`: about so many minutes before and after the moment
 * it is about, in place of what its sources usually look at. Each answer is kept beside the earlier ones, and the alert is judged again.
 */
export async function askAgain(
  house: Pick<House, 'db' | 'clock' | 'ask'>,
  asking: {
    readonly alertId: string
    readonly question: QuestionName
    readonly ask: Readonly<Record<string, unknown>>
    readonly connector?: string | undefined
    readonly around?: AroundMinutes | undefined
    readonly by: string
  },
): Promise<void> {
  const { alertId, question, ask, connector: only, around, by } = asking
  const record = await getAlert(house.db, alertId)
  if (record === null) throw new Trouble('not.found', { alertId })
  const answers = await house.ask(question, ask, {
    signal: AbortSignal.timeout(askAgainTimeoutMs),
    ...(only === undefined ? {} : { only: [only] }),
    ...(around === undefined ? {} : { window: windowAround(momentOf(ask, record.alert), around) }),
  })
  await transaction(house.db, async (tx) => {
    await lockAlert(tx, alertId)
    for (const asked of answers) {
      const id = randomUUID()
      const { connector, kind, ...kept } = keptOf(asked)
      const finding = { id, alertId, runId: null, question, ask: { ...ask }, aroundMinutes: around ?? null }
      await insertFindings(tx, [{ ...finding, connector, kind, ...kept }])
      const askSha256 = sha256Hex(canonicalJson(ask as Json))
      const body = { findingId: id, runId: null, question, connector, kind, askSha256 }
      await append(tx, { kind: 'finding.recorded', actor: by, subject: `alert:${alertId}`, body }, house.clock)
    }
    await rejudge(house, tx, alertId, { full: false })
    if (answers.some(({ answered }) => hasLooked(answered.kind))) await wakeSleeping(house, tx, alertId, 'evidence')
    await notifyAll(tx, [`alert:${alertId}`, 'queue'])
  })
}

/** The moment a question is about; where it names none, when it happened, or when we heard of it. */
function momentOf(ask: Readonly<Record<string, unknown>>, alert: Alert): number {
  const at = z.iso.datetime().safeParse(ask['at'])
  return Date.parse(at.success ? at.data : (alert.occurredAt ?? alert.receivedAt))
}

function windowAround(moment: number, minutes: number): Window {
  const away = minutes * 60_000
  return { from: new Date(moment - away).toISOString(), to: new Date(moment + away).toISOString() }
}

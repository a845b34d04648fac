import { randomUUID } from 'node:crypto'
import { lastActs, lockQueued, type Queued } from '../db/alert-queue.ts'
import { alertsByIds } from '../db/alerts.ts'
import { decisionsOfAlerts, decisionsOfBatch } from '../db/decisions.ts'
import { findingsOfAlerts } from '../db/findings.ts'
import { transaction } from '../db/open.ts'
import { repliesOf } from '../db/replies.ts'
import { Trouble } from '../kit/errors.ts'
import type { Finding } from '../model/finding.ts'
import type { Judgement, Outcome } from '../model/triage.ts'
import { type Seen, standsAgainst } from './arrange.ts'
import { decide, undo } from './decide.ts'
import type { House } from './house.ts'

type Desk = Pick<House, 'db' | 'clock' | 'draftReply'>

/** What would be decided about one alert, and what stands against it. */
export type Would = {
  readonly id: string
  readonly number: number
  readonly title: string
  readonly entity: string | null
  readonly outcome: Outcome
  readonly proposed: Outcome | null
  readonly cites: readonly Finding[]
  readonly because: string
  readonly problem: string | null
}

type Item = Seen & { readonly outcome: Outcome | null }

/** Looks, and changes nothing. Throws Trouble('not.found') when one of the alerts is not there. */
export async function previewMany(
  house: Pick<House, 'db' | 'clock'>,
  asked: { readonly outcome: Outcome; readonly alerts: readonly Item[] },
): Promise<readonly Would[]> {
  const ids = asked.alerts.map(({ id }) => id)
  const records = await alertsByIds(house.db, ids)
  const findings = await findingsOfAlerts(house.db, ids)
  const problems = await problemsOf(house, asked.alerts)
  return asked.alerts.map(({ id, outcome: own }) => {
    const record = records.get(id)
    if (record === undefined) throw new Trouble('not.found', { alertId: id })
    const outcome = own ?? asked.outcome
    const { number, title, entity } = record.alert
    const cites = speaksFor(record.judgement, outcome, findings.get(id) ?? [])
    const proposed = record.judgement?.proposal.outcome ?? null
    // "No proposal", or the sentence for another outcome, is nobody's reason for this one.
    const because = proposed === outcome ? (record.judgement?.proposal.sentence ?? '') : ''
    return { id, number, title, entity, outcome, proposed, cites, because, problem: problems.get(id) ?? null }
  })
}

/** The evidence for an outcome: what supports the proposal where it is the same, what contradicts it where it is another. */
function speaksFor(judgement: Judgement | null, outcome: Outcome, findings: readonly Finding[]): readonly Finding[] {
  if (judgement === null) return []
  const { proposal } = judgement
  const says = proposal.outcome === outcome ? proposal.supports : proposal.contradicts
  const ids = new Set(says.map(({ findingId }) => findingId))
  return findings.filter(({ id }) => ids.has(id))
}

/** Why each of them cannot be decided, by its id. */
async function problemsOf(
  house: Pick<House, 'db' | 'clock'>,
  seen: readonly Seen[],
): Promise<ReadonlyMap<string, string>> {
  const ids = seen.map(({ id }) => id)
  const now = await transaction(house.db, (tx) => lockQueued(tx, ids))
  const standing = await decisionsOfAlerts(house.db, ids)
  const acts = await lastActs(house.db, ids)
  const problems = new Map<string, string>()
  for (const { id, version } of seen) {
    const alert = now.get(id)
    const problem = alert === undefined ? null : problemOf(alert, version, standing.has(id))
    const changed = problem === 'changed' ? standsAgainst(acts.get(id), house.clock.now()) : problem
    if (changed !== null) problems.set(id, changed)
  }
  return problems
}

function problemOf(alert: Queued, version: number, stands: boolean): string | null {
  if (alert.version !== version) return 'changed'
  if (stands) return 'It is decided.'
  return alert.mergedInto === null ? null : 'It is merged into another.'
}

/**
 * Decides several alerts for one reason: each is a decision, a ledger line and a draft of its own, and all are made or none. Throws
 * Trouble('state.conflict') that names each alert that cannot be decided with the reason, 'input.invalid' where one cites nothing and nobody
 * said that this is meant.
 */
export async function decideMany(
  house: Desk,
  deciding: {
    readonly alerts: readonly (Item & { readonly reason: string | null; readonly cites: readonly string[] })[]
    readonly outcome: Outcome
    readonly reason: string
    readonly withoutEvidence: boolean
    readonly by: string
  },
): Promise<{ batchId: string; decisions: { alertId: string; decisionId: string; version: number }[] }> {
  const { alerts, by } = deciding
  const bare = alerts.filter(({ cites }) => cites.length === 0).length
  if (bare > 0 && !deciding.withoutEvidence)
    throw new Trouble('input.invalid', {
      fields: { withoutEvidence: `${bare} of them cite nothing: cite, or say that this is meant` },
    })
  const batchId = randomUUID()
  return transaction(house.db, async (tx) => {
    // In the order in which all lock several alerts.
    const inOrder = alerts.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const there = await lockQueued(
      tx,
      inOrder.map(({ id }) => id),
    )
    const desk = { ...house, db: tx }
    refuseAny(there, await problemsOf(desk, inOrder))
    const decisions: { alertId: string; decisionId: string; version: number }[] = []
    for (const { id: alertId, version, outcome, reason, cites } of inOrder) {
      const made = await decide(desk, {
        ...{ alertId, version, cites, by, batch: batchId },
        outcome: outcome ?? deciding.outcome,
        reason: reason === null || reason === '' ? deciding.reason : reason,
        withoutEvidence: cites.length === 0,
      })
      decisions.push({ alertId, ...made })
    }
    return { batchId, decisions }
  })
}

function refuseAny(alerts: ReadonlyMap<string, Queued>, problems: ReadonlyMap<string, string>): void {
  if (problems.size === 0) return
  const fields = Object.fromEntries([...problems].map(([id, says]) => [`A-${alerts.get(id)?.number ?? '?'}`, says]))
  throw new Trouble('state.conflict', { fields })
}

/**
 * Takes back what of a batch still stands; how many. All of it or nothing: Trouble('state.conflict') names each whose answer is about to
 * leave, 'not.found' where nothing stands.
 */
export async function undoMany(
  house: Pick<House, 'db' | 'clock'>,
  undoing: { readonly batchId: string; readonly by: string },
): Promise<number> {
  return transaction(house.db, async (tx) => {
    const decisions = await decisionsOfBatch(tx, undoing.batchId)
    if (decisions.length === 0) throw new Trouble('not.found', { batchId: undoing.batchId })
    const there = await lockQueued(
      tx,
      decisions.map(({ alertId }) => alertId),
    )
    const problems = new Map<string, string>()
    for (const { alertId } of decisions) {
      const leaving = (await repliesOf(tx, alertId)).some(({ reply }) => ['held', 'sending'].includes(reply.state))
      if (leaving) problems.set(alertId, 'Its answer is about to leave: take that back first.')
    }
    refuseAny(there, problems)
    for (const { id: decisionId, alertId } of decisions)
      await undo({ ...house, db: tx }, { alertId, decisionId, by: undoing.by })
    return decisions.length
  })
}

import type { AlertRecord } from '../../db/alerts.ts'
import { findingsByIds } from '../../db/findings.ts'
import type { Db } from '../../db/open.ts'
import { providerById } from '../../db/providers.ts'
import { answeredBefore, dropDraftedAnswer, saveDraftedAnswer } from '../../db/repeats.ts'
import type { Clock } from '../../kit/clock.ts'
import { append } from '../../ledger/append.ts'
import type { Finding } from '../../model/finding.ts'
import type { Decision, Outcome } from '../../model/triage.ts'
import { draftText } from '../../triage/draft.ts'
import { draftInput } from '../replies/knowledge.ts'
import { questionsIn } from './match.ts'
import type { Recalled } from './recall.ts'

/** What is not decided yet has no decision's id. */
const undecidedId = '00000000-0000-4000-8000-000000000000'

type Remembered = {
  readonly outcome: Outcome
  readonly reason: string
  readonly cites: readonly string[]
  readonly expectationId: string | null
  readonly fromAlert: string | null
}

/**
 * Drafts the remembered answer of an open alert, in the transaction that holds it: what the expectation that holds for it says, else what was
 * decided on the same question within 90 days. Evidence of another alert is never cited: it rests on what the same questions found this time.
 */
export async function draftRemembered(
  house: { readonly clock: Clock },
  tx: Db,
  record: AlertRecord,
  findings: readonly Finding[],
  recalled: Recalled,
): Promise<void> {
  const { alert, judgement } = record
  const remembered = ofExpectation(recalled, findings) ?? (await ofRepeat(tx, alert.id, findings))
  const provider = await providerById(tx, alert.providerId)
  // Nobody can be answered whom nobody knows.
  if (remembered === null || provider === null) return dropDraftedAnswer(tx, alert.id)
  const at = house.clock.now()
  const { outcome, reason, cites, expectationId, fromAlert } = remembered
  const decision: Decision = {
    ...{ id: undecidedId, alertId: alert.id, outcome, reason, cites: [...cites], withoutEvidence: cites.length === 0 },
    ...{ by: 'system', at: at.toISOString(), undoneAt: null },
  }
  const text = draftText(draftInput({ alert, findings, judgement, provider }, decision))
  const fresh = await saveDraftedAnswer(tx, {
    alertId: alert.id,
    expectationId,
    fromAlert,
    outcome,
    reason,
    cites,
    text,
    at,
  })
  if (!fresh) return
  const body = { outcome, fromAlert, expectation: expectationId }
  await append(tx, { kind: 'answer.remembered', actor: 'system', subject: `alert:${alert.id}`, body }, house.clock)
}

function ofExpectation({ matches }: Recalled, findings: readonly Finding[]): Remembered | null {
  const holding = matches.filter(({ kind, expectation }) => kind === 'holds' && expectation.against === 0)
  const [first] = holding
  // Two that say different things say nothing.
  if (first === undefined || holding.some(({ expectation }) => expectation.outcome !== first.expectation.outcome))
    return null
  const { id, outcome, reason, condition } = first.expectation
  return { outcome, reason, cites: citesFor(condition, findings), expectationId: id, fromAlert: null }
}

/** The findings that a condition rests on. */
export function citesFor(condition: string, findings: readonly Finding[]): readonly string[] {
  const named = new Set(questionsIn(condition))
  return findings
    .filter(({ question, kind }) => named.has(question) && (kind === 'found' || kind === 'nothing'))
    .map(({ id }) => id)
}

async function ofRepeat(tx: Db, alertId: string, findings: readonly Finding[]): Promise<Remembered | null> {
  const before = await answeredBefore(tx, alertId)
  if (before === null) return null
  const cited = await findingsByIds(tx, before.cites)
  const cites = [...cited.values()].flatMap(({ question, kind }) => {
    const now = findings.find((one) => one.question === question && one.kind === kind)
    return now === undefined ? [] : [now.id]
  })
  const { outcome, reason } = before
  return { outcome, reason, cites: [...new Set(cites)], expectationId: null, fromAlert: before.alertId }
}

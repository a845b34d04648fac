import type { BacktestRow } from '../../model/backtest.ts'
import type { Expectation } from '../../model/expectation.ts'
import { outcomeTitles } from '../../model/triage.ts'
import { judge } from '../../triage/judge.ts'
import { matchOf } from '../memory/match.ts'
import { changed, judgementChanges, type LookBack, resultOf } from './playbook-backtest.ts'
import { judgeRecorded } from './replay.ts'

/** What of an expectation is tried. */
export type TriedExpectation = Pick<
  Expectation,
  'id' | 'number' | 'scope' | 'condition' | 'outcome' | 'reason' | 'decides'
>

/**
 * A look back with an expectation that was not there then: what would have been proposed, and what would have been answered otherwise than a
 * person did. An alert on which its condition rests on what nobody looked at is "cannot tell". Pure.
 */
export function expectationLookBack(tried: TriedExpectation): LookBack {
  return (recorded) => {
    const { record, findings, decision, history, playbookId } = recorded
    const { alert } = record
    const row = {
      ...{ alertId: alert.id, number: alert.number, messageId: null, title: alert.title, receivedAt: alert.receivedAt },
      ...{ decision: decision?.outcome ?? null, asked: 0 },
    }
    const matched = matchOf(tried, record, findings)
    if (matched === null)
      return { ...row, verdict: 'not-concerned', changes: [], was: null, now: null, unrecorded: [], effects: [] }
    const was = resultOf(judgeRecorded(recorded, findings), playbookId)
    if (matched.kind === 'unknown')
      return { ...row, verdict: 'unknown', changes: [], was, now: was, unrecorded: [matched.why], effects: [] }
    if (matched.kind === 'contradicted')
      return { ...row, verdict: 'same', changes: [], was, now: was, unrecorded: [], effects: [] }
    const says = `Expected (E-${tried.number}): ${tried.reason}`
    const remembered = [{ towards: tried.outcome, strength: 4, positive: true, findingId: null, says } as const]
    const now = new Date(record.filledAt ?? alert.receivedAt)
    const after = resultOf(judge({ alert, findings, history, now, remembered }), playbookId)
    const harm = decision?.outcome === 'incident' || decision?.outcome === 'minor-trouble'
    const changes = [
      ...judgementChanges(was, after),
      ...(harm ? changed('hidden harm', outcomeTitles[decision.outcome], outcomeTitles[tried.outcome]) : []),
    ]
    const effects = [`an answer drafted: ${outcomeTitles[tried.outcome]}`]
    const verdict: BacktestRow['verdict'] = changes.length > 0 ? 'different' : 'same'
    return { ...row, verdict, changes, was, now: after, unrecorded: [], effects }
  }
}

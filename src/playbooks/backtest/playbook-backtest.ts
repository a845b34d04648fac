import type { RecordedAlert } from '../../db/recorded.ts'
import type { BacktestChange, BacktestResult, BacktestRow } from '../../model/backtest.ts'
import type { Playbook } from '../../model/playbook.ts'
import { type Judgement, outcomeTitles } from '../../model/triage.ts'
import { type Library, libraryOf } from '../library.ts'
import { playbookFor } from '../on-alert.ts'
import { judgeRecorded, type Replay, replay } from './replay.ts'

/** Looks at one recorded alert with the candidate among the playbooks of the house. Pure. */
export type LookBack = (recorded: RecordedAlert) => BacktestRow

/** A risk that moves by less than this is shown as the same: it is rounding. */
const riskStep = 0.1

/**
 * A look back with a playbook in place of the one of the same id (or beside all others), held against what the playbook attained that ran by
 * itself then; what people asked by hand is on neither side, though its answers count where the candidate asks the same. One that only people
 * start is tried on every alert, as if it had run alone on each.
 */
export function playbookLookBack(candidate: Playbook, house: Library): LookBack {
  const library = libraryOf([...house.all.filter((playbook) => playbook.id !== candidate.id), candidate])
  return (recorded) => {
    const starts = candidate.on === 'manual' ? candidate : playbookFor(library, recorded.record)
    const concerned = starts?.id === candidate.id || recorded.playbookId === candidate.id
    if (!concerned)
      return rowOf(recorded, { verdict: 'not-concerned', was: null, now: null, replayed: null, changes: [] })
    const judgedThen = judgeRecorded(recorded, recorded.ran)
    const was = resultOf(judgedThen, recorded.playbookId)
    const replayed = starts === null ? null : replay(starts, library, recorded)
    const judgedNow = replayed?.judgement ?? judgeRecorded(recorded, [])
    const now = resultOf(judgedNow, starts?.id ?? null)
    const changes = [
      ...(candidate.on === 'manual' ? [] : changed('playbook', was.playbook ?? 'none', now.playbook ?? 'none')),
      ...judgementChanges(was, now),
    ]
    const unknown = (replayed?.unrecorded.length ?? 0) > 0
    const verdict = changes.length > 0 ? 'different' : unknown ? 'unknown' : 'same'
    return rowOf(recorded, { verdict, was, now, replayed, changes })
  }
}

export function resultOf(judgement: Judgement, playbook: string | null): BacktestResult {
  const { fidelity, risk, proposal } = judgement
  return {
    playbook,
    fidelity,
    risk: { score: risk.score, level: risk.level },
    proposal: proposal.outcome,
  }
}

/** What of a judgement a person would have seen differently. */
export function judgementChanges(was: BacktestResult, now: BacktestResult): readonly BacktestChange[] {
  const fidelity = ({ delivered, attained, applicable }: BacktestResult['fidelity']): string =>
    `${attained} of ${applicable} rungs, ${delivered} delivered`
  const moved = Math.abs(was.risk.score - now.risk.score) >= riskStep
  return [
    ...changed('fidelity', fidelity(was.fidelity), fidelity(now.fidelity)),
    ...(moved ? changed('risk', riskWords(was), riskWords(now)) : []),
    ...changed('proposal', proposalWords(was), proposalWords(now)),
  ]
}

const riskWords = ({ risk }: BacktestResult): string => `${risk.score} (${risk.level})`
const proposalWords = ({ proposal }: BacktestResult): string => (proposal === null ? 'none' : outcomeTitles[proposal])

export function changed(what: string, was: string, now: string): readonly BacktestChange[] {
  return was === now ? [] : [{ what, was, now }]
}

function rowOf(
  { record, decision }: RecordedAlert,
  came: Pick<BacktestRow, 'verdict' | 'was' | 'now'> & {
    readonly replayed: Replay | null
    readonly changes: readonly BacktestChange[]
  },
): BacktestRow {
  const { alert } = record
  return {
    ...{ alertId: alert.id, number: alert.number, messageId: null, title: alert.title, receivedAt: alert.receivedAt },
    ...{ verdict: came.verdict, changes: [...came.changes], was: came.was, now: came.now },
    decision: decision?.outcome ?? null,
    asked: came.replayed?.asked ?? 0,
    unrecorded: [...(came.replayed?.unrecorded ?? [])],
    effects: [...(came.replayed?.effects ?? [])],
  }
}

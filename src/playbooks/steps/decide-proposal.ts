import { historyOf } from '../../db/alerts.ts'
import { judge } from '../../triage/judge.ts'
import type { Place } from '../journal.ts'
import { rejudge } from '../rejudge.ts'
import { inStep, type StepEnd, type Walk } from '../walk.ts'

/** Judges the alert from all evidence and puts the proposal into the journal. It never decides. */
export async function decideProposalStep(walk: Walk, place: Place): Promise<StepEnd> {
  return inStep(walk, place, { alert: true }, async (tx, known) => {
    const { house, run } = walk
    if (!run.dryRun) {
      const { proposal, sentence, fidelity } = await rejudge(house, tx, run.alertId, { full: true })
      return { state: 'done', output: { proposal, sentence, fidelity } }
    }
    const { alert, findings } = await known()
    const history = await historyOf(tx, alert.alert)
    const { proposal, sentence, fidelity } = judge({ alert: alert.alert, findings, history, now: house.clock.now() })
    return { state: 'done', output: { proposal, sentence, fidelity } }
  })
}

import { getAlert, historyOf } from '../../db/alerts.ts'
import { judge } from '../../triage/judge.ts'
import type { Place } from '../journal.ts'
import { recall } from '../memory/recall.ts'
import { rejudge } from '../rejudge.ts'
import { inStep, loadKnown, type StepEnd, type Walk, writeEnd } from '../walk.ts'

/** Puts the proposal that follows from all evidence into the journal. It never decides. */
export async function decideProposalStep(walk: Walk, place: Place): Promise<StepEnd> {
  const { house, run } = walk
  if (run.dryRun) {
    const { alert, findings } = await loadKnown(walk, house.db, ['findings'])
    const history = await historyOf(house.db, alert.alert)
    const now = house.clock.now()
    const { signs } = await recall(house.db, alert, findings, now)
    const { proposal, sentence, fidelity } = judge({ alert: alert.alert, findings, history, now, remembered: signs })
    return writeEnd(walk, house.db, place, { state: 'done', output: { proposal, sentence, fidelity } })
  }
  // Whoever adds evidence judges again in the same transaction, so the judgement that is there is that of all evidence.
  const judged =
    walk.judged ??
    (await getAlert(house.db, run.alertId).then((record) => (record?.filledAt == null ? null : record.judgement)))
  if (judged !== null) {
    const { proposal, sentence, fidelity } = judged
    return writeEnd(walk, house.db, place, { state: 'done', output: { proposal, sentence, fidelity } })
  }
  return inStep(walk, place, async (tx) => {
    const { proposal, sentence, fidelity } = await rejudge(house, tx, run.alertId, { full: true })
    return { state: 'done', output: { proposal, sentence, fidelity } }
  })
}

import { getAlert, historyOf, setJudgement } from '../db/alerts.ts'
import { countedFindingsOf } from '../db/findings.ts'
import type { Db } from '../db/open.ts'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import type { Judgement } from '../model/triage.ts'
import { judge } from '../triage/judge.ts'
import { keepRecalled, recall } from './memory/recall.ts'

/**
 * Judges an alert again from all evidence there is and stores what follows, under the alert's lock, so that of two findings
 * that come at once the later judgement sees both. Whoever adds evidence calls this in the same transaction: the stored judgement
 * is always that of all evidence. `full`: the questions of its playbook have been answered.
 */
export async function rejudge(
  house: { readonly clock: Clock },
  tx: Db,
  alertId: string,
  options: { readonly full: boolean },
): Promise<Judgement> {
  const record = await getAlert(tx, alertId, { lock: true })
  if (record === null) throw new Trouble('not.found', { alertId })
  const findings = await countedFindingsOf(tx, alertId)
  const history = await historyOf(tx, record.alert)
  const now = house.clock.now()
  const recalled = await recall(tx, record, findings, now)
  const judgement = judge({ alert: record.alert, findings, history, now, remembered: recalled.signs })
  await setJudgement(tx, alertId, judgement, options.full ? now : null)
  await keepRecalled(tx, record, recalled, now)
  return judgement
}

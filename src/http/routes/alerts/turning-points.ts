import { getAlert, historyOf } from '../../../db/alerts.ts'
import { countedFindingsOf } from '../../../db/findings.ts'
import { recall } from '../../../playbooks/memory/recall.ts'
import { turningPoints } from '../../../triage/turning-points.ts'
import { known, serve } from '../../serve.ts'

export const showTurningPoints = serve('GET /api/alerts/:id/turning-points', async ({ front, params }) => {
  const record = known(await getAlert(front.db, params.id))
  const { alert } = record
  const now = front.clock.now()
  const [findings, history] = await Promise.all([countedFindingsOf(front.db, alert.id), historyOf(front.db, alert)])
  const { signs } = await recall(front.db, record, findings, now)
  return { points: [...turningPoints({ alert, findings, history, now, remembered: signs })] }
})

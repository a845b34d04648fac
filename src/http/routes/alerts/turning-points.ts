import { getAlert, historyOf } from '../../../db/alerts.ts'
import { findingsOf } from '../../../db/findings.ts'
import { turningPoints } from '../../../triage/turning-points.ts'
import { known, serve } from '../../serve.ts'

export const showTurningPoints = serve('GET /api/alerts/:id/turning-points', async ({ front, params }) => {
  const { alert } = known(await getAlert(front.db, params.id))
  const [findings, history] = await Promise.all([findingsOf(front.db, alert.id), historyOf(front.db, alert)])
  return { points: [...turningPoints({ alert, findings, history, now: front.clock.now() })] }
})

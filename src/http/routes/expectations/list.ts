import { alertsOfExpectation, expectationById, listExpectations } from '../../../db/expectations.ts'
import { known, serve } from '../../serve.ts'

export const showExpectations = serve('GET /api/expectations', async ({ front }) => {
  const now = front.clock.now()
  return { rows: [...(await listExpectations(front.db, now))], now: now.toISOString() }
})

export const showExpectationAlerts = serve('GET /api/expectations/:id/alerts', async ({ front, params }) => {
  known(await expectationById(front.db, params.id, front.clock.now()))
  return { rows: [...(await alertsOfExpectation(front.db, params.id))] }
})

import { alertsOfExpectation, expectationById, expectationsDue, listExpectations } from '../../../db/expectations.ts'
import { known, serve } from '../../serve.ts'

export const showExpectations = serve('GET /api/expectations', async ({ front }) => {
  const now = front.clock.now()
  return { rows: [...(await listExpectations(front.db, now))], now: now.toISOString() }
})

export const showExpectationAlerts = serve('GET /api/expectations/:id/alerts', async ({ front, params }) => {
  known(await expectationById(front.db, params.id, front.clock.now()))
  return { rows: [...(await alertsOfExpectation(front.db, params.id))] }
})

export const showExpectationsDue = serve('GET /api/expectations/due', async ({ front, session, may }) => {
  const now = front.clock.now()
  const whose = { userId: session().user.id, ofNobody: may('expectation.decide') }
  return { rows: [...(await expectationsDue(front.db, whose, now))], now: now.toISOString() }
})

export const previewExpectationAgain = serve('GET /api/expectations/:id/preview', ({ front, params }) =>
  front.work.memory.previewAgain(params.id),
)

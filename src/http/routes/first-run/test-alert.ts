import { traceOf } from '../../../db/first-run.ts'
import { known, serve } from '../../serve.ts'

export const sendFirstAlert = serve('POST /api/first-run/test-alert', ({ front, actor }) =>
  front.work.sample.test(actor()),
)

export const traceFirstAlert = serve('GET /api/first-run/test-alert/:id', async ({ front, params }) =>
  known(await traceOf(front.db, params.id)),
)

import { alertOfRun } from '../../../db/house-front.ts'
import { getRun } from '../../../db/runs.ts'
import { known, serve } from '../../serve.ts'

export const showRun = serve('GET /api/runs/:id', async ({ front, params }) => ({
  run: known(await getRun(front.db, params.id)),
  alert: known(await alertOfRun(front.db, params.id)),
}))

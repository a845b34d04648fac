import { getBacktest } from '../../../db/backtests.ts'
import { known, serve } from '../../serve.ts'

export const showBacktest = serve('GET /api/backtests/:id', async ({ front, params }) =>
  known(await getBacktest(front.db, params.id)),
)

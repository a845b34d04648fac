import { listBacktests } from '../../../db/backtests.ts'
import { serve } from '../../serve.ts'

export const showBacktests = serve('GET /api/backtests', async ({ front }) => ({
  backtests: [...(await listBacktests(front.db))],
}))

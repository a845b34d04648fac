import { backtestRows, getBacktest } from '../../../db/backtests.ts'
import { known, serve } from '../../serve.ts'

export const showBacktestRows = serve('GET /api/backtests/:id/rows', async ({ front, params, query }) => {
  known(await getBacktest(front.db, params.id))
  const { rows, next } = await backtestRows(front.db, params.id, {
    verdict: query.verdict === '' ? null : query.verdict,
    change: query.change === '' ? null : query.change,
    unrecorded: query.unrecorded === 'yes',
    after: query.after,
  })
  return { rows: [...rows], next }
})

import { serve } from '../../serve.ts'

export const askBacktest = serve('POST /api/backtests', async ({ front, body, actor }) => ({
  id: await front.work.playbooks.askBacktest({ ...body, by: actor() }),
}))

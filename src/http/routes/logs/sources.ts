import { askerGone } from '../../asker-gone.ts'
import { serve } from '../../serve.ts'

export const showLogSources = serve('GET /api/lake/sources', async ({ front, reply }) =>
  front.logs.page(askerGone(reply)),
)

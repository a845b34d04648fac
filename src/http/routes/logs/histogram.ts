import { askerGone } from '../../asker-gone.ts'
import { serve } from '../../serve.ts'

export const showHistogram = serve('POST /api/lake/histogram', async ({ front, body, reply }) =>
  front.logs.histogram(body, askerGone(reply)),
)

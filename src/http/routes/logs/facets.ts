import { askerGone } from '../../asker-gone.ts'
import { serve } from '../../serve.ts'

export const showFacets = serve('POST /api/lake/facets', async ({ front, body, reply }) =>
  front.logs.facets(body, askerGone(reply)),
)

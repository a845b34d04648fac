import { askerGone } from '../../asker-gone.ts'
import { serve } from '../../serve.ts'
import { noteSearch } from './note-search.ts'

/** The most frequent accounts and hosts of a query are what a search is for. */
export const showFacets = serve('POST /api/lake/facets', async ({ front, body, reply, actor }) => {
  await noteSearch(front, actor(), body, true)
  return front.logs.facets(body, askerGone(reply))
})

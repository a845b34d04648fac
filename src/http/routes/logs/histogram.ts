import { askerGone } from '../../asker-gone.ts'
import { serve } from '../../serve.ts'
import { noteSearch } from './note-search.ts'

/** When somebody did something is personal data too; how many lines came in all is on the page of sources. */
export const showHistogram = serve('POST /api/lake/histogram', async ({ front, body, reply, actor }) => {
  if (body.q.trim() !== '') await noteSearch(front, actor(), body, true)
  return front.logs.histogram(body, askerGone(reply))
})

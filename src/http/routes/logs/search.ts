import { askerGone } from '../../asker-gone.ts'
import { serve } from '../../serve.ts'
import { noteSearch } from './note-search.ts'

export const searchLogs = serve('POST /api/lake/search', async ({ front, body, reply, actor }) => {
  await noteSearch(front, actor(), body, body.after !== null)
  return front.logs.search(body, askerGone(reply))
})

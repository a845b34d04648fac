import { getAlert } from '../../../db/alerts.ts'
import { matchesOf } from '../../../db/expectations.ts'
import { known, serve } from '../../serve.ts'

export const showMemory = serve('GET /api/alerts/:id/memory', async ({ front, params }) => {
  const { alert } = known(await getAlert(front.db, params.id))
  return { matches: [...(await matchesOf(front.db, alert.id))] }
})

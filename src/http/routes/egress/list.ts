import { egressRowsMax } from '../../../contract/egress.ts'
import { listEgress } from '../../../db/egress.ts'
import { namesOfActors } from '../../../db/users.ts'
import { serve } from '../../serve.ts'

export const showEgress = serve('GET /api/egress', async ({ front, query }) => {
  const found = await listEgress(front.db, query, egressRowsMax)
  const rows = found.slice(0, egressRowsMax)
  const nameOf = await namesOfActors(
    front.db,
    rows.map(({ releasedBy }) => releasedBy),
  )
  const last = rows.at(-1)
  return {
    rows: rows.map((row) => ({ ...row, releasedByName: nameOf(row.releasedBy) })),
    next: found.length > rows.length && last !== undefined ? `${last.releasedAt} ${last.id}` : null,
  }
})

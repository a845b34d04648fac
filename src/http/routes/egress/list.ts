import { egressRowsMax } from '../../../contract/egress.ts'
import { listEgress } from '../../../db/egress.ts'
import { namesOfActors } from '../../../db/users.ts'
import { serve } from '../../serve.ts'

/** People in the words of a rule; the record has their ids, a page their names. */
const actors = /user:[0-9a-f-]{36}/g

export const showEgress = serve('GET /api/egress', async ({ front, query }) => {
  const found = await listEgress(front.db, query, egressRowsMax)
  const rows = found.slice(0, egressRowsMax)
  const nameOf = await namesOfActors(
    front.db,
    rows.flatMap(({ releasedBy, rule }) => [releasedBy, ...(rule.match(actors) ?? [])]),
  )
  const last = rows.at(-1)
  return {
    rows: rows.map((row) => ({
      ...row,
      rule: row.rule.replace(actors, nameOf),
      releasedByName: nameOf(row.releasedBy),
    })),
    next: found.length > rows.length && last !== undefined ? `${last.releasedAt} ${last.id}` : null,
  }
})

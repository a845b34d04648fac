import { searchGlanceHits, searchHitsMax, searchPermissions } from '../../../contract/search.ts'
import { find } from '../../../db/search/find.ts'
import { markerOf } from '../../../db/search/marked.ts'
import { SearchKind } from '../../../model/search.ts'
import { readSearch } from '../../../triage/search-expression.ts'
import { plainOf } from '../../../triage/search-words.ts'
import { serve } from '../../serve.ts'

/** Each role, and each key, finds what it may see, kind by kind; of what it may not, it does not even learn that there is something. */
export const searchEverything = serve('GET /api/search', async ({ front, query, may }) => {
  const began = performance.now()
  const ask = readSearch(query.q)
  const kinds = SearchKind.options.filter(
    (kind) => (query.kind === '' || query.kind === kind) && may(searchPermissions[kind]),
  )
  const groups = await find(front.db, {
    ask,
    kinds,
    marker: markerOf(ask, plainOf),
    places: { quarantined: may('quarantine.see'), apart: may('message.download') },
    hitsMax: query.glance ? searchGlanceHits : searchHitsMax,
  })
  return {
    groups: groups.filter((group) => group.hits.length > 0 || group.stopped),
    notes: [...ask.notes],
    ms: performance.now() - began,
  }
})

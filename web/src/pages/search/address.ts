import type { SearchKind } from '../../../../src/model/search.ts'
import { isSearchKind } from '../../words.ts'

/** A search, as it stands in the address. */
export type Search = { q?: string; kind?: SearchKind }

export function searchOf(given: Record<string, unknown>): Search {
  const { q, kind } = given
  return {
    ...(q === undefined ? {} : { q: String(q).slice(0, 500) }),
    ...(isSearchKind(kind) ? { kind } : {}),
  }
}

import { SearchKind } from '../../../../src/model/search.ts'

/** A search, as it stands in the address. */
export type Search = { q?: string; kind?: SearchKind }

export function searchOf(given: Record<string, unknown>): Search {
  const kind = SearchKind.safeParse(given['kind'])
  return {
    ...(given['q'] === undefined ? {} : { q: String(given['q']).slice(0, 500) }),
    ...(kind.success ? { kind: kind.data } : {}),
  }
}

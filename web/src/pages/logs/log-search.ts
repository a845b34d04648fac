import { call } from '../../api.ts'

/** Everything a search says, in its address. Without `q` nothing was asked yet. */
export type LogSearch = { q?: string; from?: string; to?: string; source?: string }

/** A fresh look at the sources: for completions, and to say what there is to search. */
export const lakeQuery = {
  queryKey: ['lake'],
  queryFn: () => call('GET /api/lake/sources'),
  refetchInterval: 30_000,
} as const

const text = (value: unknown, charsMax: number): string => String(value).slice(0, charsMax)

/** What of an address is a search; the rest is dropped. */
export function logSearchOf(search: Record<string, unknown>): LogSearch {
  return {
    ...(search['q'] === undefined ? {} : { q: text(search['q'], 16_000) }),
    ...(search['from'] === undefined ? {} : { from: text(search['from'], 40) }),
    ...(search['to'] === undefined ? {} : { to: text(search['to'], 40) }),
    ...(search['source'] === undefined ? {} : { source: text(search['source'], 6_400) }),
  }
}

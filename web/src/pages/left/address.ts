import type { EgressFilter } from '../../../../src/contract/egress.ts'
import { kindWords, stateWords } from './left-words.ts'

/** What of the list stands in its address: the same words as the server's, each left out where it says nothing. */
export type LeftSearch = Partial<Pick<EgressFilter, 'provider' | 'state' | 'kind' | 'q'>>

export function leftSearchOf(given: Readonly<Record<string, unknown>>): LeftSearch {
  const text = (name: keyof LeftSearch): string => (given[name] === undefined ? '' : String(given[name]))
  const known = {
    provider: text('provider').slice(0, 64),
    state: Object.hasOwn(stateWords, text('state')) ? text('state') : '',
    kind: Object.hasOwn(kindWords, text('kind')) ? text('kind') : '',
    q: text('q').slice(0, 200),
  }
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== '')) as LeftSearch
}

import { z } from 'zod'
import { EgressFilter } from '../../../../src/contract/egress.ts'

/** What of the list stands in its address: the same words as the server's, each left out where it says nothing. */
const Search = z.object({
  provider: EgressFilter.shape.provider.catch(undefined),
  state: EgressFilter.shape.state.catch(undefined),
  kind: EgressFilter.shape.kind.catch(undefined),
  q: z.coerce.string().max(200).optional().catch(undefined),
})
export type LeftSearch = z.infer<typeof Search>

export function leftSearchOf(given: Record<string, unknown>): LeftSearch {
  return Object.fromEntries(
    Object.entries(Search.parse(given)).filter(([, value]) => value !== undefined && value !== ''),
  )
}

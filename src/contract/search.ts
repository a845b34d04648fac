import { z } from 'zod'
import { SearchKind } from '../model/search.ts'
import { endpoint } from './endpoint.ts'
import type { Permission } from './permissions.ts'

/** Who may find what. A message is also bound to where it lies (db/search): in an alert, in quarantine, or in neither. */
export const searchPermissions = {
  alert: 'desk.see',
  ticket: 'desk.see',
  message: 'desk.see',
  observable: 'desk.see',
  rule: 'desk.see',
  reply: 'desk.see',
  asset: 'house.see',
  person: 'house.see',
  provider: 'house.see',
  connector: 'house.see',
} as const satisfies Record<SearchKind, Permission>

/** Longer is pasted, not typed. */
export const searchCharsMax = 500
/** Hits of a kind on the results page, and in the palette. */
export const searchHitsMax = 50
export const searchGlanceHits = 5
/** What does not answer in this time is stopped, and that is said. */
export const searchMsMax = 2000

/** A piece of text, and whether it is what was looked for. Text, never markup. */
export const MarkedText = z.array(z.object({ text: z.string(), hit: z.boolean() }))
export type MarkedText = z.infer<typeof MarkedText>

export const SearchHit = z.object({
  kind: SearchKind,
  id: z.string(),
  title: MarkedText,
  /** Where it stands in the text; empty where the title says it. */
  snippet: MarkedText,
  /** Short words beside it: provider, state, outcome. */
  facts: z.array(z.string()),
  at: z.iso.datetime().nullable(),
  /** A page of ours, or a download of ours. */
  href: z.string().regex(/^\/(?!\/)/),
  sample: z.boolean(),
})
export type SearchHit = z.infer<typeof SearchHit>

export const SearchGroup = z.object({
  kind: SearchKind,
  hits: z.array(SearchHit),
  /** There are more than are shown. */
  more: z.boolean(),
  /** It was stopped after `searchMsMax`: what is shown is not all. */
  stopped: z.boolean(),
})
export type SearchGroup = z.infer<typeof SearchGroup>

export const searchApi = {
  'GET /api/search': endpoint({
    permission: 'desk.see',
    says: 'Search over everything the asker may see: words, field:word, "a phrase", -not, before: and after: a day',
    query: z.object({
      q: z.string().max(searchCharsMax),
      kind: SearchKind.or(z.literal('')).default(''),
      glance: z
        .stringbool()
        .default(false)
        .describe('The first few of each kind, for a list that changes as one types'),
    }),
    answer: z.object({
      groups: z.array(SearchGroup),
      notes: z.array(z.string()),
      ms: z.number(),
    }),
  }),
} as const

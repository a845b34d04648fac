import { z } from 'zod'
import { Hit, IntelligenceSource, WarningHit, WarningList } from '../model/intelligence.ts'
import { endpoint } from './endpoint.ts'

const when = z.iso.datetime()

/** The longest thing that is looked up; a URL has up to 2,048 bytes. */
const askedCharsMax = 4_000

export const IntelligencePage = z.object({
  sources: z.array(IntelligenceSource.extend({ stale: z.boolean() })),
  warningLists: z.array(WarningList.extend({ entries: z.int(), importedAt: when })),
  attack: z.object({ version: z.string(), importedAt: when, techniques: z.int() }).nullable(),
  /** How far new indicators were looked for in our own logs; null: never. */
  hunt: z.object({ huntedUntil: when, says: z.string() }).nullable(),
})
export type IntelligencePage = z.infer<typeof IntelligencePage>

export const ObservablePage = z.object({
  type: z.string(),
  value: z.string(),
  verdict: z.enum(['malicious', 'suspicious', 'harmless', 'unknown']),
  note: z.string().nullable(),
  hits: z.array(Hit),
  warnings: z.array(WarningHit),
  /** Sources that could have known it, and how many of them are stale. */
  sources: z.int(),
  stale: z.int(),
})
export type ObservablePage = z.infer<typeof ObservablePage>

export const intelligenceApi = {
  'GET /api/intelligence': endpoint({
    permission: 'house.see',
    says: 'Where our threat intelligence comes from, how each source is, and the lists of what is known to be good',
    answer: IntelligencePage,
  }),
  'GET /api/intelligence/observable': endpoint({
    permission: 'house.see',
    says: 'What we know of an address, name, URL, mail address, digest..., defanged or not, and from whom; asks nobody outside',
    query: z.object({ q: z.string().trim().min(1).max(askedCharsMax) }),
    answer: ObservablePage,
  }),
} as const

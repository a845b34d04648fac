import { z } from 'zod'

/** What can be found. Which of them a person gets is a matter of their role (contract/search.ts). */
export const SearchKind = z.enum([
  'alert',
  'ticket',
  'message',
  'observable',
  'rule',
  'reply',
  'asset',
  'person',
  'provider',
  'connector',
])
export type SearchKind = z.infer<typeof SearchKind>

/** Fields that a search may name, and the letter that stands before their words in the index (0017-search.sql); "" is the text. */
export const searchFields = {
  '': 'x',
  rule: 'r',
  host: 'h',
  user: 'u',
  ip: 'i',
  provider: 'p',
  from: 'f',
  to: 'o',
  subject: 's',
  ticket: 't',
  severity: 'v',
  outcome: 'c',
  is: 'k',
} as const
export type SearchField = keyof typeof searchFields

/** A word to look for: as it stands, or as the beginning of one. Already in the form in which words are compared (triage/search-words.ts). */
export type SearchWord = {
  readonly field: SearchField
  readonly word: string
  readonly prefix: boolean
  readonly not: boolean
}

/** A search, taken apart. Everything in it has to hold. */
export type SearchAsk = {
  readonly words: readonly SearchWord[]
  /** Quoted parts: they have to stand so, next to each other. In the form of `plainOf`. */
  readonly phrases: readonly string[]
  readonly after: string | null
  readonly before: string | null
  /** What could not be taken as it was written, in words for the person. */
  readonly notes: readonly string[]
}

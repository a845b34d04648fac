import { RE2JS } from 're2js'
import { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { type IndicatorType, WarningList } from '../../model/intelligence.ts'
import { normalOf } from '../../observables/normal.ts'
import { typesOfMisp } from './misp.ts'

/** The largest published list (a million names of web sites) has some 25 MB. */
export const warningListBytesMax = 64 * 1024 * 1024
/** Patterns are tried one after the other at each look-up; the longest published list has some dozens. */
export const patternsMax = 2_000

const MispList = z.object({
  name: z.string().min(1).max(300),
  description: z.string().default(''),
  version: z.number().default(0),
  type: z.enum(['string', 'substring', 'hostname', 'cidr', 'regex']),
  list: z.array(z.string()),
  matching_attributes: z.array(z.string()).default([]),
  category: z.string().optional(),
})

/** One entry, as it is compared: a name or text in lower case, a network, or a pattern of RE2 with its flags in front. */
export type WarningEntry = { readonly value: string }
export type ReadWarningList = {
  readonly list: WarningList
  readonly entries: readonly string[]
  readonly refused: readonly { readonly entry: string; readonly why: string }[]
}

/**
 * Lists that say what something is, and not that it is good: whoever talks to a sinkhole may well be infected. MISP has told the two apart
 * by `category` since 2021; older lists are told by their names.
 */
const saysWhatItIs =
  /sinkhole|parking|parked|disposable|throw-?away|link.in.bio|ipfs|dynamic dns|shorten|\btor\b|\bvpn|crypto|top-level|\btlds?\b/i

/** Reads a warning list of MISP. `means` says otherwise than the list itself. Throws Trouble('file.invalid' | 'input.too-large'). */
export function readWarningList(text: string, means: WarningList['means'] | null = null): ReadWarningList {
  const read = MispList.safeParse(jsonOf(text))
  if (!read.success)
    throw new Trouble('file.invalid', { problem: `it is no warning list of MISP: ${z.prettifyError(read.error)}` })
  const { name, description, version, type, list, matching_attributes, category } = read.data
  if (type === 'regex' && list.length > patternsMax)
    throw new Trouble('input.too-large', { problem: `the list has more than ${patternsMax} patterns` })
  const entries = new Set<string>()
  const refused: { entry: string; why: string }[] = []
  for (const entry of list) {
    const made = entryOf(type, entry.trim())
    if ('why' in made) refused.push({ entry: entry.slice(0, 200), why: made.why })
    else entries.add(made.value)
  }
  const own = category === 'known_identifier' || type === 'substring' || saysWhatItIs.test(`${name} ${description}`)
  const types: readonly IndicatorType[] = [...new Set(matching_attributes.flatMap(typesOfMisp))]
  if (matching_attributes.length > 0 && types.length === 0)
    refused.push({
      entry: '(all)',
      why: `nothing that is asked about is of its kinds (${matching_attributes.slice(0, 5).join(', ')})`,
    })
  return {
    list: WarningList.parse({
      ...{ name, description: description.slice(0, 2_000), version, match: type, types },
      means: means ?? (own ? 'known' : 'harmless'),
    }),
    entries: types.length === 0 && matching_attributes.length > 0 ? [] : [...entries],
    refused,
  }
}

function entryOf(type: WarningList['match'], entry: string): WarningEntry | { readonly why: string } {
  if (entry === '') return { why: 'it is empty' }
  switch (type) {
    case 'string':
    case 'substring':
      return { value: entry.toLowerCase() }
    case 'hostname': {
      // ".example.com" and "example.com" both mean the name and all below it (MISP, Warninglist::__evalHostname).
      const normal = normalOf('domain', entry.replace(/^\.+/, ''))
      return normal === null ? { why: 'it is no name of a host' } : { value: normal.value }
    }
    case 'cidr': {
      const normal = normalOf('cidr', entry)
      return normal === null ? { why: 'it is no address or network' } : { value: normal.value }
    }
    case 'regex':
      return patternOf(entry)
  }
}

/** "/^a+$/i" as PHP writes it, or the bare pattern; in the words of RE2, whose time is linear in the text. */
function patternOf(entry: string): WarningEntry | { readonly why: string } {
  const [, inner = entry, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(entry) ?? []
  const known = [...flags].filter((flag) => 'imsu'.includes(flag) && flag !== 'u')
  const value = known.length === 0 ? inner : `(?${[...new Set(known)].join('')})${inner}`
  try {
    RE2JS.compile(value)
    return { value }
  } catch (error) {
    return { why: `RE2 does not take this pattern: ${wordsOf(error)}` }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Trouble('file.invalid', { problem: `it is no JSON: ${wordsOf(error)}` }, error)
  }
}

import { parseDocument } from 'yaml'
import { z } from 'zod'
import { type Issue, type Place, readYamlDocument } from '../../kit/yaml-document.ts'
import { LogParser } from '../../model/log-parser.ts'
import { Signatures } from './signature.ts'

export type { Issue } from '../../kit/yaml-document.ts'

/** Ours have at most 20 KB; a file of thousands of samples is a test, not a parser. */
const fileCharsMax = 200_000

type Read<T> = { readonly value: T | null; readonly issues: readonly Issue[] }

function readYaml<T>(
  text: string,
  schema: z.ZodType<T>,
  check: (value: T, report: (place: Place, problem: string) => void) => void,
  complete: (plain: unknown) => unknown = (plain) => plain,
): Read<T> {
  const read = readYamlDocument(text, 'parsers', fileCharsMax)
  if (!read.ok) return { value: null, issues: read.issues }
  const { report, issues } = read
  const parsed = schema.safeParse(complete(read.plain))
  if (!parsed.success) {
    for (const issue of parsed.error.issues) report(issue.path, issue.message)
    return { value: null, issues }
  }
  check(parsed.data, report)
  return issues.length === 0
    ? { value: parsed.data, issues }
    : { value: null, issues: issues.toSorted((a, b) => a.line - b.line) }
}

/** Group names of a pattern that stand in the way: a group without a name is in no field, so it is written (?:...). */
const bareGroup = (pattern: string): boolean =>
  /(?:^|[^\\])(?:\\\\)*\((?!\?)/.test(pattern.replaceAll(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]/g, 'x'))
/** What RE2 does not have. */
const notRe2 = (pattern: string): boolean =>
  /\(\?(?:=|!|<=|<!|>)|\\[1-9]|[*+?}]\+/.test(pattern.replaceAll(/\\\\|\[\^?\]?(?:\\.|[^\]\\])*\]/g, 'x'))

function checkPatterns(parser: LogParser, report: (place: Place, problem: string) => void): void {
  const re2 =
    'look-around, back-references and possessive repeats are not taken: patterns are RE2, which is linear in time'
  for (const [at, mark] of parser.identify.entries())
    for (const [key, pattern] of Object.entries(mark)) {
      if (pattern === undefined) continue
      if (notRe2(pattern)) report(['identify', at, key], re2)
      if (key === 'body' && new RegExp('^(?:\\.\\*|\\^?\\$?)$').test(pattern))
        report(['identify', at, key], 'fits every line')
    }
  for (const [at, mark] of parser.identify.entries())
    if (mark.app === undefined && mark.body === undefined) report(['identify', at], 'needs `app`, `body` or both')
  if (parser.split.kind !== 'regex') return
  for (const [at, pattern] of parser.split.patterns.entries()) {
    if (notRe2(pattern)) report(['split', 'patterns', at], re2)
    if (bareGroup(pattern))
      report(['split', 'patterns', at], 'has a group without a name: write (?:...) or (?<name>...)')
  }
}

const Likeness = z.looseObject({
  like: z.string(),
  derive: z.looseObject({}).default({}),
  map: z.looseObject({}).default({}),
})

/** A parser that is like another, with what it takes from it. */
function likened(plain: unknown, known: ReadonlyMap<string, LogParser>): unknown {
  const own = Likeness.safeParse(plain)
  const other = own.success ? known.get(own.data.like) : undefined
  if (!own.success || other === undefined) return plain
  return {
    time: other.time,
    class: other.class,
    ...own.data,
    derive: { ...other.derive, ...own.data.derive },
    map: { ...other.map, ...own.data.map },
  }
}

/** The id of the parser that this one is like; null where it is like none. */
export function likenessOf(text: string): string | null {
  if (text.length > fileCharsMax) return null
  const said = Likeness.safeParse(parseDocument(text).toJS())
  return said.success ? said.data.like : null
}

/**
 * Reads one log parser and says everything that is wrong with it, with line and column (from 1). `known` are those that it may be like.
 * Pure.
 */
export const readLogParser = (text: string, known: ReadonlyMap<string, LogParser> = new Map()): Read<LogParser> =>
  readYaml(
    text,
    LogParser,
    (parser, report) => {
      if (parser.like !== undefined && !known.has(parser.like)) report(['like'], `there is no parser "${parser.like}"`)
      checkPatterns(parser, report)
    },
    (plain) => likened(plain, known),
  )

/** The list of product signatures (content/products.yaml), likewise. */
export const readSignatures = (text: string): Read<z.infer<typeof Signatures>> =>
  readYaml(text, Signatures, () => undefined)

import ipaddr from 'ipaddr.js'
import {
  afterAny,
  base64Offsets,
  beforeAny,
  latin,
  type Pattern,
  plainText,
  readPattern,
  utf16,
  withEachDash,
} from './pattern.ts'
import { type LinearRegex, linearRegex } from './regex.ts'
import { RuleProblem } from './rule.ts'

export type Comparison = 'lt' | 'lte' | 'gt' | 'gte' | 'eq'
export const timeParts = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const
export type TimePart = (typeof timeParts)[number]
export type Ends = 'whole' | 'start' | 'end' | 'within'

/** What a field is tested for. */
export type Test =
  /** `bytes`: each letter of the texts is one byte. */
  | { readonly is: 'pattern'; readonly pattern: Pattern; readonly cased: boolean; readonly bytes: boolean }
  | { readonly is: 'regex'; readonly regex: LinearRegex }
  | { readonly is: 'network'; readonly cidr: string }
  | { readonly is: 'number'; readonly how: Comparison; readonly number: number }
  | { readonly is: 'time'; readonly part: TimePart; readonly how: Comparison; readonly number: number }
  | { readonly is: 'null' }
  | { readonly is: 'there'; readonly there: boolean }
  | { readonly is: 'field'; readonly other: string; readonly where: Ends; readonly cased: boolean }
  /** A placeholder without values: holds for nothing, and the rule is not run. */
  | { readonly is: 'nothing' }

/** Values of placeholders ("%servers%") by their name without the percent signs. */
export type Placeholders = Readonly<Record<string, readonly string[]>>

/** How the tests of one field are joined, and whether the whole is turned around (`neq`). */
export type Tests = { readonly tests: readonly Test[]; readonly all: boolean; readonly not: boolean }

const known = new Set([
  ...['contains', 'startswith', 'endswith', 'all', 'exists', 'cased', 'neq', 're', 'i', 'm', 's', 'cidr', 'windash'],
  ...['base64', 'base64offset', 'utf16', 'utf16le', 'utf16be', 'wide', 'expand', 'fieldref', 'lt', 'lte', 'gt', 'gte'],
  ...timeParts,
  // Longer names of the same, which pySigma takes as well.
  ...['ignorecase', 'multiline', 'dotall'],
])

type Scalar = string | number | boolean | null
type Draft = { pattern: Pattern; bytes: boolean }

/**
 * What `field|modifier|modifier: values` tests for. Modifiers are applied in the order in which they stand (specification 2.1.0).
 * `missing` takes the names of placeholders that have no values. Throws RuleProblem.
 */
export function readTests(
  modifiers: readonly string[],
  values: readonly Scalar[],
  placeholders: Placeholders,
  missing: Set<string>,
): Tests {
  for (const modifier of modifiers)
    if (!known.has(modifier)) throw new RuleProblem(`modifier "${modifier}" is not known`)
  const has = (modifier: string): boolean => modifiers.includes(modifier)
  const one = (value: Scalar): readonly Test[] => {
    if (has('exists')) return [existence(value, modifiers)]
    if (value === null) return [refuseModifiers(modifiers)]
    const part = timeParts.find(has)
    const how = (['lt', 'lte', 'gt', 'gte'] as const).find(has)
    if (part !== undefined) return [{ is: 'time', part, how: how ?? 'eq', number: numberOf(value) }]
    if (how !== undefined) return [{ is: 'number', how, number: numberOf(value) }]
    if (has('re')) return [regexTest(String(value), modifiers)]
    if (has('cidr')) return [networkTest(String(value))]
    if (has('fieldref')) return [fieldTest(String(value), modifiers)]
    return textTests(String(value), modifiers, placeholders, missing)
  }
  const tests = values.flatMap((value) => one(value))
  return { tests, all: has('all'), not: has('neq') }
}

function existence(value: Scalar, modifiers: readonly string[]): Test {
  if (modifiers.length > 1) throw new RuleProblem('exists stands alone')
  const there = typeof value === 'boolean' ? value : { true: true, false: false }[String(value).toLowerCase()]
  if (there === undefined) throw new RuleProblem('exists takes true or false')
  return { is: 'there', there }
}

function refuseModifiers(modifiers: readonly string[]): Test {
  const wrong = modifiers.find((modifier) => modifier !== 'all' && modifier !== 'neq')
  if (wrong !== undefined) throw new RuleProblem(`${wrong} cannot be applied to null`)
  return { is: 'null' }
}

function numberOf(value: Exclude<Scalar, null>): number {
  const number = typeof value === 'boolean' || String(value).trim() === '' ? Number.NaN : Number(value)
  if (!Number.isFinite(number)) throw new RuleProblem(`"${String(value)}" is no number`)
  return number
}

function regexTest(source: string, modifiers: readonly string[]): Test {
  const has = (...names: string[]): boolean => names.some((name) => modifiers.includes(name))
  const wrong = modifiers.find((modifier) => !regexFriends.has(modifier))
  if (wrong !== undefined) throw new RuleProblem(`${wrong} cannot be applied to a regular expression`)
  const anchored = has('startswith') ? `^(?:${source})` : has('endswith') ? `(?:${source})$` : source
  const flags = { i: has('i', 'ignorecase'), m: has('m', 'multiline'), s: has('s', 'dotall') }
  return { is: 'regex', regex: linearRegex(anchored, flags) }
}

/** `contains` says what an expression does anyway, `cased` too. */
const regexFriends = new Set([
  ...['re', 'i', 'm', 's', 'ignorecase', 'multiline', 'dotall', 'all', 'neq', 'cased', 'contains', 'startswith'],
  'endswith',
])

function networkTest(cidr: string): Test {
  const whole = cidr.includes('/') ? cidr : `${cidr}/${cidr.includes(':') ? 128 : 32}`
  if (!ipaddr.isValidCIDR(whole)) throw new RuleProblem(`"${cidr}" is no address range (CIDR)`)
  return { is: 'network', cidr: whole }
}

function fieldTest(other: string, modifiers: readonly string[]): Test {
  const where = modifiers.includes('startswith')
    ? 'start'
    : modifiers.includes('endswith')
      ? 'end'
      : modifiers.includes('contains')
        ? 'within'
        : 'whole'
  return { is: 'field', other, where, cased: modifiers.includes('cased') }
}

function textTests(
  value: string,
  modifiers: readonly string[],
  placeholders: Placeholders,
  missing: Set<string>,
): readonly Test[] {
  let drafts: readonly Draft[] = modifiers.includes('expand')
    ? expanded(value, placeholders, missing).map((pattern) => ({ pattern, bytes: false }))
    : [{ pattern: readPattern(value), bytes: false }]
  for (const modifier of modifiers) drafts = drafts.flatMap((draft) => modified(draft, modifier))
  const cased = modifiers.includes('cased')
  if (drafts.length === 0) return [{ is: 'nothing' }]
  return drafts.map(({ pattern, bytes }) => ({ is: 'pattern', pattern, cased, bytes }))
}

function modified(draft: Draft, modifier: string): readonly Draft[] {
  const { pattern, bytes } = draft
  const encoded = (to: Buffer): Draft => ({ pattern: [latin(to)], bytes: true })
  const raw = (): Buffer => Buffer.from(plainText(pattern, modifier), bytes ? 'latin1' : 'utf8')
  switch (modifier) {
    case 'contains':
      return [{ pattern: beforeAny(afterAny(pattern)), bytes }]
    case 'startswith':
      return [{ pattern: beforeAny(pattern), bytes }]
    case 'endswith':
      return [{ pattern: afterAny(pattern), bytes }]
    case 'windash':
      return withEachDash(pattern).map((writing) => ({ pattern: writing, bytes }))
    case 'wide':
    case 'utf16le':
      return [encoded(utf16(plainText(pattern, modifier), 'utf16le'))]
    case 'utf16':
    case 'utf16be':
      return [encoded(utf16(plainText(pattern, modifier), modifier))]
    case 'base64':
      return [{ pattern: [raw().toString('base64')], bytes: false }]
    case 'base64offset':
      return base64Offsets(raw()).map((text) => ({ pattern: [text], bytes: false }))
    default:
      return [draft]
  }
}

/** A value with its placeholders replaced by each of their values; a percent sign after a backslash stands for itself. */
function expanded(value: string, placeholders: Placeholders, missing: Set<string>): readonly Pattern[] {
  let texts = ['']
  let from = 0
  for (const match of value.matchAll(/(?<!\\)%([^%\\\s]+)%/g)) {
    const before = value.slice(from, match.index)
    const name = match[1] ?? ''
    const values = Object.hasOwn(placeholders, name) ? (placeholders[name] ?? []) : []
    if (values.length === 0) missing.add(name)
    texts = texts.flatMap((start) => values.map((one) => start + before + one))
    from = match.index + match[0].length
    if (texts.length > expansionsMax)
      throw new RuleProblem(`placeholders make more than ${expansionsMax} values of one`)
  }
  return texts.map((start) => readPattern((start + value.slice(from)).replaceAll('\\%', '%')))
}

/** A list of a few thousand servers is a lookup; more would make statements that no engine reads quickly. */
const expansionsMax = 5_000

import { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { type Indicator, indicatorsOf } from './indicator.ts'

const Bundle = z.object({
  type: z.literal('bundle'),
  objects: z.array(
    z.object({
      type: z.string(),
      id: z.string().default(''),
      pattern: z.string().optional(),
      value: z.string().optional(),
    }),
  ),
})

/** One comparison of a pattern (STIX 2.1, 9.5): a path, an operator, one literal or a set of them. */
const comparison =
  /([a-z0-9-]+:[\w.'"[\]*-]+)\s*(NOT\s+)?(=|!=|IN|LIKE|MATCHES|<=|>=|<|>|ISSUBSET|ISSUPERSET)\s*(\((?:[^'()]|'(?:[^'\\]|\\.)*')*\)|'(?:[^'\\]|\\.)*')/g
/** Signs that make a pattern more than "any of these". */
const together = /\b(?:AND|FOLLOWEDBY|WITHIN|REPEATS|START|STOP)\b/
const objectTypes = new Set(['ipv4-addr', 'ipv6-addr', 'domain-name', 'url', 'email-addr'])
/** Longer ones are rules, not indicators. */
const patternCharsMax = 20_000

/** The indicators of a bundle: simple patterns ("any of these values") and observed objects. Others are named with why. Throws Trouble('input.invalid'). */
export function* readStix(
  text: string,
): Generator<{ readonly line: number; readonly found: readonly Indicator[] | string }> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new Trouble('input.invalid', { problem: `the list begins like JSON, but is none: ${wordsOf(error)}` }, error)
  }
  const bundle = Bundle.safeParse(json)
  if (!bundle.success) throw new Trouble('input.invalid', { problem: 'the list is JSON, but no STIX 2.1 bundle' })
  for (const [place, object] of bundle.data.objects.entries()) {
    const line = place + 1
    if (object.type === 'indicator' && object.pattern !== undefined)
      yield { line, found: ofPattern(object.id, object.pattern) }
    else if (objectTypes.has(object.type) && object.value !== undefined)
      yield { line, found: indicatorsOf(object.value) }
  }
}

function ofPattern(id: string, pattern: string): readonly Indicator[] | string {
  if (pattern.length > patternCharsMax) return `${id}: the pattern is longer than ${patternCharsMax} characters`
  const outside = pattern.replaceAll(/'(?:[^'\\]|\\.)*'/g, "''")
  if (together.test(outside)) return `${id}: only patterns of the kind "any of these" can be hunted for`
  const found: Indicator[] = []
  for (const [, , not, sign, literal = ''] of pattern.matchAll(comparison)) {
    if (not !== undefined || (sign !== '=' && sign !== 'IN')) return `${id}: only "=" and "IN" can be hunted for`
    for (const [, value = ''] of literal.matchAll(/'((?:[^'\\]|\\.)*)'/g)) {
      const one = indicatorsOf(value.replaceAll(/\\(.)/g, '$1'))
      if (typeof one === 'string') return `${id}: ${one}`
      found.push(...one)
    }
  }
  return found.length === 0 ? `${id}: nothing in its pattern can be hunted for` : found
}

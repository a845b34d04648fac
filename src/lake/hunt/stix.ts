import { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { ObservableType } from '../../model/observable.ts'
import { comparableOf } from '../../parsers/intelligence/comparable.ts'
import { PatternProblem, readPattern } from '../../parsers/intelligence/stix-pattern.ts'
import { type Indicator, indicatorOf, indicatorsOf, isHuntedFor } from './indicator.ts'

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

const objectTypes = new Set(['ipv4-addr', 'ipv6-addr', 'domain-name', 'url', 'email-addr'])

/** The indicators of a bundle: patterns of the kind "any of these values", and observed objects. Others are named with why. Throws Trouble('input.invalid'). */
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
  try {
    const comparable = comparableOf(readPattern(pattern))
    if (!comparable.ok) return `${id}: ${comparable.why}`
    const other = comparable.any.find(({ type }) => !isHuntedFor(type))
    if (other !== undefined) return `${id}: the lake does not list a ${other.type} by itself`
    return comparable.any.map(({ type, value }) => indicatorOf(type as ObservableType, value))
  } catch (error) {
    if (error instanceof PatternProblem) return `${id}: its pattern is no STIX pattern: ${error.message}`
    throw error
  }
}

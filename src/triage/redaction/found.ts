import type { SensitiveClass, SensitiveSpan } from '../../model/reply.ts'

/** A sensitive place, before overlaps are resolved. */
export type Found = {
  readonly start: number
  readonly end: number
  readonly class: SensitiveClass
  readonly reason: string
  readonly confidence: number
  /** Of intelligence: how its source marked it. */
  readonly tlp?: NonNullable<SensitiveSpan['tlp']>
}

/** From least to most sensitive: where two places overlap, the more sensitive class names the whole. */
export const classesByWeight: readonly SensitiveClass[] = [
  'host',
  'internal-address',
  'path',
  'internal-url',
  'account',
  'person',
  'personal',
  'picture',
  'hr',
  'health',
  'intelligence',
  'secret',
]

export function weightOf(kind: SensitiveClass): number {
  return classesByWeight.indexOf(kind)
}

/**
 * Makes places that never overlap and cover everything the given ones covered. A place inside another is told by the
 * outer one (a host in a path is a path), but a secret makes the whole a secret. Places that overlap in part become one:
 * dropping either would leave a rest of it readable.
 */
export function withoutOverlaps(found: readonly Found[]): Found[] {
  const sorted = [...found].sort((a, b) => a.start - b.start || b.end - a.end || weightOf(b.class) - weightOf(a.class))
  const result: Found[] = []
  for (const next of sorted) {
    const last = result.at(-1)
    if (last === undefined || next.start >= last.end) {
      result.push(next)
      continue
    }
    result[result.length - 1] = union(last, next)
  }
  return result
}

function union(outer: Found, next: Found): Found {
  const same = outer.start === next.start && outer.end === next.end
  const inside = next.end <= outer.end && !same
  const heavier = weightOf(next.class) > weightOf(outer.class)
  const lead = heavier && (!inside || next.class === 'secret' || next.class === 'intelligence') ? next : outer
  const other = lead === next ? outer : next
  const reason =
    other.class === lead.class || lead.reason.includes(other.reason) ? lead.reason : `${lead.reason}; ${other.reason}`
  return {
    start: outer.start,
    end: Math.max(outer.end, next.end),
    class: lead.class,
    reason: reason.slice(0, reasonCharsMax),
    confidence: Math.max(outer.confidence, next.confidence),
    ...(lead.tlp === undefined ? {} : { tlp: lead.tlp }),
  }
}

/** Two sentences; a chain of overlaps does not grow it further. */
const reasonCharsMax = 300

/** Every match of a pattern with the g flag, as places. `group` names the capture that is the place itself. */
export function placesOf(
  text: string,
  pattern: RegExp,
  make: (match: RegExpExecArray, value: string) => Omit<Found, 'start' | 'end'> | null,
): Found[] {
  const found: Found[] = []
  for (const match of text.matchAll(pattern)) {
    const value = match.groups?.['it'] ?? match[0]
    const start = match.index + match[0].lastIndexOf(value)
    const place = value === '' ? null : make(match, value)
    if (place !== null) found.push({ ...place, start, end: start + value.length })
  }
  return found
}

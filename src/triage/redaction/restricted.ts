import type { SensitiveSpan } from '../../model/reply.ts'
import type { Found } from './found.ts'
import { manyStrings, standsAlone } from './many-strings.ts'

/** A text that may not leave for its marking, and who marked it how. */
export type Restricted = {
  readonly text: string
  readonly why: string
  readonly tlp: NonNullable<SensitiveSpan['tlp']>
}

/** Every place of what is marked so. Linear in the text. */
export function findRestricted(text: string, restricted: readonly Restricted[]): Found[] {
  if (restricted.length === 0) return []
  const hits = manyStrings(restricted.map((one) => one.text))(text)
  return hits
    .filter((hit) => standsAlone(text, hit.start, hit.end))
    .map((hit) => ({
      ...{ start: hit.start, end: hit.end, class: 'intelligence', confidence: 0.99 },
      tlp: restricted[hit.which]?.tlp ?? 'unread',
      reason: `Threat intelligence that may not be passed on: ${restricted[hit.which]?.why ?? ''}`,
    }))
}

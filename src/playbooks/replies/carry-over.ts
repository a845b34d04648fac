import type { SensitiveSpan } from '../../model/reply.ts'

/** A place that was reviewed before keeps its verdict when the same words of the same class are found again. */
export function carryOver(found: readonly SensitiveSpan[], before: readonly SensitiveSpan[]): SensitiveSpan[] {
  const reviewed = new Map(
    before.filter((span) => span.verdict !== null).map((span) => [`${span.class}\n${span.text}`, span] as const),
  )
  return found.map((span) => {
    const known = reviewed.get(`${span.class}\n${span.text}`)
    if (known === undefined) return span
    const { verdict, pseudonym, keepReason } = known
    return { ...span, verdict, pseudonym, keepReason }
  })
}

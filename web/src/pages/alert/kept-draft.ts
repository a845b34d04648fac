import { z } from 'zod'
import { Outcome } from '../../../../src/model/triage.ts'

/** What a person has put together towards a decision. */
export const Draft = z.object({
  outcome: Outcome.nullable(),
  reason: z.string().max(4000),
  cites: z.array(z.string()).max(50),
  withoutEvidence: z.boolean(),
})
export type Draft = z.infer<typeof Draft>

export const nothingYet: Draft = { outcome: null, reason: '', cites: [], withoutEvidence: false }

/**
 * Kept for this tab, so that a reload or a crash of the page loses no sentence; gone with the tab, because a desk's machine may be
 * shared. A browser that refuses to keep it (private mode, full) leaves the draft on the page only.
 */
const keyOf = (alertId: string): string => `decision-draft ${alertId}`

export function keptDraft(alertId: string): Draft {
  try {
    const kept = Draft.safeParse(JSON.parse(sessionStorage.getItem(keyOf(alertId)) ?? 'null'))
    return kept.success ? kept.data : nothingYet
  } catch {
    return nothingYet
  }
}

export function keepDraft(alertId: string, draft: Draft): void {
  const empty = draft.outcome === null && draft.reason === '' && draft.cites.length === 0 && !draft.withoutEvidence
  try {
    if (empty) sessionStorage.removeItem(keyOf(alertId))
    else sessionStorage.setItem(keyOf(alertId), JSON.stringify(draft))
  } catch (error) {
    console.warn('The draft of the decision is on this page only.', error)
  }
}

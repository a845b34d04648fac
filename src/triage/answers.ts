import type { Alert } from '../model/alert.ts'
import type { Finding } from '../model/finding.ts'
import { type AnswerOf, type QuestionName, questions } from '../model/question.ts'

/** A found answer together with the evidence row it stands in. */
type Answer<Q extends QuestionName> = { readonly finding: Finding; readonly answer: AnswerOf<Q> }

/** An asset, and the finding that says so; three questions are answered by one. */
export type FoundAsset = { readonly finding: Finding; readonly answer: AnswerOf<'asset-of-host'> }

/** The found answers to one question, in the order of the findings. Answers that do not fit their schema are left out (see `isReadable`). */
export function answersTo<Q extends QuestionName>(question: Q, findings: readonly Finding[]): readonly Answer<Q>[] {
  return findings.flatMap((finding) => {
    if (finding.question !== question || finding.kind !== 'found') return []
    const parsed = questions[question].answer.safeParse(finding.answer)
    return parsed.success ? [{ finding, answer: parsed.data as AnswerOf<Q> }] : []
  })
}

/** False for a `found` whose answer is not of the question's shape: an older version wrote it, or a connector lied. It counts as failed. */
export function isReadable(finding: Finding): boolean {
  return finding.kind !== 'found' || questions[finding.question].answer.safeParse(finding.answer).success
}

/** What the assets in this alert are, by every question that answers with one; the same asset from the same source once. */
export function assetsIn(findings: readonly Finding[]): readonly FoundAsset[] {
  const all: readonly FoundAsset[] = [
    ...answersTo('business-role-of-asset', findings),
    ...answersTo('asset-of-host', findings),
    ...answersTo('asset-of-address', findings),
  ]
  const seen = new Set<string>()
  return all.filter(({ finding, answer }) => {
    const key = `${finding.connector}\n${answer.id}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/**
 * Whether an observable is what the alert is about, and not one of the names that stand in its text: that the provider's own web site is
 * harmless says nothing of what happened.
 */
export function isWhatItIsAbout(alert: Alert, finding: Finding): boolean {
  const value = String(finding.ask['value'] ?? '').toLowerCase()
  return [alert.source, alert.destination, alert.entity].some((one) => one !== null && one.toLowerCase() === value)
}

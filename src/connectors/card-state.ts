import type { Health } from '../model/connector.ts'

/** What is known of a connector, for its state word. */
export type CardFacts = {
  readonly health: Health
  /** When it last answered a question or gave a sign (ISO 8601). */
  readonly lastSuccess: string | null
  readonly failingSince: string | null
  readonly lastWhy: string
  readonly silentAfterHours: number | null
  readonly today: { readonly asked: number; readonly failed: number }
  /** Median of questions a day; null: not known yet. */
  readonly usual: number | null
  readonly now: Date
}

/** A share of failures that is more than the odd slow answer; below so many questions a share says nothing. */
const failedShareToWarn = 0.2
const askedToJudge = 10
/** So many times the usual is a loop, or an attack; and more than a busy day of a small house. */
const timesUsualToWarn = 5
const askedUnusualMin = 100
/** The usual is the middle of so many days, and of fewer it is not said. */
const usualDaysMin = 3

/** The state word of a connector's card, and what it says. The worst comes first: who fails is not merely silent. */
export function cardState(facts: CardFacts): Pick<Health, 'state' | 'says'> {
  const { health, failingSince, lastWhy, silentAfterHours, lastSuccess, now } = facts
  if (health.state === 'not-configured') return health
  if (health.state === 'failing') return { state: 'failing', says: health.says || lastWhy }
  // A sign of life after the last failed question does not mend that question; the next answer does.
  if (failingSince !== null) return { state: 'failing', says: lastWhy || health.says }
  if (silentAfterHours !== null) {
    const sinceMs = lastSuccess === null ? Number.POSITIVE_INFINITY : now.getTime() - Date.parse(lastSuccess)
    if (sinceMs > silentAfterHours * 3_600_000) {
      const hours = silentAfterHours === 1 ? 'an hour' : `${silentAfterHours} hours`
      return {
        state: 'silent',
        says: `It gave no answer for more than ${hours}, which is what this house set as its limit.`,
      }
    }
  }
  const odd = unusual(facts)
  if (odd !== null) return { state: 'warning', says: odd }
  if (health.state === 'silent' && lastSuccess !== null)
    return { state: 'active', says: 'It answered when it was asked last.' }
  return { state: health.state, says: health.says }
}

function unusual({ today, usual }: CardFacts): string | null {
  if (today.asked >= askedToJudge && today.failed / today.asked >= failedShareToWarn)
    return `${today.failed} of ${today.asked} questions failed today.`
  if (usual !== null && today.asked >= askedUnusualMin && today.asked > usual * timesUsualToWarn)
    return `${today.asked} questions today; the usual is ${Math.round(usual)} a day.`
  return null
}

/** Questions of a usual day: the median of the days before today since it was first asked. Days without a question count as 0. */
export function usualOf(
  days: readonly { readonly day: string; readonly asked: number }[],
  today: string,
): number | null {
  const before = days.filter(({ day }) => day < today)
  const first = before[0]
  if (first === undefined) return null
  const span = Math.round((Date.parse(today) - Date.parse(first.day)) / 86_400_000)
  if (span < usualDaysMin) return null
  const counts = [...before.map(({ asked }) => asked), ...Array.from({ length: span - before.length }, () => 0)].sort(
    (a, b) => a - b,
  )
  const middle = counts.length / 2
  const [low = 0, high = 0] = [counts[Math.ceil(middle) - 1], counts[Math.floor(middle)]]
  return (low + high) / 2
}

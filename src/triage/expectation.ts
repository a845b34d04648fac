import { inRanges } from '../kit/ip-ranges.ts'
import type { Alert } from '../model/alert.ts'
import type { ExpectationScope } from '../model/expectation.ts'

const same = (wanted: string | null, ...given: readonly (string | null)[]): boolean =>
  wanted === null || given.some((value) => value !== null && value.toLowerCase() === wanted.toLowerCase())

/** True where everything the scope names fits the alert. What an alert does not say fits nothing. */
export function isInScope(
  scope: ExpectationScope,
  alert: Pick<Alert, 'providerId' | 'rule' | 'host' | 'entity' | 'account' | 'source' | 'destination'>,
): boolean {
  const { range } = scope
  const ends = [alert.source, alert.destination].filter((end) => end !== null)
  return (
    same(scope.provider, alert.providerId) &&
    same(scope.rule, alert.rule) &&
    same(scope.host, alert.host, alert.entity) &&
    same(scope.account, alert.account) &&
    (range === null || ends.some((end) => inRanges(end, [range])))
  )
}

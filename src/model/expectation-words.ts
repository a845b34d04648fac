import type { ExpectationScope } from './expectation.ts'

/** "rule Beaconing, host ws-1": the scope in words. */
export function scopeWords(scope: ExpectationScope): string {
  const parts: [string, string | null][] = [
    ['rule', scope.rule],
    ['host', scope.host],
    ['account', scope.account],
    ['range', scope.range],
    ['provider', scope.provider],
  ]
  return parts.flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`])).join(', ')
}

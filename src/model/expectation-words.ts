import type { ExpectationScope } from './expectation.ts'

/** "rule Beaconing, host ws-1": the scope in words. `named`: providers by their names where they are known. */
export function scopeWords(scope: ExpectationScope, named: ReadonlyMap<string, string> = new Map()): string {
  const parts: [string, string | null][] = [
    ['rule', scope.rule],
    ['host', scope.host],
    ['account', scope.account],
    ['range', scope.range],
    ['provider', named.get(scope.provider ?? '') ?? scope.provider],
  ]
  return parts.flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`])).join(', ')
}

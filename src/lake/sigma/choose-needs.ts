import type { Bounds, Engine } from '../engine/engine.ts'
import type { EventRule } from './compile.ts'
import type { RuleWindow } from './run.ts'

/** For each rule that needs some text, the set that it is looked for by. */
export async function chooseNeeds(
  _engine: Engine,
  rules: readonly EventRule[],
  _window: RuleWindow,
  _bounds: Bounds,
): Promise<ReadonlyMap<EventRule, readonly string[]>> {
  const chosen = new Map<EventRule, readonly string[]>()
  for (const rule of rules) {
    const set = rarestByLength(rule.needs)
    if (set !== null) chosen.set(rule, set)
  }
  return chosen
}

function rarestByLength(needs: EventRule['needs']): readonly string[] | null {
  let best: readonly string[] | null = null
  let bestWorth = Number.NEGATIVE_INFINITY
  for (const set of needs) {
    const worth = Math.min(...set.map((needle) => needle.length)) - set.length / 20
    if (worth > bestWorth) {
      best = set
      bestWorth = worth
    }
  }
  return best
}

import type { Bounds, Engine } from '../engine/engine.ts'
import { texts } from '../parse/sql-text.ts'
import type { EventRule } from './compile.ts'
import { hayOfLine, type Needs, patternOf } from './needles.ts'
import type { RuleWindow } from './run.ts'
import { windowSql } from './window.ts'

/**
 * Sets of texts that a rule's candidates are found by, rarest first: an event is a candidate when it has some text of each set. More than
 * three tell hardly more and cost a look each.
 */
const setsOfRuleMax = 3
/** Sets whose texts are counted to choose among. */
const setsCountedMax = 6
/** Below this many events the count itself would cost more than it saves. */
const eventsToCountMin = 200_000
/** Events that the texts are counted in: one in a thousand shows as some fifty. */
const eventsCounted = 50_000
/** Rows of one granule, the least that the engine reads of a table. */
const granuleRows = 8_192

/**
 * For each rule that needs some text, the sets to look for it by. In a large window the texts of all rules are counted in a sample of
 * the very events; in a small one the rules themselves tell: what many rules look for is common, and so is what is short.
 */
export async function chooseNeeds(
  engine: Engine,
  rules: readonly EventRule[],
  anySource: string,
  events: number,
  window: RuleWindow,
  bounds: Bounds,
): Promise<ReadonlyMap<EventRule, Needs>> {
  const usual = weightsByRules(rules)
  const first = new Map(rules.map((rule) => [rule, ranked(rule.needs, usual).slice(0, setsCountedMax)]))
  const counted =
    events < eventsToCountMin ? null : await countIn(engine, [...first.values()], anySource, events, window, bounds)
  const chosen = new Map<EventRule, Needs>()
  for (const [rule, needs] of first) {
    const sets =
      counted === null ? needs : ranked(needs, (needle) => (counted.get(needle) ?? 0) + usual(needle) / 1_000)
    if (sets.length > 0) chosen.set(rule, sets.slice(0, setsOfRuleMax))
  }
  return chosen
}

function ranked(needs: Needs, weight: (needle: string) => number): Needs {
  const weighed = needs.map((set) => ({ set, weight: set.reduce((sum, needle) => sum + weight(needle), 0) }))
  return weighed.toSorted((a, b) => a.weight - b.weight).map(({ set }) => set)
}

/** How common a text may be: it grows with the rules that look for it, and shrinks with its length. */
function weightsByRules(rules: readonly EventRule[]): (needle: string) => number {
  const uses = new Map<string, number>()
  for (const { needs } of rules)
    for (const needle of new Set(needs.flat())) uses.set(needle, (uses.get(needle) ?? 0) + 1)
  return (needle) => (uses.get(needle) ?? 1) / needle.length ** 2
}

/** Counts the texts in some granules from all over the window. */
async function countIn(
  engine: Engine,
  needs: readonly Needs[],
  anySource: string,
  events: number,
  window: RuleWindow,
  bounds: Bounds,
): Promise<ReadonlyMap<string, number>> {
  const needles = [...new Set(needs.flat(2))]
  const { sql, params } = windowSql(window)
  const every = Math.max(granuleRows, Math.ceil(events / eventsCounted) * granuleRows)
  const rows = await engine.rows<{ needle: number | string; n: number | string }>(
    `SELECT arrayJoin(multiMatchAllIndices(${hayOfLine}, ${texts(needles.map(patternOf))})) AS needle, count() AS n
     FROM stored_events PREWHERE ${sql} AND (${anySource}) AND _part_offset % ${every} < ${granuleRows} GROUP BY needle`,
    params,
    bounds,
  )
  return new Map(rows.map(({ needle, n }) => [needles[Number(needle) - 1] ?? '', Number(n)]))
}

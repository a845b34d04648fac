import type { Bounds, Engine } from '../engine/engine.ts'
import type { EventRule } from './compile.ts'
import type { RuleWindow } from './run.ts'
import { windowSql } from './window.ts'

/** What is in the window, by what rules choose their events by. */
export type Present = {
  readonly total: number
  /** Events of a source, by its SQL. */
  readonly events: ReadonlyMap<string, number>
  /** Rules that some event could match, as far as small columns tell. */
  readonly possible: ReadonlySet<EventRule>
}

/** Conditions that are counted in one statement. */
const conditionsAtOnce = 400

/**
 * Counts the events that each rule could be about. The small columns are grouped once, in the engine; some thousand groups are left, over
 * which the conditions of all rules cost nothing.
 */
export async function present(
  engine: Engine,
  rules: readonly EventRule[],
  window: RuleWindow,
  bounds: Bounds,
): Promise<Present> {
  const { sql, params } = windowSql(window)
  const conditions = new Map<string, number>()
  for (const rule of rules)
    for (const condition of [rule.sourceSql, narrow(rule)]) if (!conditions.has(condition)) conditions.set(condition, 0)
  const all = [...conditions.keys()]
  const kinds = `SELECT source, parser, product, log_name, event_code, class_uid, count() AS n FROM stored_events WHERE ${sql}
    GROUP BY source, parser, product, log_name, event_code, class_uid`
  let total = 0
  for (let at = 0; at === 0 || at < all.length; at += conditionsAtOnce) {
    const some = all.slice(at, at + conditionsAtOnce)
    const sums = some.map((condition) => `sumIf(n, ${condition})`)
    const [row] = await engine.rows<{ total: number | string; counts: readonly (number | string)[] }>(
      `SELECT sum(n) AS total, [${sums.join(', ')}]::Array(UInt64) AS counts FROM (${kinds})`,
      params,
      bounds,
    )
    total = Number(row?.total ?? 0)
    for (const [place, condition] of some.entries()) conditions.set(condition, Number(row?.counts[place] ?? 0))
  }
  return {
    total,
    events: conditions,
    possible: new Set(rules.filter((rule) => (conditions.get(narrow(rule)) ?? 0) > 0)),
  }
}

/** The source's events, as far as the rule's own tests of small columns narrow them down. */
export function narrow(rule: EventRule): string {
  return rule.cheapSql === null ? rule.sourceSql : `(${rule.sourceSql} AND ${rule.cheapSql})`
}

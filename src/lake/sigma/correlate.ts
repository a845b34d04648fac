import type { Bounds, Engine } from '../engine/engine.ts'
import type { CorrelationRule, EventRule, Rule } from './compile.ts'
import { fieldSql } from './fields.ts'
import { RuleProblem, type Threshold } from './rule.ts'
import type { RuleWindow } from './run.ts'
import type { EventKey } from './sample.ts'
import { isoTime, sqlTime } from './window.ts'

/** One group (a host, a user...) for which a correlation came true. */
export type CorrelatedGroup = {
  /** The group-by fields and their values, in lower case as they are compared. */
  readonly values: Readonly<Record<string, string>>
  /** How often it came true, and when first and last. */
  readonly count: number
  readonly first: string
  readonly last: string
}

export type Correlated = {
  readonly count: number
  readonly first: string
  readonly last: string
  readonly keys: readonly EventKey[]
  readonly groups: readonly CorrelatedGroup[]
}

/** Groups that a hit names; one rule that fires for more is a rule to mend. */
const groupsMax = 200
/** Events of one group within one timespan that the order of rules is looked for in. */
const orderedEventsMax = 10_000

/** A column that a correlation needs of the events beneath it, by the event rule that they come from. */
type Carried = { readonly name: string; readonly of: (rule: EventRule) => string }

/**
 * A correlation as SQL: rows of the events that complete it. Windows slide (each event closes the stretch of `timespan` that ends with
 * it), so that no boundary hides anything; only limits from above (lt, lte, eq, neq) are about whole stretches from one boundary to the
 * next, because every stretch begins with one event.
 */
export function correlationSql(rule: CorrelationRule, depth = 0, carried: readonly Carried[] = []): string {
  const key = `k${depth}`
  const value = `v${depth}`
  const place = `p${depth}`
  const inputs = rule.of.map((one, at) => {
    const own: readonly Carried[] = [
      {
        name: key,
        of: (event) => `[${rule.groupBy.map((field) => groupValue(rule, field, at, event)).join(', ')}]::Array(String)`,
      },
      { name: value, of: (event) => valueSql(rule.threshold, event) },
    ]
    return `SELECT *, toUInt8(${at}) AS ${place} FROM (${rowsSql(one, depth + 1, [...carried, ...own])})`
  })
  // An event without the field that groups are made by belongs to none.
  return `SELECT *, ${truthSql(rule, key, value, place)} FROM (${inputs.join(' UNION ALL ')}) WHERE NOT has(${key}, '')
    WINDOW sliding AS (PARTITION BY ${key} ORDER BY toUnixTimestamp64Milli(time) RANGE BETWEEN ${rule.timespanSeconds * 1_000} PRECEDING AND CURRENT ROW),
      whole AS (PARTITION BY ${key}, intDiv(toUnixTimestamp64Milli(time), ${rule.timespanSeconds * 1_000})),
      ordered AS (PARTITION BY ${key}, intDiv(toUnixTimestamp64Milli(time), ${rule.timespanSeconds * 1_000}) ORDER BY time DESC, load DESC, line DESC)`
}

/** Rows of what a correlation joins: events of a rule, or those that complete another correlation. */
function rowsSql(rule: Rule, depth: number, carried: readonly Carried[]): string {
  const names = carried.map(({ name }) => name)
  if (rule.kind === 'correlation') {
    const columns = ['time', 'known', 'source', 'load', 'line', ...names]
    return `SELECT ${columns.join(', ')} FROM (${renamed(correlationSql(rule, depth, carried), names)}) WHERE came_true`
  }
  const columns = carried.map(({ name, of }) => `${of(rule)} AS ${name}`)
  return `SELECT ${['time', 'received AS known', 'source', 'load', 'line', ...columns].join(', ')} FROM events
    WHERE time >= {since:DateTime64(3, 'UTC')} AND time < {until:DateTime64(3, 'UTC')} AND received < {known:DateTime64(3, 'UTC')}
      AND ${rule.sourceSql} AND ${rule.sql}`
}

function renamed(sql: string, names: readonly string[]): string {
  return `SELECT time, known_by AS known, source, load, line, came_true${names.map((name) => `, ${name}`).join('')} FROM (${sql})`
}

function groupValue(rule: CorrelationRule, field: string, at: number, event: EventRule): string {
  const aliased = rule.aliases.get(field)?.get(at) ?? field
  return `lower(${fieldSql(aliased, event.source).text})`
}

function valueSql(threshold: Threshold | null, event: EventRule): string {
  const fields = threshold?.field === undefined ? [] : [threshold.field].flat()
  const texts = fields.map((field) => fieldSql(field, event.source).text)
  if (texts.length === 0) return `''`
  // Several fields are counted together: a value is the combination of all of them.
  return texts.length === 1 ? (texts[0] ?? `''`) : `toString([${texts.join(', ')}])`
}

/** `came_true` for a row, and `known_by`: since when it could be known (the latest receipt of what it rests on). */
function truthSql(rule: CorrelationRule, key: string, value: string, place: string): string {
  const { type, threshold } = rule
  const known = 'max(known) OVER sliding AS known_by'
  const number = `toFloat64OrNull(${value})`
  switch (type) {
    case 'temporal':
      return `${limitSql(`uniqExact(${place}) OVER sliding`, threshold ?? { gte: rule.of.length })} AS came_true, ${known}`
    case 'temporal_ordered': {
      const steps = `groupArray(${orderedEventsMax})(${place}) OVER sliding`
      const reached = `arrayFold((at, step) -> if(step = at, toUInt8(at + 1), at), ${steps}, toUInt8(0))`
      return `(${place} = ${rule.of.length - 1} AND ${reached} = ${rule.of.length}) AS came_true, ${known}`
    }
    case 'value_percentile':
      return `(${value} != '' AND ${limitSql(
        `100 * count() OVER (PARTITION BY ${key}, ${value} ORDER BY toUnixTimestamp64Milli(time) RANGE BETWEEN ${rule.timespanSeconds * 1_000} PRECEDING AND CURRENT ROW) / count() OVER sliding`,
        threshold ?? {},
      )}) AS came_true, ${known}`
    default: {
      const measures = {
        event_count: 'count()',
        value_count: `uniqExactIf(${value}, ${value} != '')`,
        value_sum: `sum(ifNull(${number}, 0))`,
        value_avg: `avg(${number})`,
      }
      const measure = measures[type]
      if (!limitsFromAbove(threshold))
        return `${limitSql(`${measure} OVER sliding`, threshold ?? {})} AS came_true, ${known}`
      const spanMs = rule.timespanSeconds * 1_000
      const end = `(intDiv(toUnixTimestamp64Milli(time), ${spanMs}) + 1) * ${spanMs}`
      const over = `${end} <= toUnixTimestamp64Milli({until:DateTime64(3, 'UTC')}) AND ${end} - ${spanMs} >= toUnixTimestamp64Milli({since:DateTime64(3, 'UTC')})`
      return `(${limitSql(`${measure} OVER whole`, threshold ?? {})} AND row_number() OVER ordered = 1 AND ${over}) AS came_true,
        fromUnixTimestamp64Milli(toInt64(${end} - 1), 'UTC') AS known_by`
    }
  }
}

function limitsFromAbove(threshold: Threshold | null): boolean {
  return (['lt', 'lte', 'eq', 'neq'] as const).some((limit) => threshold?.[limit] !== undefined)
}

const limitSigns = { gt: '>', gte: '>=', lt: '<', lte: '<=', eq: '=', neq: '!=' } as const

function limitSql(measure: string, threshold: Threshold): string {
  const limits = (Object.keys(limitSigns) as (keyof typeof limitSigns)[]).flatMap((limit) => {
    const number = threshold[limit]
    return number === undefined ? [] : [`ifNull((${measure}) ${limitSigns[limit]} ${number}, 0)`]
  })
  if (limits.length === 0) throw new RuleProblem('correlation.condition: there is no limit in it')
  return `(${limits.join(' AND ')})`
}

type Row = {
  readonly k0: readonly string[]
  readonly count: number | string
  readonly first: string
  readonly last: string
  readonly keys: readonly (readonly [string, string, string, number])[]
}

/** Runs one correlation; null: it never came true in the window. */
export async function runCorrelation(
  engine: Engine,
  rule: CorrelationRule,
  window: RuleWindow,
  eventsOfHit: number,
  bounds: Bounds,
): Promise<Correlated | null> {
  // Twice the timespan before the window: whether the stretch before was true already decides what is new in it.
  const spanMs = spanOf(rule) * 1_000
  const byReceipt = window.by === 'received'
  const params = {
    from: sqlTime(window.from),
    to: sqlTime(window.to),
    since: sqlTime(
      new Date(Math.max(0, Date.parse(window.from) - 2 * spanMs - (byReceipt ? lateMsMax : 0))).toISOString(),
    ),
    until: byReceipt ? sqlTime(new Date(Date.parse(window.to) + earlyMsMax).toISOString()) : sqlTime(window.to),
    known: byReceipt ? sqlTime(window.to) : '2299-12-31 00:00:00.000',
  }
  const moment = byReceipt ? 'known_by' : limitsFromAbove(rule.threshold) ? 'known_by' : 'time'
  const rows = await engine.rows<Row>(
    `SELECT k0, count() AS count, toString(min(time)) AS first, toString(max(time)) AS last,
        groupArraySorted(${Math.max(1, eventsOfHit)})((toString(time), toString(source), toString(load), line)) AS keys
     FROM (
       SELECT *, lagInFrame(came_true) OVER (PARTITION BY k0 ORDER BY time, load, line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
       FROM (${correlationSql(rule)})
     )
     WHERE came_true AND NOT before AND ${moment} >= {from:DateTime64(3, 'UTC')} AND ${moment} < {to:DateTime64(3, 'UTC')}
     GROUP BY k0 ORDER BY first LIMIT ${groupsMax}`,
    params,
    bounds,
  )
  return rows.length === 0 ? null : correlatedOf(rule, rows, eventsOfHit)
}

/** By receipt, an event may be this much older than its receipt, or (by a wrong clock) newer. */
const lateMsMax = 86_400_000
const earlyMsMax = 86_400_000

/** The longest stretch that one hit can rest on, through all correlations beneath. */
function spanOf(rule: CorrelationRule): number {
  const beneath = rule.of.map((one) => (one.kind === 'correlation' ? spanOf(one) : 0))
  return rule.timespanSeconds + Math.max(0, ...beneath)
}

function correlatedOf(rule: CorrelationRule, rows: readonly Row[], eventsOfHit: number): Correlated {
  const groups = rows.map((row) => ({
    values: Object.fromEntries(rule.groupBy.map((field, at) => [field, row.k0[at] ?? ''])),
    count: Number(row.count),
    first: isoTime(row.first),
    last: isoTime(row.last),
  }))
  const keys = rows.flatMap((row) =>
    row.keys.map(([time, source, load, line]) => ({ time: isoTime(time), source, load, line })),
  )
  return {
    count: groups.reduce((sum, { count }) => sum + count, 0),
    first: groups.map(({ first }) => first).toSorted()[0] ?? '',
    last:
      groups
        .map(({ last }) => last)
        .toSorted()
        .at(-1) ?? '',
    keys: keys.toSorted((a, b) => (a.time < b.time ? -1 : 1)).slice(0, eventsOfHit),
    groups,
  }
}

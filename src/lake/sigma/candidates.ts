import { randomBytes } from 'node:crypto'
import { isTrouble } from '../../kit/errors.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { keptSplits } from '../engine/events-view.ts'
import { eventsSql, fieldsBlockRows } from '../parse/fields-again.ts'
import { texts } from '../parse/sql-text.ts'
import { chooseNeeds } from './choose-needs.ts'
import type { EventRule } from './compile.ts'
import { hayOfLine, type Needs, patternOf } from './needles.ts'
import { narrow, type Present } from './present.ts'
import type { RuleWindow } from './run.ts'
import type { EventKey } from './sample.ts'
import { type Slice, slicesOf, smaller } from './slices.ts'
import { isoTime, windowSql } from './window.ts'

export type Found = {
  readonly rule: EventRule
  readonly count: number
  readonly first: string
  readonly last: string
  readonly keys: readonly EventKey[]
}

/** What is held of candidates before they are verified. They are whole events, compressed to about a fifth. */
const heldBytesMax = 128 * 1024 * 1024
/**
 * Rules that one statement verifies. Measured (docs/decisions/0011): each statement costs some milliseconds to plan for each rule in it,
 * and one pass over the candidates.
 */
const rulesAtOnce = 100

/** Shares of a slice, at the most: then an event alone is too large. */
const partsMax = 4_096

type Pass = {
  readonly match: string
  readonly anySource: string
  readonly eventsOfHit: number
  readonly onProgress: (share: number) => void
}

type Row = {
  readonly rule: number | string
  readonly count: number | string
  readonly first: string
  readonly last: string
  readonly keys: readonly (readonly [string, string, string, number])[]
}

/**
 * Rules on single events, run in two steps: one pass over the lines finds for each event the few rules that it can match at all (the
 * candidates, kept in a table in the engine's memory), then only those are verified, with the rules' own conditions.
 */
export class Candidates {
  /** Candidates that were verified. */
  looked = 0
  private readonly engine: Engine
  private readonly rules: readonly EventRule[]
  private readonly there: Present
  private readonly window: RuleWindow
  private readonly bounds: Bounds
  /** The events with their fields, which are taken out of the lines of candidates only. */
  private events = ''
  private readonly table = `sigma_${randomBytes(8).toString('hex')}`
  private readonly found = new Map<number, Found>()

  constructor(engine: Engine, rules: readonly EventRule[], there: Present, window: RuleWindow, bounds: Bounds) {
    this.engine = engine
    this.rules = rules.filter((rule) => there.possible.has(rule))
    this.there = there
    this.window = window
    this.bounds = bounds
  }

  async run(eventsOfHit: number, onProgress: (share: number) => void): Promise<readonly Found[]> {
    if (this.rules.length === 0) return []
    const { engine, bounds, table } = this
    const anySource = [...new Set(this.rules.map(narrow))].join(' OR ')
    this.events = eventsSql(await keptSplits(engine))
    const slices = await slicesOf(engine, this.window, anySource, bounds)
    const needs = await chooseNeeds(engine, this.rules, anySource, this.there.total, this.window, bounds)
    await engine.command(
      `CREATE TABLE ${table} ENGINE = Memory SETTINGS compress = 1 AS
       SELECT * EXCEPT (observables), CAST([], 'Array(UInt16)') AS cands FROM events WHERE 0`,
      {},
      bounds,
    )
    try {
      await this.walk(slices, { match: candidatesSql(this.rules, needs), anySource, eventsOfHit, onProgress })
    } finally {
      await engine.command(`DROP TABLE IF EXISTS ${table}`)
    }
    return [...this.found.entries()].toSorted(([a], [b]) => a - b).map(([, found]) => found)
  }

  /** Slice after slice; one whose lines are too large for the engine's memory is taken again in smaller shares, with all that was held. */
  private async walk(slices: readonly Slice[], { match, anySource, eventsOfHit, onProgress }: Pass): Promise<void> {
    let waiting = [...slices]
    let held: Slice[] = []
    let done = 0
    let isCareful = false
    for (let slice = waiting.shift(); slice !== undefined; slice = waiting.shift()) {
      onProgress(done / (done + held.length + waiting.length + 1))
      try {
        await this.collect(slice, match, anySource)
        held.push(slice)
        if (!isCareful && waiting.length > 0 && (await this.heldBytes()) <= heldBytesMax) continue
        for (const row of await this.verify(eventsOfHit)) this.take(row, eventsOfHit)
      } catch (error) {
        if (!isTrouble(error, 'lake.too-costly') || slice.parts >= partsMax) throw error
        await this.empty()
        isCareful = true
        waiting = [...new Set([...held, slice])].flatMap(smaller).concat(waiting)
        held = []
        continue
      }
      await this.empty()
      done += held.length
      held = []
    }
  }

  private async collect(slice: Slice, match: string, anySource: string): Promise<void> {
    const { sql, params } = windowSql({ ...this.window, ...slice })
    const part = slice.parts === 1 ? '' : ` AND cityHash64(load, line) % ${slice.parts} = ${slice.part}`
    await this.engine.command(
      `INSERT INTO ${this.table} SELECT * EXCEPT (observables), ${match} AS cands
       FROM (${this.events} PREWHERE ${sql} AND (${anySource})${part}) WHERE notEmpty(cands)`,
      params,
      { ...this.bounds, settings: { ...this.bounds.settings, max_block_size: fieldsBlockRows } },
    )
  }

  private async heldBytes(): Promise<number> {
    const [row] = await this.engine.rows<{ bytes: number | string }>(
      'SELECT sum(total_bytes) AS bytes FROM system.tables WHERE database = currentDatabase() AND name = {table:String}',
      { table: this.table },
      this.bounds,
    )
    return Number(row?.bytes ?? 0)
  }

  private async empty(): Promise<void> {
    await this.engine.command(`TRUNCATE TABLE ${this.table}`, {}, this.bounds)
  }

  /** Looks closely at what is held. */
  private async verify(eventsOfHit: number): Promise<readonly Row[]> {
    const { engine, table, bounds } = this
    const present = await engine.rows<{ rule: number | string; n: number | string }>(
      `SELECT arrayJoin(cands) AS rule, count() AS n FROM ${table} GROUP BY rule ORDER BY rule`,
      {},
      bounds,
    )
    const found: Row[] = []
    for (let at = 0; at < present.length; at += rulesAtOnce) {
      const some = present.slice(at, at + rulesAtOnce).map(({ rule }) => Number(rule))
      found.push(...(await engine.rows<Row>(verifySql(table, this.rules, some, eventsOfHit), {}, bounds)))
    }
    this.looked += present.reduce((sum, { n }) => sum + Number(n), 0)
    return found
  }

  private take(row: Row, eventsOfHit: number): void {
    const number = Number(row.rule)
    const rule = this.rules[number - 1]
    if (rule === undefined) return
    const keys = row.keys.map(([time, source, load, line]) => ({ time: isoTime(time), source, load, line }))
    const first = isoTime(row.first)
    const last = isoTime(row.last)
    const before = this.found.get(number)
    this.found.set(number, {
      rule,
      count: Number(row.count) + (before?.count ?? 0),
      first: before === undefined || first < before.first ? first : before.first,
      last: before === undefined || last > before.last ? last : before.last,
      keys: [...(before?.keys ?? []), ...keys].slice(0, eventsOfHit),
    })
  }
}

/** The rules of one source: found by texts of the line, or by their own conditions where they need none. */
type Group = { readonly byText: { readonly number: number; readonly needs: Needs }[]; readonly direct: string[] }

/** For one event, the numbers (from 1) of the rules that it can match: Array(UInt16). */
function candidatesSql(rules: readonly EventRule[], needs: ReadonlyMap<EventRule, Needs>): string {
  const sources = new Map<string, Group>()
  for (const [at, rule] of rules.entries()) {
    const number = at + 1
    const group = sources.get(rule.sourceSql) ?? { byText: [], direct: [] }
    sources.set(rule.sourceSql, group)
    const sets = needs.get(rule)
    if (sets === undefined) group.direct.push(`if(${rule.cheapSql ?? rule.sql}, ${number}, 0)`)
    else group.byText.push({ number, needs: sets })
  }
  const parts = [...sources].map(([source, group]) => {
    const ways: string[] = []
    if (group.byText.length > 0) ways.push(byTextSql(group.byText))
    if (group.direct.length > 0)
      ways.push(`arrayFilter(x -> x > 0, CAST([${group.direct.join(', ')}], 'Array(UInt16)'))`)
    return `if(${source}, ${ways.length === 1 ? (ways[0] ?? '') : `arrayConcat(${ways.join(', ')})`}, CAST([], 'Array(UInt16)'))`
  })
  return `arrayDistinct(arrayConcat(${parts.join(', ')}))`
}

/**
 * One search for all texts of all rules of a source (Vectorscan); the rules whose rarest set has one of the texts found; of those, the
 * ones whose other sets have some too. Text 0 stands for "found" in the place of a set that a rule does not have.
 */
function byTextSql(rules: Group['byText']): string {
  const places = new Map<string, number>()
  const placeOf = (needle: string): number => {
    const place = places.get(needle) ?? places.size + 1
    places.set(needle, place)
    return place
  }
  const sets = rules.map(({ needs }) => needs.map((set) => set.map(placeOf)))
  const triggers: number[][] = Array.from({ length: places.size }, () => [])
  for (const [at, [rarest = []]] of sets.entries()) for (const place of rarest) triggers[place - 1]?.push(at + 1)
  const other = (set: number): string => arraysSql(sets.map((needs) => needs[set] ?? [0]))
  const found = `multiMatchAllIndices(${hayOfLine}, ${texts([...places.keys()].map(patternOf))})`
  const triggered = `arrayDistinct(arrayFlatten(arrayMap(i -> ${arraysSql(triggers)}[i], ${found})))`
  const withZero = `arrayPushFront(${found}, 0)`
  const all = `arrayFilter(r -> hasAny(${withZero}, ${other(1)}[r]) AND hasAny(${withZero}, ${other(2)}[r]), ${triggered})`
  return `arrayMap(r -> CAST([${rules.map(({ number }) => number).join(',')}], 'Array(UInt16)')[r], ${all})`
}

function arraysSql(lists: readonly (readonly number[])[]): string {
  return `CAST([${lists.map((list) => `[${list.join(',')}]`).join(',')}], 'Array(Array(UInt16))')`
}

function verifySql(
  table: string,
  rules: readonly EventRule[],
  numbers: readonly number[],
  eventsOfHit: number,
): string {
  const tests = numbers.flatMap((number) => {
    const rule = rules[number - 1]
    return rule === undefined ? [] : [`if(has(cands, ${number}) AND ${rule.sourceSql} AND ${rule.sql}, ${number}, 0)`]
  })
  return `SELECT rule, count() AS count, toString(min(time)) AS first, toString(max(time)) AS last,
      groupArraySorted(${Math.max(1, eventsOfHit)})((toString(time), toString(source), toString(load), line)) AS keys
    FROM (
      SELECT time, source, load, line, arrayJoin(arrayFilter(x -> x > 0, CAST([${tests.join(', ')}], 'Array(UInt16)'))) AS rule
      FROM ${table} WHERE hasAny(cands, [${numbers.join(', ')}])
    ) GROUP BY rule`
}

import { stableId } from '../../kit/stable-id.ts'
import { correlationSql } from './correlate.ts'
import { both, type Expression, readDetection } from './detection.ts'
import type { Placeholders } from './modifiers.ts'
import { cheapSql, type Needs, needsOf } from './needles.ts'
import {
  type Level,
  type RuleFault,
  type RulePlace,
  RuleProblem,
  type RuleSource,
  type SigmaCorrelation,
  type SigmaDocument,
  type SigmaFilter,
  type SigmaRule,
} from './rule.ts'
import { sourceSql } from './sources.ts'
import { expressionSql } from './sql.ts'

/** What a hit says about its rule. */
export type RuleSummary = {
  /** The rule's own id; one made of file and title where it has none. */
  readonly id: string
  readonly name: string | null
  readonly title: string
  readonly level: Level | null
  readonly tags: readonly string[]
  readonly description: string
  readonly falsePositives: readonly string[]
  readonly at: RulePlace
}

export type EventRule = {
  readonly kind: 'rule'
  readonly rule: RuleSummary
  readonly source: RuleSource
  /** Conditions on one row of `events`: of the source, and of the rule itself. */
  readonly sourceSql: string
  readonly sql: string
  /** Texts of which the line of every match has some, and what is left of the condition for small columns (null: nothing). */
  readonly needs: Needs
  readonly cheapSql: string | null
  /** Placeholders without values: the rule is right, but cannot be run. */
  readonly missing: readonly string[]
  /** Only a correlation wants its matches. */
  readonly onlyCorrelated: boolean
}

export type CorrelationRule = {
  readonly kind: 'correlation'
  readonly rule: RuleSummary
  readonly type: SigmaCorrelation['correlation']['type']
  /** Rules and correlations that it joins, in its own order. */
  readonly of: readonly Rule[]
  readonly groupBy: readonly string[]
  readonly timespanSeconds: number
  readonly threshold: NonNullable<SigmaCorrelation['correlation']['condition']> | null
  /** Alias -> place in `of` -> field. */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<number, string>>
  readonly missing: readonly string[]
  readonly onlyCorrelated: boolean
}

export type Rule = EventRule | CorrelationRule

export type RuleSet = {
  /** All that compiled, correlations after the rules that they join. */
  readonly rules: readonly Rule[]
  readonly failed: readonly RuleFault[]
  /** Documents that were rules, correlations or filters, whether they compiled or not. */
  readonly count: number
  /** Filters that were applied to at least one rule, or could have been. */
  readonly filters: number
}

export type CompileOptions = { readonly placeholders?: Placeholders }

/** Correlations of correlations. */
const chainMax = 10

/** Compiles every rule to SQL, applies the filters, joins the correlations. What cannot be compiled is said, and the others go on. */
export function compileRules(
  documents: readonly SigmaDocument[],
  faults: readonly RuleFault[] = [],
  { placeholders = {} }: CompileOptions = {},
): RuleSet {
  const failed: RuleFault[] = [...faults]
  const compiled = new Map<SigmaDocument, Rule>()
  const fail = (document: SigmaDocument, error: unknown): void => {
    if (!(error instanceof RuleProblem)) throw error
    const { file, document: place, line } = document.at
    failed.push({ file, why: `${place > 1 ? `document ${place} (line ${line}): ` : ''}${error.message}` })
  }
  const filters = documents.flatMap((document) => {
    if (document.kind !== 'filter') return []
    try {
      return [filterOf(document.rule, placeholders)]
    } catch (error) {
      fail(document, error)
      return []
    }
  })
  for (const document of documents) {
    if (document.kind !== 'rule') continue
    try {
      compiled.set(document, eventRule(document, filters, placeholders))
    } catch (error) {
      fail(document, error)
    }
  }
  joinCorrelations(documents, compiled, fail)
  const rules = markCorrelated(documents, [...compiled.values()])
  return { rules, failed, count: documents.length + faults.length, filters: filters.length }
}

type Filter = {
  readonly rules: readonly string[] | 'any'
  readonly source: RuleSource
  readonly detection: Readonly<Record<string, unknown>>
}

function filterOf(filter: SigmaFilter, placeholders: Placeholders): Filter {
  const { rules, ...detection } = filter.filter
  // Read once here, so that a filter which is wrong says so itself and not as a fault of each rule.
  readDetection(detection, placeholders, new Set())
  const named = Array.isArray(rules) ? (rules as readonly string[]) : [String(rules)]
  return { rules: named.includes('any') ? 'any' : named, source: filter.logsource, detection }
}

/** A filter is for the rules that it names, of a source that is its own or a part of it. */
function applies(filter: Filter, rule: SigmaRule): boolean {
  const meant = filter.rules === 'any' || filter.rules.some((name) => name === rule.id || name === rule.name)
  const within = (['category', 'product', 'service'] as const).every(
    (word) => filter.source[word] === undefined || filter.source[word] === rule.logsource[word],
  )
  return meant && within
}

function eventRule(
  document: Extract<SigmaDocument, { kind: 'rule' }>,
  filters: readonly Filter[],
  placeholders: Placeholders,
): EventRule {
  const { rule } = document
  const source = rule.logsource
  const missing = new Set<string>()
  const own = readDetection(rule.detection, placeholders, missing)
  const narrowed = filters
    .filter((filter) => applies(filter, rule))
    .map((filter) => readDetection(filter.detection, placeholders, missing))
  const expression: Expression = both([own, ...narrowed])
  return {
    kind: 'rule',
    rule: summaryOf(rule, document.at),
    source,
    sourceSql: sourceSql(source),
    sql: expressionSql(expression, source),
    needs: needsOf(expression, source),
    cheapSql: cheapSql(expression, source),
    missing: [...missing],
    onlyCorrelated: false,
  }
}

function summaryOf(rule: SigmaRule | SigmaCorrelation, at: RulePlace): RuleSummary {
  const words = rule.falsepositives ?? []
  return {
    id: rule.id ?? stableId('sigma', at.file, String(at.document), rule.title),
    name: rule.name ?? null,
    title: rule.title,
    level: rule.level ?? null,
    tags: rule.tags ?? [],
    description: rule.description ?? '',
    falsePositives: Array.isArray(words) ? words : [words],
    at,
  }
}

type CorrelationDocument = Extract<SigmaDocument, { kind: 'correlation' }>

/** Correlations may join others that stand anywhere: they are made as soon as all that they join are there. */
function joinCorrelations(
  documents: readonly SigmaDocument[],
  compiled: Map<SigmaDocument, Rule>,
  fail: (document: SigmaDocument, error: unknown) => void,
): void {
  const byName = new Map<string, SigmaDocument>()
  for (const document of documents) {
    if (document.kind === 'filter') continue
    for (const name of [document.rule.id, document.rule.name]) if (name !== undefined) byName.set(name, document)
  }
  let waiting = documents.filter((document): document is CorrelationDocument => document.kind === 'correlation')
  for (let round = 0; round < chainMax && waiting.length > 0; round += 1) {
    const later: CorrelationDocument[] = []
    for (const document of waiting) {
      try {
        const made = correlationRule(document, byName, compiled)
        if (made === null) later.push(document)
        else compiled.set(document, made)
      } catch (error) {
        fail(document, error)
      }
    }
    if (later.length === waiting.length) {
      waiting = later
      break
    }
    waiting = later
  }
  for (const document of waiting)
    fail(document, new RuleProblem('correlation.rules: it joins a rule that did not compile, or itself'))
}

/** null: something that it joins is not there yet. */
function correlationRule(
  document: CorrelationDocument,
  byName: ReadonlyMap<string, SigmaDocument>,
  compiled: ReadonlyMap<SigmaDocument, Rule>,
): CorrelationRule | null {
  const { correlation } = document.rule
  const names = typeof correlation.rules === 'string' ? [correlation.rules] : correlation.rules
  const of: Rule[] = []
  for (const name of names) {
    const joined = byName.get(name)
    if (joined === undefined) throw new RuleProblem(`correlation.rules: there is no rule with the id or name "${name}"`)
    const rule = compiled.get(joined)
    if (rule === undefined) return null
    of.push(rule)
  }
  checkThreshold(correlation)
  const groupBy = correlation['group-by'] ?? []
  const made: CorrelationRule = {
    kind: 'correlation',
    rule: summaryOf(document.rule, document.at),
    type: correlation.type,
    of,
    groupBy: typeof groupBy === 'string' ? [groupBy] : groupBy,
    timespanSeconds: secondsOf(correlation.timespan),
    threshold: correlation.condition ?? null,
    aliases: aliasesOf(correlation.aliases ?? {}, names, of),
    missing: [...new Set(of.flatMap((rule) => rule.missing))],
    onlyCorrelated: false,
  }
  // Not kept: it is put together again around what another correlation wants of it. Here it only says whether it can be.
  correlationSql(made)
  return made
}

function checkThreshold({ type, condition }: SigmaCorrelation['correlation']): void {
  if (type === 'temporal' || type === 'temporal_ordered') return
  const { field, ...limits } = condition ?? {}
  if (Object.keys(limits).length === 0) throw new RuleProblem(`correlation.condition: ${type} needs a limit (gte: 10)`)
  if (type !== 'event_count' && field === undefined)
    throw new RuleProblem(`correlation.condition: ${type} needs the field that it is about`)
}

const secondsOfUnit: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
  M: 2_592_000,
  y: 31_536_000,
}

function secondsOf(timespan: string): number {
  return Number(timespan.slice(0, -1)) * (secondsOfUnit[timespan.slice(-1)] ?? 1)
}

function aliasesOf(
  aliases: Readonly<Record<string, Readonly<Record<string, string>>>>,
  names: readonly string[],
  of: readonly Rule[],
): ReadonlyMap<string, ReadonlyMap<number, string>> {
  const read = new Map<string, ReadonlyMap<number, string>>()
  for (const [alias, fields] of Object.entries(aliases)) {
    const places = new Map<number, string>()
    for (const [name, field] of Object.entries(fields)) {
      const place = names.findIndex((one, at) => one === name || of[at]?.rule.name === name || of[at]?.rule.id === name)
      if (place < 0) throw new RuleProblem(`correlation.aliases.${alias}: "${name}" is not among its rules`)
      places.set(place, field)
    }
    read.set(alias, places)
  }
  return read
}

/** Rules that a correlation joins give no hits of their own, unless it says `generate: true`. */
function markCorrelated(documents: readonly SigmaDocument[], rules: readonly Rule[]): readonly Rule[] {
  const silent = new Set<string>()
  for (const document of documents) {
    if (document.kind !== 'correlation') continue
    const { correlation, generate } = document.rule
    if (generate === true || correlation.generate === true) continue
    for (const name of [correlation.rules].flat()) silent.add(name)
  }
  return rules.map((rule) =>
    silent.has(rule.rule.id) || (rule.rule.name !== null && silent.has(rule.rule.name))
      ? { ...rule, onlyCorrelated: true }
      : rule,
  )
}

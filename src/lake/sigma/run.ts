import type { LogEvent, LogWindow } from '../../model/lake.ts'
import type { Bounds, Engine } from '../engine/engine.ts'
import { Candidates, type Found } from './candidates.ts'
import type { CorrelationRule, EventRule, Rule, RuleSummary } from './compile.ts'
import { type CorrelatedGroup, runCorrelation } from './correlate.ts'
import { present } from './present.ts'
import { type EventKey, eventsOf } from './sample.ts'

/** `by`: whether the window is of the events' own time (the default) or of their receipt, which a schedule goes by. */
export type RuleWindow = LogWindow & { readonly by?: 'time' | 'received' }

export type SigmaHit = {
  readonly rule: RuleSummary
  /** Events that the rule matched; for a correlation, how often it came true. */
  readonly count: number
  /** Times of the first and the last of them (ISO 8601, UTC). */
  readonly first: string
  readonly last: string
  /** Some of them, oldest first; for a correlation, the events that completed it. */
  readonly events: readonly LogEvent[]
  /** For a correlation, whom it came true for; empty for other rules. */
  readonly groups: readonly CorrelatedGroup[]
}

export type SigmaRun = {
  readonly hits: readonly SigmaHit[]
  /** Rules that could not look, with the reason: never to be read as "nothing there". */
  readonly notRun: readonly { readonly rule: RuleSummary; readonly why: string }[]
  /** Events in the window, and how many of them could match any rule and were looked at closely. */
  readonly eventsInWindow: number
  readonly candidates: number
}

export type RunOptions = {
  readonly signal?: AbortSignal
  /** Events with each hit; 5 when not said, at most `eventsOfHitMax`. */
  readonly eventsOfHit?: number
  /** Share of the work that is done, 0 to 1. */
  readonly onProgress?: (share: number) => void
}

/** More than this are not an example but a search, which the query of the rule is for. */
export const eventsOfHitMax = 1_000
const eventsOfHitUsual = 5
/** Three times what SigmaHQ publishes. They are numbered by 16 bits, and their texts are one automaton of the engine. */
const rulesOfPassMax = 10_000
/** A pass over a slice of the window; a whole year of a busy house is many slices, each far below this. */
const statementMsMax = 10 * 60_000

/**
 * Bounds of the statements of a run: thousands of rules make one long text, which is ours and no person's. 3,000 rules of SigmaHQ are
 * some 6 MB of SQL in all.
 */
export function runBounds(signal: AbortSignal | undefined): Bounds {
  return {
    ...(signal === undefined ? {} : { signal }),
    timeoutMs: statementMsMax,
    settings: { max_query_size: 64 * 1024 * 1024, max_ast_elements: 4_000_000, max_expanded_ast_elements: 4_000_000 },
  }
}

/**
 * Runs rules over a window of the lake, in a few passes whatever their number (docs/decisions/0011). Throws what the engine throws
 * (Trouble 'lake.unreachable', 'lake.too-costly').
 */
export async function runRules(
  engine: Engine,
  rules: readonly Rule[],
  window: RuleWindow,
  options: RunOptions = {},
): Promise<SigmaRun> {
  const bounds = runBounds(options.signal)
  const notRun: { rule: RuleSummary; why: string }[] = []
  const wanted = rules.filter((rule) => !rule.onlyCorrelated)
  const ready = wanted.filter((rule) => {
    if (rule.missing.length === 0) return true
    notRun.push({ rule: rule.rule, why: whyMissing(rule.missing) })
    return false
  })
  const single = ready.filter((rule): rule is EventRule => rule.kind === 'rule')
  const joined = ready.filter((rule): rule is CorrelationRule => rule.kind === 'correlation')
  const there = await present(engine, [...single, ...joined.flatMap(eventRulesOf)], window, bounds)
  const lacking = (rule: EventRule): boolean => (there.events.get(rule.sourceSql) ?? 0) === 0
  for (const rule of single) if (lacking(rule)) notRun.push({ rule: rule.rule, why: whyNoSource([rule]) })
  const runnable = single.filter((rule) => !lacking(rule))
  const found: Found[] = []
  let looked = 0
  for (let at = 0; at < runnable.length; at += rulesOfPassMax) {
    const candidates = new Candidates(engine, runnable.slice(at, at + rulesOfPassMax), there, window, bounds)
    found.push(
      ...(await candidates.run(eventsWanted(options), (share) =>
        options.onProgress?.(Math.min(1, (at + share * rulesOfPassMax) / runnable.length)),
      )),
    )
    looked += candidates.looked
  }
  const drafts: Draft[] = found.map(({ rule, ...draft }) => ({ ...draft, rule: rule.rule, groups: [] }))
  for (const rule of joined) {
    const blind = eventRulesOf(rule).filter(lacking)
    if (blind.length > 0 && (rule.type.startsWith('temporal') || blind.length === eventRulesOf(rule).length)) {
      notRun.push({ rule: rule.rule, why: whyNoSource(blind) })
      continue
    }
    const correlated = await runCorrelation(engine, rule, window, eventsWanted(options), bounds)
    if (correlated !== null) drafts.push({ rule: rule.rule, ...correlated })
  }
  const hits = await withEvents(engine, drafts, bounds)
  options.onProgress?.(1)
  return { hits, notRun, eventsInWindow: there.total, candidates: looked }
}

type Draft = Omit<SigmaHit, 'events'> & { readonly keys: readonly EventKey[] }

/** The events of all hits, read together: one event is often the example of several rules. */
async function withEvents(engine: Engine, drafts: readonly Draft[], bounds: Bounds): Promise<readonly SigmaHit[]> {
  const keys = new Map(drafts.flatMap((draft) => draft.keys.map((key) => [`${key.load}-${key.line}`, key])))
  const events = new Map((await eventsOf(engine, [...keys.values()], bounds)).map((event) => [event.id, event]))
  return drafts.map(({ keys: own, ...hit }) => ({
    ...hit,
    events: own.flatMap(({ load, line }) => events.get(`${load}-${line}`) ?? []),
  }))
}

function eventsWanted({ eventsOfHit = eventsOfHitUsual }: RunOptions): number {
  return Math.max(0, Math.min(eventsOfHitMax, Math.floor(eventsOfHit)))
}

/** The rules on single events that a correlation rests on, through however many others. */
export function eventRulesOf(rule: CorrelationRule): readonly EventRule[] {
  return rule.of.flatMap((one) => (one.kind === 'rule' ? [one] : eventRulesOf(one)))
}

function whyMissing(names: readonly string[]): string {
  return `no values for ${names.map((name) => `%${name}%`).join(', ')}: set lake.placeholders in counterfoil.yaml`
}

function whyNoSource(rules: readonly EventRule[]): string {
  const sources = [...new Set(rules.map(({ source }) => wordsOfSource(source)))]
  return `no source: there is no event of ${sources.join(' or ')} in this time`
}

function wordsOfSource(source: EventRule['source']): string {
  return (['category', 'product', 'service'] as const)
    .flatMap((word) => (source[word] === undefined ? [] : [`${word} ${source[word]}`]))
    .join(', ')
}

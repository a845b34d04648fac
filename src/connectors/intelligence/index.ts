import { z } from 'zod'
import { wordsOf } from '../../kit/errors.ts'
import type { AskContext, Connector, Health } from '../../model/connector.ts'
import type { Answered } from '../../model/finding.ts'
import { houseConnectors } from '../../model/house-connectors.ts'
import type { IntelligenceSource } from '../../model/intelligence.ts'
import type { AnswerOf } from '../../model/question.ts'

/** A source and whether it was heard so long ago that its silence says little. */
export type HeardSource = IntelligenceSource & { readonly stale: boolean }

export type IntelligenceLookups = {
  /** What is known of an observable; null: nothing of its type is compared. `asked`: how it was looked up. */
  readonly reputation: (
    type: string,
    value: string,
  ) => Promise<{ readonly asked: string; readonly answer: AnswerOf<'reputation-of-observable'> } | null>
  /** Where intelligence comes from, and how each source is. */
  readonly sources: () => Promise<readonly HeardSource[]>
  readonly warningLists: () => Promise<number>
}

const ReputationAsk = z.object({ type: z.string(), value: z.string() })
/** Sources that a card and an answer name. */
const namedMax = 5

/** Our own threat intelligence: what feeds, files and warning lists say of an observable. Nothing leaves the house to know it. */
export function intelligence(lookups: IntelligenceLookups): Connector {
  return {
    id: 'intelligence',
    title: houseConnectors.intelligence,
    answers: ['reputation-of-observable'],
    limits: { timeoutMs: 5_000, concurrency: 8, perMinute: Number.POSITIVE_INFINITY },
    scope:
      'Knows what was imported or fetched: indicators of feeds and files, and lists of what is known to be good. It looks here and asks nobody outside. It says "nothing" only while a source is fresh.',
    copy: 'the feeds and files',
    ask: async (_question, ask, context) => reputation(lookups, ReputationAsk.parse(ask), context),
    health: (context) => health(lookups, context),
  }
}

async function reputation(
  lookups: IntelligenceLookups,
  ask: z.infer<typeof ReputationAsk>,
  { clock }: AskContext,
): Promise<Answered> {
  const [known, sources, lists] = await Promise.all([
    lookups.reputation(ask.type, ask.value),
    lookups.sources(),
    lookups.warningLists(),
  ])
  if (known === null)
    return { kind: 'not-applicable', why: `nothing of the kind "${ask.type}" is compared with intelligence` }
  const heard = sources.filter(({ lastSuccess }) => lastSuccess !== null)
  const stale = heard.filter((source) => source.stale)
  const query = `${known.asked} in ${placesOf(heard, lists)}${stale.length === 0 ? '' : `; stale: ${agesOf(stale, clock.now())}`}`
  const { answer } = known
  const isKnown = (answer.hits ?? []).length + (answer.warnings ?? []).length > 0
  if (isKnown)
    return {
      kind: 'found',
      answer,
      query,
      warnings: stale.length === 0 ? [] : [`Not all of it is fresh: ${agesOf(stale, clock.now())}.`],
    }
  if (heard.length === 0)
    return {
      kind: 'not-collected',
      why: 'no intelligence was ever imported or fetched (counterfoil import intelligence FILE)',
      query,
    }
  if (stale.length === heard.length)
    return {
      kind: 'not-collected',
      why: `all sources are stale, so that finding nothing says little: ${agesOf(stale, clock.now())}`,
      query,
    }
  return { kind: 'nothing', query }
}

function placesOf(heard: readonly HeardSource[], lists: number): string {
  return `${heard.length} ${heard.length === 1 ? 'source' : 'sources'} and ${lists} warning ${lists === 1 ? 'list' : 'lists'}`
}

function agesOf(sources: readonly HeardSource[], now: Date): string {
  const named = sources.slice(0, namedMax).map(({ id, lastSuccess }) => {
    const hours = Math.floor((now.getTime() - Date.parse(lastSuccess ?? '')) / 3_600_000)
    return `${id} (${hours < 48 ? `${hours} hours` : `${Math.floor(hours / 24)} days`} old)`
  })
  const more = sources.length > namedMax ? ` and ${sources.length - namedMax} more` : ''
  return `${named.join(', ')}${more}`
}

async function health(lookups: IntelligenceLookups, { clock }: AskContext): Promise<Health> {
  try {
    const sources = await lookups.sources()
    const lastSuccess = sources.reduce<string | null>(
      (last, one) => (one.lastSuccess !== null && one.lastSuccess > (last ?? '') ? one.lastSuccess : last),
      null,
    )
    const heard = sources.filter((one) => one.lastSuccess !== null)
    const failing = sources.filter((one) => one.failingSince !== null)
    if (failing.length > 0) {
      const [first] = failing
      return {
        state: heard.length === 0 ? 'failing' : 'warning',
        says: `${first?.id} cannot be fetched: ${first?.why}`,
        lastSuccess,
        newest: lastSuccess,
      }
    }
    if (heard.length === 0)
      return {
        state: 'not-configured',
        says: 'No intelligence was imported yet: see docs/intelligence.md.',
        lastSuccess,
      }
    const stale = heard.filter((one) => one.stale)
    if (stale.length > 0)
      return { state: 'warning', says: `Stale: ${agesOf(stale, clock.now())}.`, lastSuccess, newest: lastSuccess }
    const count = heard.reduce((sum, one) => sum + one.indicators, 0)
    return {
      state: 'active',
      says: `${count.toLocaleString('en')} indicators of ${heard.length === 1 ? 'one source' : `${heard.length} sources`}.`,
      lastSuccess,
      newest: lastSuccess,
    }
  } catch (error) {
    return { state: 'failing', says: `It cannot be looked up: ${wordsOf(error)}`, lastSuccess: null }
  }
}

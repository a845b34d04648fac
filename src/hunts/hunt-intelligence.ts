import { huntState, type NewIndicator, newIndicators, saveHunt } from '../db/intelligence-hunt.ts'
import { addJob } from '../db/jobs.ts'
import type { Db } from '../db/open.ts'
import { sha256Hex } from '../kit/digest.ts'
import { wordsOf } from '../kit/errors.ts'
import { hunt, type Hit as Seen } from '../lake/hunt/hunt.ts'
import { indicatorOf } from '../lake/hunt/indicator.ts'
import type { Detection } from '../model/detection.ts'
import type { ObservableType } from '../model/observable.ts'
import type { Reputation } from '../triage/reputation.ts'
import { plainName } from './entity-of.ts'
import { type DetectionParts, ensureProvider, rawOf } from './run-detections.ts'

/** The job that hunts; one of it waits at any time. */
const huntJob = 'hunt-intelligence'
const firstHuntMs = 60_000
/** An import is seen when it commits, and says when it began: so far behind the clock the hunt stays. */
const settleMs = 15 * 60_000
/** In one go: 100,000 take the engine half a second. */
const indicatorsAtOnce = 50_000
/** Alerts of one hunt; past it one alert tells of all of them. A list that names a content network hits every machine. */
const alertsMax = 20
const hostsNamed = 20

type HuntParts = Pick<DetectionParts, 'clock' | 'db' | 'engine' | 'hasBegun' | 'log' | 'receive' | 'everyMinutes'> & {
  /** All that our intelligence knows of an observable together; null: nothing of its type is compared. */
  readonly know: (type: string, value: string) => Promise<Reputation | null>
}
export type Hunted = { readonly indicators: number; readonly seen: number; readonly raised: number }

/**
 * Looks in everything that the lake keeps for the indicators that were first heard since the last hunt, and raises an alert for each that was
 * seen and that all our intelligence together calls malicious. Safe to be killed and run again: the same hit is the same message. null:
 * nothing to look in yet, or no time went by.
 */
export async function huntNewIndicators(parts: HuntParts, signal?: AbortSignal): Promise<Hunted | null> {
  const { db, clock, engine } = parts
  const now = clock.now()
  const window = {
    from: (await huntState(db))?.huntedUntil ?? new Date(0).toISOString(),
    to: new Date(now.getTime() - settleMs).toISOString(),
  }
  if (window.to <= window.from || !parts.hasBegun()) return null
  let indicators = 0
  const seen: Seen[] = []
  for (let after: NewIndicator | null = null; ; ) {
    const some: readonly NewIndicator[] = await newIndicators(db, window, after, indicatorsAtOnce)
    if (some.length > 0) {
      const wanted = some.map(({ type, value }) => indicatorOf(type as ObservableType, value))
      seen.push(...(await hunt(engine, { indicators: wanted, window: null, now }, signal)).hits)
    }
    indicators += some.length
    after = some.at(-1) ?? null
    if (some.length < indicatorsAtOnce) break
  }
  const told = await messagesOf(parts.know, seen, window)
  if (told.length > 0) await ensureProvider(db, clock)
  for (const message of told) await parts.receive(rawOf(message))
  const says = `${indicators} new indicators were looked for, ${seen.length} were seen, ${told.length} alerts raised.`
  await saveHunt(db, window.to, says, now)
  return { indicators, seen: seen.length, raised: told.length }
}

async function messagesOf(
  know: HuntParts['know'],
  seen: readonly Seen[],
  window: Detection['received'],
): Promise<readonly Detection[]> {
  const bad: { readonly hit: Seen; readonly note: string; readonly techniques: readonly string[] }[] = []
  for (const hit of seen) {
    const known = await know(hit.type, hit.indicator)
    // What a warning list knows to be good, or a source is unsure of, is no alert.
    if (known?.verdict !== 'malicious') continue
    const techniques = known.hits.flatMap(({ threats }) =>
      threats.flatMap(({ kind, name }) => (kind === 'technique' ? [name] : [])),
    )
    bad.push({ hit, note: known.note ?? '', techniques: [...new Set(techniques)] })
  }
  if (bad.length <= alertsMax) return bad.map(({ hit, note, techniques }) => messageOf([hit], note, techniques, window))
  return [
    messageOf(
      bad.map(({ hit }) => hit),
      '',
      [],
      window,
    ),
  ]
}

function messageOf(
  hits: readonly Seen[],
  note: string,
  techniques: readonly string[],
  window: Detection['received'],
): Detection {
  const hosts = [...new Set(hits.flatMap((hit) => hit.hosts ?? []))].toSorted()
  const [only] = hits.length === 1 ? hits : []
  const names = hits.map(({ indicator }) => indicator).toSorted()
  const [host] = hosts.length === 1 ? hosts : []
  return {
    ...{ format: 'counterfoil-detection', version: 1, part: 1 },
    id: `own-${sha256Hex(JSON.stringify(['intelligence', ...names])).slice(0, 20)}`,
    rule: {
      ...{
        id: 'intelligence-hunt',
        title: 'An indicator that became known was seen in our logs',
        level: 'high',
        origin: 'intelligence',
      },
      description: 'Threat intelligence named it, and it lies in what our logs keep from before.',
      tags: techniques.map((id) => `attack.${id.toLowerCase()}`),
      falsePositives: ['An address that belonged to somebody else then', 'A list that names a shared service'],
    },
    entity:
      host === undefined
        ? { kind: 'several', value: hosts.length === 0 ? 'no host is named' : `${hosts.length} hosts` }
        : { kind: 'host', value: plainName(host) },
    host: host === undefined ? null : plainName(host),
    account: null,
    source: null,
    destination:
      only !== undefined && (only.type === 'ipv4' || only.type === 'ipv6' || only.type === 'domain')
        ? plainName(only.indicator)
        : null,
    count: Math.max(
      1,
      hits.reduce((sum, hit) => sum + hit.count, 0),
    ),
    counted: 'exactly',
    first: hits.map(({ first }) => first).toSorted()[0] ?? window.to,
    last:
      hits
        .map(({ last }) => last)
        .toSorted()
        .at(-1) ?? window.to,
    received: window,
    events: [],
    says: saysOf(hits, hosts, names, note),
  }
}

function saysOf(hits: readonly Seen[], hosts: readonly string[], names: readonly string[], note: string): string {
  const some = (all: readonly string[]): string =>
    `${all.slice(0, hostsNamed).map(plainName).join(', ')}${all.length > hostsNamed ? ` and ${all.length - hostsNamed} more` : ''}`
  const where = hosts.length === 0 ? '' : ` On ${some(hosts)}.`
  const sources = [...new Set(hits.flatMap((hit) => hit.sources.map(({ source }) => source)))]
  return `${some(names)} in the logs of ${some(sources)}.${where} ${note}`.trim()
}

/** The job, as the worker runs it. It never fails for good: what stops it is logged, and it is tried at the next turn. */
export function huntTasks(
  parts: HuntParts,
): Readonly<Record<string, (payload: unknown, job: { readonly signal: AbortSignal }) => Promise<void>>> {
  return {
    [huntJob]: async (_payload, { signal }) => {
      try {
        const hunted = await huntNewIndicators(parts, signal)
        if (hunted !== null) parts.log.info(hunted, 'new indicators were looked for in the logs')
      } catch (error) {
        parts.log.warn(
          { error: wordsOf(error) },
          'new indicators could not be looked for; the same ones are looked for again',
        )
      }
      await queueHunt(parts.db, new Date(parts.clock.now().getTime() + parts.everyMinutes * 60_000))
    },
  }
}

/** Called at each start. */
export async function scheduleHunt({ db, clock }: Pick<HuntParts, 'db' | 'clock'>): Promise<void> {
  await queueHunt(db, new Date(clock.now().getTime() + firstHuntMs))
}

async function queueHunt(db: Db, runAt: Date): Promise<void> {
  await addJob(db, huntJob, {}, { key: huntJob, runAt })
}

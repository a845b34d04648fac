import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import {
  beginStretch,
  endStretch,
  noteNotLooked,
  openDetections,
  type RuleLook,
  type Stretch,
  saveOpenDetections,
  saveRuleLooks,
} from '../db/detections.ts'
import { addJob } from '../db/jobs.ts'
import { type Db, transaction } from '../db/open.ts'
import { providerById, saveProvider } from '../db/providers.ts'
import type { Tables } from '../db/tables.ts'
import type { Clock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import type { Engine } from '../lake/engine/engine.ts'
import type { Rule } from '../lake/sigma/compile.ts'
import { runRules, type SigmaRun } from '../lake/sigma/run.ts'
import { append } from '../ledger/append.ts'
import { type Detection, ownDetectionsId } from '../model/detection.ts'
import type { Receive } from '../model/message.ts'
import type { Provider } from '../model/provider.ts'
import { detectionMessages, joinMs } from './detection-messages.ts'
import { runApart } from './run-apart.ts'

/** Lines are stamped when they come and found two or three seconds later: so far behind the newest the rules stay. */
const settleMs = 10_000
/** Looked at in one go: after a night without the engine its logs are caught up with in steps. */
const stretchMsMax = 6 * 3_600_000
/** Events of a rule that are told apart by whom they are about; of a flood the rest is only counted. With their lines some 300 KB. */
const eventsOfRuleMax = 200
/** Stretches of one job; then another job goes on, so that the worker can be stopped in between. */
const stretchesPerJob = 20
/** The job that runs the rules; one of it waits at any time. */
export const detectionsJob = 'run-detections'
/** After the start, so that the desk is there first. */
const firstRunMs = 10_000

const ownProvider: Provider = {
  id: ownDetectionsId,
  name: 'Our own detections',
  format: ownDetectionsId,
  addresses: [],
  domains: [],
  sourceRanges: [],
  trustedSealers: [],
  replyAddress: null,
  // There is nobody to answer.
  dryRun: true,
  mayShare: [],
}

export type DetectionParts = {
  readonly db: Kysely<Tables>
  readonly clock: Clock
  readonly log: {
    readonly info: (details: object, text: string) => void
    readonly warn: (details: object, text: string) => void
  }
  readonly engine: Engine
  /** False: nothing was ever kept, and no engine is started to see that no rule matches. */
  readonly hasBegun: () => boolean
  /** When the oldest line came that the engine does not have yet; null when it has all. Rules look no further than to it. */
  readonly oldestWaiting: () => Promise<Date | null>
  readonly rules: readonly Rule[]
  readonly receive: Receive
  readonly everyMinutes: number
  /** How far behind the newest line the rules stay; a test that has waited for the engine itself need not wait again. */
  readonly settleMs?: number
}

export type Look = { readonly stretch: Stretch; readonly run: SigmaRun; readonly raised: number }

/**
 * Looks once at what is new and raises what the rules see; null when nothing is new. By receipt, so that an event that comes late is
 * not missed. Safe to be killed anywhere and run again, and by two nodes at once: the stretch is written down first, its messages are
 * made of it alone, and the same message is received once. Throws Trouble of the engine ('lake.unreachable', 'lake.too-costly') and of
 * the database; the stretch is then looked at again.
 */
export async function lookOnce(parts: DetectionParts, signal?: AbortSignal): Promise<Look | null> {
  const { db, clock } = parts
  const oldest = await parts.oldestWaiting()
  const until = new Date(Math.min(oldest?.getTime() ?? Infinity, clock.now().getTime()) - (parts.settleMs ?? settleMs))
  const firstMs = parts.everyMinutes * 60_000
  const stretch = await transaction(db, (tx) => beginStretch(tx, { until, stretchMsMax, firstMs }))
  if (stretch === null) return null
  const run = parts.hasBegun()
    ? await runApart(parts.rules, (rules) =>
        runRules(
          parts.engine,
          rules,
          { ...stretch, by: 'received' },
          { eventsOfHit: eventsOfRuleMax, ...(signal === undefined ? {} : { signal }) },
        ),
      )
    : nothingKept(parts.rules)
  const forgetBefore = new Date(Date.parse(stretch.to) - joinMs)
  const made = detectionMessages(run.hits, stretch, await openDetections(db, forgetBefore))
  if (made.messages.length > 0) await ensureProvider(db, clock)
  for (const message of made.messages) await parts.receive(rawOf(message))
  const now = clock.now()
  await transaction(db, async (tx) => {
    if (!(await endStretch(tx, stretch, now, saysOf(run, made.messages.length)))) return
    await saveOpenDetections(tx, made.open, forgetBefore)
    await saveRuleLooks(tx, looksOf(parts.rules, run), now)
  })
  return { stretch, run, raised: made.messages.length }
}

function nothingKept(rules: readonly Rule[]): SigmaRun {
  const why = 'no source: no logs were ever kept here'
  const notRun = rules.filter((rule) => !rule.onlyCorrelated).map(({ rule }) => ({ rule, why }))
  return { hits: [], notRun, eventsInWindow: 0, candidates: 0 }
}

/** The job, as the worker runs it. It never fails for good: what stops it is logged, kept for the page, and tried at the next turn. */
export function detectionTasks(
  parts: DetectionParts,
): Readonly<Record<string, (payload: unknown, job: { readonly signal: AbortSignal }) => Promise<void>>> {
  return {
    [detectionsJob]: async (_payload, { signal }) => {
      try {
        await lookOnward(parts, signal)
      } catch (error) {
        parts.log.warn({ error: wordsOf(error) }, 'the detections could not look; they look at the same stretch again')
        await noteNotLooked(parts.db, `They could not look: ${wordsOf(error)}`)
      }
      await queueNext(parts.db, new Date(parts.clock.now().getTime() + parts.everyMinutes * 60_000))
    },
  }
}

/** Called at each start: the rules run soon, and from then on by themselves. */
export async function scheduleDetections(db: Db, clock: Clock): Promise<void> {
  await queueNext(db, new Date(clock.now().getTime() + firstRunMs))
}

async function queueNext(db: Db, runAt: Date): Promise<void> {
  await addJob(db, detectionsJob, {}, { key: detectionsJob, runAt })
}

async function lookOnward(parts: DetectionParts, signal: AbortSignal): Promise<void> {
  for (let stretches = 0; stretches < stretchesPerJob && !signal.aborted; stretches += 1) {
    const look = await lookOnce(parts, signal)
    if (look === null) return
    const { stretch, run, raised } = look
    parts.log.info(
      { ...stretch, events: run.eventsInWindow, hits: run.hits.length, raised, notRun: run.notRun.length },
      'the detections looked at what is new',
    )
    if (Date.parse(stretch.to) > parts.clock.now().getTime() - parts.everyMinutes * 60_000) return
    // A long way to catch up must not keep the engine from people's questions.
    await sleep(100, undefined, { signal }).catch(() => undefined)
  }
}

export function rawOf(message: Detection) {
  return {
    bytes: Buffer.from(JSON.stringify(message)),
    form: 'json',
    channel: 'detection',
    sourceAddress: null,
    heloName: null,
    envelopeFrom: null,
    envelopeTo: [],
    providerId: ownDetectionsId,
    origin: `detection;rule=${message.rule.origin};alert=${message.id};part=${message.part}`,
  } as const
}

/** On first use, once, with a line in the ledger; an administrator may change it like any other from then on. */
export async function ensureProvider(db: Kysely<Tables>, clock: Clock): Promise<void> {
  if ((await providerById(db, ownDetectionsId)) !== null) return
  await transaction(db, async (tx) => {
    if ((await saveProvider(tx, ownProvider, 0, clock.now())) === null) return
    const body = { made: true }
    await append(tx, { kind: 'provider.changed', actor: 'system', subject: `provider:${ownDetectionsId}`, body }, clock)
  })
}

function looksOf(rules: readonly Rule[], run: SigmaRun): readonly RuleLook[] {
  const hits = new Map(run.hits.map((hit) => [hit.rule.id, hit.count]))
  const notRun = new Map(run.notRun.map(({ rule, why }) => [rule.id, why]))
  const looks = new Map<string, RuleLook>()
  for (const { rule, onlyCorrelated } of rules) {
    if (onlyCorrelated) continue
    const { id, title, level } = rule
    looks.set(id, { id, title, level, notRun: notRun.get(id) ?? null, hits: hits.get(id) ?? 0 })
  }
  return [...looks.values()]
}

function saysOf(run: SigmaRun, raised: number): string {
  const blind = run.notRun.length === 0 ? '' : `; ${run.notRun.length} rules could not look`
  return `Looked at ${run.eventsInWindow} events: ${run.hits.length} rules matched, ${raised} messages raised${blind}.`
}

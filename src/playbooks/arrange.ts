import {
  assignable,
  lastActs,
  lockMerging,
  lockQueued,
  mergeChain,
  type Queued,
  setAssignee,
  setMergedInto,
  setSnooze,
  sleepsUntil,
  wakeAll,
  wakeFrom,
} from '../db/alert-queue.ts'
import { lockAlert } from '../db/alerts.ts'
import { addJob } from '../db/jobs.ts'
import { notifyAll } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import { Trouble } from '../kit/errors.ts'
import { append, appendAll } from '../ledger/append.ts'
import type { FindingKind } from '../model/finding.ts'
import type { LedgerKind } from '../model/ledger.ts'
import { type SnoozeFor, snoozeDaysMax } from '../model/queue.ts'
import type { House } from './house.ts'

type Desk = Pick<House, 'db' | 'clock'>

/** An alert as the person saw it. */
export type Seen = { readonly id: string; readonly version: number }

const dayMs = 86_400_000

/** Gives alerts to a person, or to nobody. Throws Trouble('input.invalid') for somebody who cannot work alerts. */
export async function assign(
  house: Desk,
  acting: { readonly alerts: readonly Seen[]; readonly assignee: string | null; readonly by: string },
): Promise<void> {
  const { alerts, assignee, by } = acting
  await transaction(house.db, async (tx) => {
    if (assignee !== null && !(await assignable(tx)).some((person) => person.id === assignee))
      throw new Trouble('input.invalid', { fields: { assignee: 'Nobody of this name works alerts' } })
    const before = await lockSeen(house, tx, alerts)
    await setAssignee(tx, idsOf(before), assignee)
    await record(house, tx, before, 'alert.assigned', by, ({ assignee: from }) => ({ assignee, from }))
  })
}

/** Puts open alerts to sleep until a time, until evidence comes in, or until the provider writes. */
export async function snooze(
  house: Desk,
  acting: {
    readonly alerts: readonly Seen[]
    readonly for: SnoozeFor
    readonly until: Date | null
    readonly by: string
  },
): Promise<void> {
  const { alerts, until, by } = acting
  const now = house.clock.now()
  if ((acting.for === 'time') !== (until !== null)) throw new Trouble('input.invalid', { field: 'until' })
  if (until !== null && (until <= now || until.getTime() > now.getTime() + snoozeDaysMax * dayMs))
    throw new Trouble('input.invalid', { fields: { until: `Say a time within the next ${snoozeDaysMax} days` } })
  await transaction(house.db, async (tx) => {
    const before = await lockSeen(house, tx, alerts)
    refuse(before, (alert) => notOpen(alert) ?? merged(alert))
    await setSnooze(tx, idsOf(before), { for: acting.for, until, by, at: now })
    if (until !== null) for (const { id } of before) await addWakeJob(tx, id, until)
    await record(house, tx, before, 'alert.snoozed', by, () => ({
      for: acting.for,
      until: until?.toISOString() ?? null,
    }))
  })
}

/** Wakes alerts by hand. Those that are awake stay as they are. */
export async function wake(
  house: Desk,
  acting: { readonly alerts: readonly Seen[]; readonly by: string },
): Promise<void> {
  await transaction(house.db, async (tx) => {
    const before = await lockSeen(house, tx, acting.alerts)
    const woken = new Set(await wakeAll(tx, idsOf(before)))
    const slept = before.filter(({ id }) => woken.has(id))
    await record(house, tx, slept, 'alert.woken', acting.by, ({ snooze }) => ({ because: 'hand', slept: snooze }))
  })
}

/**
 * Works these alerts in the lead's place from now on: they leave the queue, keep their messages, evidence and ticket, and come back as they were
 * when they are unmerged. Only open ones, into an open one: what is answered already is no longer worked anywhere.
 */
export async function merge(
  house: Desk,
  acting: { readonly alerts: readonly Seen[]; readonly into: Seen; readonly by: string },
): Promise<void> {
  const { alerts, into, by } = acting
  if (alerts.some(({ id }) => id === into.id))
    throw new Trouble('input.invalid', { fields: { into: 'An alert cannot be merged into itself' } })
  await transaction(house.db, async (tx) => {
    await lockMerging(tx)
    const all = await lockSeen(house, tx, [into, ...alerts])
    refuse(all, (alert) => notOpen(alert) ?? merged(alert))
    const before = all.filter(({ id }) => id !== into.id)
    await setMergedInto(tx, idsOf(before), into.id)
    await record(house, tx, before, 'alert.merged', by, () => ({ into: into.id }))
    await notifyAll(tx, [`alert:${into.id}`])
  })
}

/** Takes alerts out of what they were merged into. What was merged into them comes along with them. */
export async function unmerge(
  house: Desk,
  acting: { readonly alerts: readonly Seen[]; readonly by: string },
): Promise<void> {
  await transaction(house.db, async (tx) => {
    await lockMerging(tx)
    const before = await lockSeen(house, tx, acting.alerts)
    refuse(before, ({ mergedInto }) => (mergedInto === null ? 'It is not merged into another.' : null))
    await setMergedInto(tx, idsOf(before), null)
    await record(house, tx, before, 'alert.unmerged', acting.by, ({ mergedInto }) => ({ from: mergedInto }))
    await notifyAll(
      tx,
      before.map(({ mergedInto }) => `alert:${mergedInto}`),
    )
  })
}

/** Evidence is what comes of looking. That somebody could not look is no reason to wake anybody. */
export function hasLooked(kind: FindingKind): boolean {
  return kind === 'found' || kind === 'nothing'
}

/** What an alert that sleeps waits for has happened: call it in the transaction that wrote it. It wakes once. */
export async function wakeSleeping(
  house: Pick<House, 'clock'>,
  tx: Db,
  alertId: string,
  happened: 'evidence' | 'reply',
): Promise<void> {
  if (await wakeFrom(tx, alertId, happened)) await recordWoken(house, tx, alertId, happened)
}

/** The job behind "until a time": wakes the alert when that time has come, and does nothing when it was woken or put off since. */
export async function wakeByClock(house: Desk, alertId: string): Promise<void> {
  await transaction(house.db, async (tx) => {
    if (!(await lockAlert(tx, alertId))) return
    const now = house.clock.now()
    const until = await sleepsUntil(tx, alertId)
    if (until === null) return
    // The database's clock, by which jobs begin, may be ahead of ours.
    if (until > now) return addWakeJob(tx, alertId, until)
    if (await wakeFrom(tx, alertId, { now })) await recordWoken(house, tx, alertId, 'time')
  })
}

/**
 * Locks an alert together with those it is merged into, its lead last in the answer. A message of a merged alert reaches the lead; both are
 * locked in the order in which merging locks them.
 */
export async function lockWithLead(tx: Db, alertId: string): Promise<{ readonly leadId: string }> {
  await lockQueued(tx, await mergeChain(tx, alertId))
  const now = await mergeChain(tx, alertId)
  // Somebody merged it between our look and our lock: what is new in the chain is locked as well.
  await lockQueued(tx, now)
  return { leadId: now.at(-1) ?? alertId }
}

async function addWakeJob(tx: Db, alertId: string, until: Date): Promise<void> {
  await addJob(tx, 'wake-alert', { alertId }, { runAt: until, key: `wake:${alertId}` })
}

async function recordWoken(
  house: Pick<House, 'clock'>,
  tx: Db,
  alertId: string,
  because: 'time' | 'evidence' | 'reply',
): Promise<void> {
  const line = { kind: 'alert.woken', actor: 'system', subject: `alert:${alertId}`, body: { because } } as const
  await append(tx, line, house.clock)
  await notifyAll(tx, [`alert:${alertId}`, 'queue'])
}

const idsOf = (alerts: readonly Queued[]): string[] => alerts.map(({ id }) => id)
const notOpen = ({ state }: Queued): string | null => (state === 'open' ? null : 'It is decided.')
const merged = ({ mergedInto }: Queued): string | null => (mergedInto === null ? null : 'It is merged into another.')

/** All or nothing: every alert that stands against it is named with the reason. */
function refuse(alerts: readonly Queued[], why: (alert: Queued) => string | null): void {
  const fields: Record<string, string> = {}
  for (const alert of alerts) {
    const reason = why(alert)
    if (reason !== null) fields[`A-${alert.number}`] = reason
  }
  if (Object.keys(fields).length > 0) throw new Trouble('state.conflict', { fields })
}

/**
 * Locks alerts that are still as the person saw them. Throws Trouble('not.found') when one is not there, 'state.conflict' with what
 * somebody else did to each that changed.
 */
export async function lockSeen(house: Pick<House, 'clock'>, tx: Db, seen: readonly Seen[]): Promise<readonly Queued[]> {
  const there = await lockQueued(
    tx,
    seen.map(({ id }) => id),
  )
  const alerts = seen.map(({ id }) => there.get(id)).filter((alert) => alert !== undefined)
  if (alerts.length < seen.length) throw new Trouble('not.found', { missing: seen.length - alerts.length })
  const changed = alerts.filter((alert, index) => alert.version !== seen[index]?.version)
  if (changed.length > 0) {
    const acts = await lastActs(tx, idsOf(changed))
    refuse(changed, ({ id }) => standsAgainst(acts.get(id), house.clock.now()))
  }
  return alerts
}

const acts: Partial<Record<LedgerKind, string>> = {
  'decision.made': 'decided it',
  'decision.undone': 'took the decision back',
  'alert.assigned': 'assigned it',
  'alert.snoozed': 'snoozed it',
  'alert.woken': 'woke it',
  'alert.merged': 'merged it into another',
  'alert.unmerged': 'unmerged it',
  'finding.recorded': 'asked a source again',
}

/** "Kari Dahl decided it 2 min ago": what the other did, for whoever came second. */
export function standsAgainst(act: { kind: string; by: string; at: string } | undefined, now: Date): string {
  if (act === undefined) return 'A message or a playbook changed it.'
  const minutes = Math.max(0, Math.round((now.getTime() - Date.parse(act.at)) / 60_000))
  const ago = minutes < 1 ? 'just now' : minutes < 120 ? `${minutes} min ago` : `at ${act.at}`
  return `${act.by} ${acts[act.kind as LedgerKind] ?? 'changed it'} ${ago}.`
}

async function record(
  house: Pick<House, 'clock'>,
  tx: Db,
  alerts: readonly Queued[],
  kind: LedgerKind,
  by: string,
  bodyOf: (alert: Queued) => Record<string, unknown>,
): Promise<void> {
  const lines = alerts.map((alert) => ({ kind, actor: by, subject: `alert:${alert.id}`, body: bodyOf(alert) }))
  await appendAll(tx, lines, house.clock)
  await notifyAll(tx, [...alerts.map(({ id }) => `alert:${id}`), 'queue'])
}

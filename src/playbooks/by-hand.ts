import { insertAlert, lockAlert } from '../db/alerts.ts'
import { notifyAll } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import { providerById, saveProvider } from '../db/providers.ts'
import { writeMark } from '../db/run-marks.ts'
import { cancelRun, journalLine, runState, runUnderWay } from '../db/runs.ts'
import { Trouble } from '../kit/errors.ts'
import { stableId } from '../kit/stable-id.ts'
import { append } from '../ledger/append.ts'
import type { Reading } from '../model/alert.ts'
import type { Observable } from '../model/observable.ts'
import type { Mark, Playbook } from '../model/playbook.ts'
import { ownDeskId, type Provider } from '../model/provider.ts'
import { extract } from '../observables/extract.ts'
import type { House } from './house.ts'
import { startRun } from './on-alert.ts'
import { rejudge } from './rejudge.ts'
import type { Asked } from './steps/checklist.ts'
import { fileTicket } from './tickets.ts'
import { wakeRuns } from './wake.ts'

type Desk = Pick<House, 'db' | 'clock' | 'library'>

/**
 * A person starts a playbook for an alert; the id of its run. Throws Trouble('not.found') for an alert that is not there,
 * 'state.conflict' while the same playbook is under way for it: a second click starts nothing.
 */
export async function startByHand(
  house: Desk,
  start: { readonly playbook: Playbook; readonly alertId: string; readonly by: string },
): Promise<string> {
  return transaction(house.db, (tx) => startHere(house, tx, start))
}

async function startHere(
  house: Desk,
  tx: Db,
  { playbook, alertId, by }: { readonly playbook: Playbook; readonly alertId: string; readonly by: string },
): Promise<string> {
  if (!(await lockAlert(tx, alertId))) throw new Trouble('not.found', { alertId })
  const underWay = await runUnderWay(tx, alertId, playbook.id)
  if (underWay !== null)
    throw new Trouble('state.conflict', {
      fields: { playbook: 'It is under way for this alert already' },
      runId: underWay,
    })
  const trigger = `hand ${house.clock.now().toISOString()}`
  const runId = await startRun(house, tx, { playbook, alertId, trigger, by })
  await notifyAll(tx, [`alert:${alertId}`, 'queue'])
  return runId
}

/** Where alerts come from that a person opens. There is nobody to answer. */
const ownDesk: Provider = {
  id: ownDeskId,
  name: 'Our own desk',
  format: 'generic',
  addresses: [],
  domains: [],
  sourceRanges: [],
  trustedSealers: [],
  replyAddress: null,
  dryRun: true,
  mayShare: [],
}

/** Part of a reading that a person typed. */
const typedPart = 'by-hand'
/** Indicators of one request: past it, it is a list for a hunt in the logs. */
const typedMax = 50

/**
 * A person asks about bare indicators: they become an alert of our own desk, with the playbook started on it. The same person asking the same
 * within the same second opens one. Throws Trouble('input.invalid') for a text without an indicator, or with too many.
 */
export async function startOnText(
  house: Desk,
  asked: { readonly playbook: Playbook; readonly text: string; readonly reason: string; readonly by: string },
): Promise<{ readonly alertId: string; readonly runId: string }> {
  const { playbook, text, reason, by } = asked
  const now = house.clock.now()
  const observables = [...new Map(extract(text).map((one) => [`${one.type} ${one.value}`, one])).values()]
  if (observables.length === 0)
    throw new Trouble('input.invalid', { fields: { text: 'There is no address, name, file digest or account in it' } })
  if (observables.length > typedMax)
    throw new Trouble('input.invalid', { fields: { text: `More than ${typedMax} at once: hunt for them in the logs` } })
  const alertId = stableId('alert by hand', by, text, now.toISOString().slice(0, 19))
  return transaction(house.db, async (tx) => {
    await ensureOwnDesk(house, tx)
    const fresh = {
      id: alertId,
      providerId: ownDeskId,
      kind: 'alert',
      reading: readingByHand(observables, reason, now),
      receivedAt: now,
      sample: false,
    } as const
    await insertAlert(tx, fresh)
    const body = { byHand: true, indicators: observables.length, reason }
    await append(tx, { kind: 'alert.opened', actor: by, subject: `alert:${alertId}`, body }, house.clock)
    await rejudge(house, tx, alertId, { full: false })
    await fileTicket(house, tx, { alertId, playbookId: playbook.id, own: false })
    return { alertId, runId: await startHere(house, tx, { playbook, alertId, by }) }
  })
}

async function ensureOwnDesk(house: Desk, tx: Db): Promise<void> {
  if ((await providerById(tx, ownDeskId)) !== null) return
  if ((await saveProvider(tx, ownDesk, 0, house.clock.now())) === null) return
  const body = { made: true }
  const line = { kind: 'provider.changed', actor: 'system', subject: `provider:${ownDeskId}`, body } as const
  await append(tx, line, house.clock)
}

function readingByHand(observables: readonly Observable[], reason: string, now: Date): Reading {
  const firstOf = (...types: readonly string[]) => {
    const found = observables.find((one) => types.includes(one.type))
    return found === undefined ? null : { value: found.value, span: null }
  }
  const [first] = observables
  const more = observables.length === 1 ? '' : ` and ${observables.length - 1} more`
  return {
    reader: 'by-hand',
    kind: 'alert',
    because: 'A person of ours asked about it.',
    ticket: null,
    rule: null,
    severity: 'unknown',
    severityText: null,
    status: null,
    title: `Look up ${first?.value ?? ''}${more}`.slice(0, 300),
    summary: reason,
    occurredAt: null,
    raisedAt: now.toISOString(),
    source: firstOf('ipv4', 'ipv6'),
    destination: null,
    host: firstOf('hostname'),
    account: firstOf('user'),
    entity: first?.value.toLowerCase() ?? null,
    portalUrl: null,
    question: null,
    fields: [],
    observables: observables.map((one) => ({ ...one, part: typedPart })),
    delivered: [],
  }
}

/**
 * A person ends a run. Throws Trouble('not.found') when there is none, 'state.conflict' when it has ended. A question to a person that is still
 * open stays so: the answer is evidence all the same.
 */
export async function cancelByHand(
  house: Pick<House, 'db' | 'clock'>,
  cancel: { readonly runId: string; readonly reason: string; readonly by: string },
): Promise<void> {
  const { runId, reason, by } = cancel
  await transaction(house.db, async (tx) => {
    const seen = await runState(tx, runId)
    if (seen === null) throw new Trouble('not.found', { runId })
    // The alert before the run: the one order in which all lock.
    await lockAlert(tx, seen.alertId)
    const run = await runState(tx, runId, { lock: true })
    if (run === null || (run.state !== 'running' && run.state !== 'waiting'))
      throw new Trouble('state.conflict', { runId, state: run?.state })
    await cancelRun(tx, runId, { at: house.clock.now(), why: `cancelled: ${reason}` })
    const body = { alertId: run.alertId, playbook: run.playbookId, reason }
    await append(tx, { kind: 'run.cancelled', actor: by, subject: `run:${runId}`, body }, house.clock)
    await notifyAll(tx, [`run:${runId}`, `alert:${run.alertId}`, 'queue'])
  })
}

/**
 * A person puts an item of a checklist down as done, or as not done with the reason, or chooses how a step came out (item ""). The run goes on
 * when nothing is open. Throws Trouble('not.found') for a run, step or item that is not there, 'state.conflict' when nobody waits for it (any
 * more), 'input.invalid' for a choice that is none of the step's.
 */
export async function markByHand(
  house: Pick<House, 'db' | 'clock'>,
  marking: { readonly runId: string } & Omit<Mark, 'at'>,
): Promise<void> {
  const { runId, path, itemId, state, note, by } = marking
  await transaction(house.db, async (tx) => {
    const seen = await runState(tx, runId)
    if (seen === null) throw new Trouble('not.found', { runId })
    await lockAlert(tx, seen.alertId)
    const run = await runState(tx, runId, { lock: true })
    const line = await journalLine(tx, runId, path)
    if (run === null || line === null || line.kind !== 'checklist') throw new Trouble('not.found', { runId, path })
    if (line.state !== 'waiting') throw new Trouble('state.conflict', { runId, path, state: line.state })
    checkMark(line.input as Asked, marking)
    await writeMark(tx, runId, { path, itemId, state, note, by, at: house.clock.now().toISOString() })
    const body = { alertId: run.alertId, path, itemId, state, note }
    await append(tx, { kind: 'run.item-marked', actor: by, subject: `run:${runId}`, body }, house.clock)
    await wakeRuns(tx, run.alertId, 'checklist')
    await notifyAll(tx, [`run:${runId}`, `alert:${run.alertId}`])
  })
}

function checkMark(asked: Asked, { itemId, state, note }: Pick<Mark, 'itemId' | 'state' | 'note'>): void {
  if (state === 'chosen') {
    if (itemId !== '' || !asked.choices.includes(note))
      throw new Trouble('input.invalid', { fields: { note: 'Choose one of those that the step names' } })
    return
  }
  if (!asked.items.some((item) => item.id === itemId)) throw new Trouble('not.found', { itemId })
  if (state === 'not-done' && note.trim() === '')
    throw new Trouble('input.invalid', { fields: { note: 'Say why it is not done' } })
}

import type { AlertRecord } from '../db/alerts.ts'
import type { Db } from '../db/open.ts'
import { insertRun } from '../db/runs.ts'
import { stableId } from '../kit/stable-id.ts'
import { append } from '../ledger/append.ts'
import type { Playbook } from '../model/playbook.ts'
import { wordsFor } from './condition-words.ts'
import { evaluate } from './conditions.ts'
import type { House } from './house.ts'
import type { Library } from './library.ts'
import { snapshotOf } from './snapshot.ts'
import { queueRun } from './wake.ts'

/**
 * The playbook that fits a new alert: one whose `when` holds goes before one without `when`; among
 * those the lowest `priority`, then the first by id.
 * Null when none fits: the alert then waits for a person without a run.
 */
export function playbookFor(library: Library, record: AlertRecord): Playbook | null {
  const words = wordsFor({ alert: record, findings: [], judgement: record.judgement, decision: null, steps: new Map() })
  const fitting = library.all
    .filter((playbook) => playbook.on === record.alert.kind)
    .filter((playbook) => {
      if (playbook.when === undefined) return true
      const answer = evaluate(playbook.when, words)
      return answer.kind === 'value' && answer.value === true
    })
    .toSorted(
      (a, b) =>
        Number(b.when !== undefined) - Number(a.when !== undefined) ||
        a.priority - b.priority ||
        (a.id < b.id ? -1 : 1),
    )
  return fitting[0] ?? null
}

/** Starts the playbook that fits, and says which, in the transaction that opened the alert: the alert and its run exist together or not at all. */
export async function onAlert(
  house: Pick<House, 'library' | 'clock'>,
  tx: Db,
  record: AlertRecord,
): Promise<Playbook | null> {
  const playbook = playbookFor(house.library, record)
  if (playbook !== null) await startRun(house, tx, { playbook, alertId: record.alert.id, trigger: record.alert.kind })
  return playbook
}

export type Start = {
  readonly playbook: Playbook
  readonly alertId: string
  readonly trigger: string
  /** Who started it by hand ("user:<id>"); absent where it started by itself. */
  readonly by?: string
}

/** Starts a playbook for an alert; its run's id, the same for the same trigger however often it is called. */
export async function startRun(house: Pick<House, 'library' | 'clock'>, tx: Db, start: Start): Promise<string> {
  const { playbook, alertId, trigger } = start
  const id = stableId('run', alertId, playbook.id, trigger)
  const fresh = await insertRun(tx, {
    id,
    playbookId: playbook.id,
    playbookVersion: playbook.version,
    snapshot: snapshotOf(playbook, house.library.byId),
    alertId,
    dryRun: false,
    trigger,
    startedAt: house.clock.now(),
  })
  if (!fresh) return id
  await append(
    tx,
    {
      kind: 'run.started',
      actor: start.by ?? `playbook:${playbook.id}`,
      subject: `run:${id}`,
      body: { alertId, playbook: playbook.id, version: playbook.version, trigger },
    },
    house.clock,
  )
  await queueRun(tx, id)
  return id
}

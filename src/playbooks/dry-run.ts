import { getRun, insertRun } from '../db/runs.ts'
import { Trouble } from '../kit/errors.ts'
import { stableId } from '../kit/stable-id.ts'
import type { Playbook, Run } from '../model/playbook.ts'
import type { House } from './house.ts'
import { continueRun } from './interpreter.ts'
import { snapshotOf } from './snapshot.ts'

/**
 * Walks a playbook for an alert to its end, at once and in this process: asks for real, waits for nobody, keeps no evidence, writes
 * nothing into the ledger, sends nothing. Its timeline stays in the record, marked as a dry run.
 */
export async function dryRun(
  house: House,
  playbook: Playbook,
  alertId: string,
): Promise<Run & { readonly error: string }> {
  const startedAt = house.clock.now()
  const trigger = `dry-run ${startedAt.toISOString()} ${process.pid}`
  const id = stableId('run', alertId, playbook.id, trigger)
  await insertRun(house.db, {
    id,
    playbookId: playbook.id,
    playbookVersion: playbook.version,
    snapshot: snapshotOf(playbook, house.library.byId),
    alertId,
    dryRun: true,
    trigger,
    startedAt,
  })
  await continueRun(house, id, { resumed: false, signal: new AbortController().signal })
  const run = await getRun(house.db, id)
  if (run === null) throw new Trouble('internal', { problem: 'a run that was just walked is not there', id })
  return run
}

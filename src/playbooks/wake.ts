import { addJob } from '../db/jobs.ts'
import { notify } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import { lockExpired, lockRunsOf, setRunState } from '../db/runs.ts'

export type WaitingFor = 'decision' | 'answer' | 'release' | 'checklist' | 'approval'

/** Kills count as tries of a job, so a run gets many: a run must outlive a hundred crashes, not a hundred errors (those are bounded by the step). */
export const runJobAttemptsMax = 200

/** Queues the job that goes on with a run. One at a time: a second takes the place of the first. */
export async function queueRun(tx: Db, runId: string, runAt?: Date): Promise<void> {
  await addJob(
    tx,
    'continue-run',
    { runId },
    { key: `run:${runId}`, attemptsMax: runJobAttemptsMax, ...(runAt === undefined ? {} : { runAt }) },
  )
}

/**
 * Wakes the runs of an alert that wait for this, in the transaction of what they wait for. A run that is just about to wait
 * holds its row; we wait for it and then see it waiting, or it sees what we wrote.
 */
export async function wakeRuns(tx: Db, alertId: string, what: WaitingFor): Promise<void> {
  for (const run of await lockRunsOf(tx, alertId)) {
    if (run.state !== 'waiting' || !run.waitingFor.includes(what)) continue
    await setRunState(tx, run.id, 'running', null)
    await queueRun(tx, run.id)
    await notify(tx, `run:${run.id}`)
  }
}

/** A decision was made: call it in the transaction that wrote it, after the alert was changed. */
export async function onDecision(tx: Db, alertId: string): Promise<void> {
  await wakeRuns(tx, alertId, 'decision')
}

/** A reply was released by a person: call it in the transaction that fixed its bytes. */
export async function onReplyReleased(tx: Db, alertId: string): Promise<void> {
  await wakeRuns(tx, alertId, 'release')
}

/** Wakes the runs whose wait has expired; how many. Any number of nodes may do this at once. */
export async function wakeExpired(db: Db, now: Date): Promise<number> {
  return transaction(db, async (tx) => {
    const expired = await lockExpired(tx, now)
    for (const runId of expired) {
      await setRunState(tx, runId, 'running', null)
      await queueRun(tx, runId)
    }
    return expired.length
  })
}

import { lockAlert } from '../db/alerts.ts'
import { transaction } from '../db/open.ts'
import { noteResumed, pastAttempts } from '../db/run-mending.ts'
import { holdRun, journalOf, setRunState, takeRun } from '../db/runs.ts'
import { isTrouble, problemOf } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import { backoffMs } from './durations.ts'
import type { House } from './house.ts'
import { nextPlace, type Place } from './journal.ts'
import { Snapshot } from './snapshot.ts'
import { askStep } from './steps/ask.ts'
import { branchStep } from './steps/branch.ts'
import { checklistStep } from './steps/checklist.ts'
import { decideProposalStep } from './steps/decide-proposal.ts'
import { notifyStep } from './steps/notify.ts'
import { replyStep } from './steps/reply.ts'
import { subPlaybookStep } from './steps/sub-playbook.ts'
import { waitForPersonStep } from './steps/wait-for-person.ts'
import { queueRun } from './wake.ts'
import { attemptOf, Interrupted, isSkipped, type StepEnd, Superseded, tellOf, type Walk, writeLine } from './walk.ts'

/** 100 steps, each perhaps a branch or call of 50: a run that takes more goes in a circle, which load.ts makes impossible. */
const stepsMax = 10_000
const retryDefault = { attempts: 3, backoff: '1s' }

export type Continued = 'ended' | 'waiting' | 'superseded' | 'nothing'

/**
 * Goes on with a run until it waits for a person, ends, or is taken over. Each step's result is committed before the next
 * begins; the job that called us stays in the table until we return, so wherever the process dies, that job (freed by the sweeper)
 * finds the journal and goes on behind the last line. Safe to call twice, also at the same time.
 */
export async function continueRun(
  house: House,
  runId: string,
  options: { readonly resumed: boolean; readonly signal: AbortSignal },
): Promise<Continued> {
  const run = await takeRun(house.db, runId, options.resumed)
  if (run === null) return 'nothing'
  // Read after the epoch went up for good: nobody who held the run before can add a line any more.
  const journal = run.epoch === 1 ? [] : await journalOf(house.db, runId)
  const past = run.epoch === 1 ? new Map<string, number>() : await pastAttempts(house.db, runId)
  const walk: Walk = {
    house,
    run,
    snapshot: Snapshot.parse(run.snapshot),
    journal: new Map(journal.map((line) => [line.path, line])),
    pastAttempts: past,
    dryFindings: [],
    judged: null,
    signal: options.signal,
  }
  const next = options.resumed ? nextPlace(walk.snapshot, walk.journal) : null
  if (next !== null) await noteResumed(house.db, runId, next.path)
  try {
    return await walkOn(walk)
  } catch (error) {
    if (error instanceof Superseded) return 'superseded'
    throw error
  }
}

async function walkOn(walk: Walk): Promise<Continued> {
  for (let count = 0; count < stepsMax; count += 1) {
    const place = nextPlace(walk.snapshot, walk.journal)
    if (place === null) return endRun(walk, 'done', '')
    let end: StepEnd
    try {
      if (await isSkipped(walk, place)) continue
      end = await takeStep(walk, place)
    } catch (error) {
      // The record is away or we are not meant any more: that is no failure of the step.
      const notItsFault = error instanceof Superseded || error instanceof Interrupted
      if (notItsFault || isTrouble(error, 'database.unreachable', 'disk.full')) throw error
      const retried = await stepFailed(walk, place, problemOf(error))
      if (retried) return 'waiting'
      return endRun(walk, 'failed', `step "${place.path}" failed: ${problemOf(error)}`)
    }
    if (end.state === 'waiting') return 'waiting'
  }
  return endRun(walk, 'failed', `more than ${stepsMax} steps`)
}

function takeStep(walk: Walk, place: Place): Promise<StepEnd> {
  const { step } = place
  switch (step.step) {
    case 'ask':
      return askStep(walk, { ...place, step })
    case 'decide-proposal':
      return decideProposalStep(walk, place)
    case 'wait-for-person':
      return waitForPersonStep(walk, { ...place, step })
    case 'notify':
      return notifyStep(walk, { ...place, step })
    case 'reply':
      return replyStep(walk, { ...place, step })
    case 'checklist':
      return checklistStep(walk, { ...place, step })
    case 'branch':
      return branchStep(walk, { ...place, step })
    case 'sub-playbook':
      return subPlaybookStep(walk, { ...place, step })
  }
}

/** Writes the failure down; true when the step gets another try later. */
async function stepFailed(walk: Walk, place: Place, error: string): Promise<boolean> {
  const { house, run } = walk
  const { attempts, backoff } = place.step.retry ?? retryDefault
  const attempt = attemptOf(walk, place.path)
  const again = attempt - (walk.pastAttempts.get(place.path) ?? 0) < attempts && !run.dryRun
  house.log.warn(
    { runId: run.id, step: place.path, attempt, error },
    again ? 'a step failed and is tried again' : 'a step failed',
  )
  await transaction(house.db, async (tx) => {
    await writeLine(
      walk,
      tx,
      place,
      again ? { state: 'running', error, attempt: attempt + 1 } : { state: 'failed', error, attempt },
    )
    if (again)
      await queueRun(
        tx,
        run.id,
        new Date(house.clock.now().getTime() + backoffMs(backoff, attempt - (walk.pastAttempts.get(place.path) ?? 0))),
      )
  })
  tellOf(walk)
  return again
}

async function endRun(walk: Walk, state: 'done' | 'failed', error: string): Promise<Continued> {
  const { house, run } = walk
  await transaction(house.db, async (tx) => {
    await lockAlert(tx, run.alertId)
    if (!(await holdRun(tx, run.id, run.epoch))) throw new Superseded()
    await setRunState(tx, run.id, state, { at: house.clock.now(), error })
    if (!run.dryRun) {
      await append(
        tx,
        {
          kind: 'run.ended',
          actor: `playbook:${run.playbookId}`,
          subject: `run:${run.id}`,
          body: { alertId: run.alertId, state, error },
        },
        house.clock,
      )
    }
  })
  house.tell([`run:${run.id}`, `alert:${run.alertId}`, 'queue'])
  if (state === 'failed') house.log.error({ runId: run.id, alertId: run.alertId, error }, 'a run failed')
  return 'ended'
}

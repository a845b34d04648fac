import { getAlert, lockAlert } from '../db/alerts.ts'
import { standingDecision } from '../db/decisions.ts'
import { findingsOf } from '../db/findings.ts'
import { addJob } from '../db/jobs.ts'
import { notifyAll } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import { type HeldRun, holdRun, putStep, setRunState } from '../db/runs.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import type { Finding } from '../model/finding.ts'
import type { JournalLine, StepState } from '../model/playbook.ts'
import { type Known, wordsFor } from './condition-words.ts'
import { evaluate } from './conditions.ts'
import type { House } from './house.ts'
import type { Place } from './journal.ts'
import type { Snapshot } from './snapshot.ts'
import { runJobAttemptsMax, type WaitingFor } from './wake.ts'

/** One worker walking one run. */
export type Walk = {
  readonly house: House
  readonly run: HeldRun
  readonly snapshot: Snapshot
  readonly journal: Map<string, JournalLine>
  /** Answers of a dry run: they are shown, not kept. */
  readonly dryFindings: Finding[]
  /** Aborted when this process stops; the run goes on elsewhere. */
  readonly signal: AbortSignal
}

/** How a step came out of one go at it. */
export type StepEnd =
  | {
      readonly state: 'done' | 'timed-out' | 'skipped'
      readonly output?: unknown
      readonly error?: string
      readonly input?: unknown
    }
  | { readonly state: 'running'; readonly input: unknown }
  | { readonly state: 'waiting'; readonly waitingFor: WaitingFor; readonly deadline: Date; readonly input: unknown }

/** Another worker has this run in hand by now: end without writing. */
export class Superseded extends Error {}
/** This process is stopping: end without writing; the job is given back, and the run goes on elsewhere or later. */
export class Interrupted extends Error {}

/** Everything conditions and texts may speak of, as it stands in this transaction. */
export async function loadKnown(walk: Walk, tx: Db): Promise<Known> {
  const { alertId } = walk.run
  const alert = await getAlert(tx, alertId)
  if (alert === null) throw new Trouble('not.found', { alertId })
  const findings = [...(await findingsOf(tx, alertId)), ...walk.dryFindings]
  const decision = await standingDecision(tx, alertId)
  return {
    alert,
    findings,
    judgement: alert.judgement,
    decision,
    steps: new Map([...walk.journal].map(([path, line]) => [path, line.state])),
  }
}

/**
 * Does one go at a step, in one transaction that holds the run: what the step does, its journal line, its ledger line and the
 * job that follows are kept or lost together. `work` sees false conditions never: they end the step as skipped before it.
 */
export async function inStep(
  walk: Walk,
  place: Place,
  options: { readonly alert: boolean },
  work: (tx: Db, known: () => Promise<Known>) => Promise<StepEnd>,
): Promise<StepEnd> {
  const { house, run } = walk
  const { end, line } = await transaction(house.db, async (tx) => {
    if (options.alert) await lockAlert(tx, run.alertId)
    if (walk.signal.aborted) throw new Interrupted('stopping')
    if (!(await holdRun(tx, run.id, run.epoch))) throw new Superseded()
    const known = (): Promise<Known> => loadKnown(walk, tx)
    const end = (await skippedBy(walk, place, known)) ?? (await work(tx, known))
    const line = lineFor(walk, place, end)
    await putStep(tx, run.id, line)
    await follow(walk, tx, line, end)
    return { end, line }
  })
  walk.journal.set(place.path, line)
  return end
}

/** A step whose condition does not hold is skipped; so is one whose condition cannot be told, and it says so. Asked once, on entering. */
async function skippedBy(walk: Walk, place: Place, known: () => Promise<Known>): Promise<StepEnd | null> {
  const { when } = place.step
  if (when === undefined || walk.journal.has(place.path)) return null
  const answer = evaluate(when, wordsFor(await known()))
  if (answer.kind === 'unknown')
    return { state: 'skipped', output: { when }, error: `the condition could not be told: ${answer.why}` }
  return answer.value === true ? null : { state: 'skipped', output: { when } }
}

export function lineFor(
  walk: Walk,
  { path, step }: Place,
  end: StepEnd | { state: 'failed' | 'running'; error: string; attempt: number },
): JournalLine {
  const before = walk.journal.get(path)
  const now = walk.house.clock.now().toISOString()
  const final = !(['running', 'waiting'] as StepState[]).includes(end.state)
  return {
    path,
    stepId: step.id,
    kind: step.step,
    title: step.title,
    state: end.state,
    attempt: 'attempt' in end ? end.attempt : (before?.attempt ?? 1),
    csf: step.csf,
    phase: step.phase,
    why: step.why ?? '',
    input: 'input' in end && end.input !== undefined ? end.input : (before?.input ?? null),
    output: 'output' in end ? (end.output ?? null) : null,
    error: 'error' in end ? (end.error ?? null) : null,
    waitingFor: end.state === 'waiting' && 'waitingFor' in end ? end.waitingFor : null,
    deadline: end.state === 'waiting' && 'deadline' in end ? end.deadline.toISOString() : null,
    startedAt: before?.startedAt ?? now,
    endedAt: final ? now : null,
    node: walk.house.node,
  }
}

/** What a line brings with it: the run's state, the timer of a wait, the ledger line, the news. */
async function follow(walk: Walk, tx: Db, line: JournalLine, end: StepEnd): Promise<void> {
  const { house, run } = walk
  if (end.state === 'waiting') {
    await setRunState(tx, run.id, 'waiting', null)
    await addJob(
      tx,
      'continue-run',
      { runId: run.id },
      { key: timerKey(run.id, line.path), runAt: end.deadline, attemptsMax: runJobAttemptsMax },
    )
  }
  if (line.endedAt !== null && !run.dryRun) await append(tx, stepLine(walk, line), house.clock)
  await notifyAll(tx, [`run:${run.id}`, `alert:${run.alertId}`])
}

export function timerKey(runId: string, path: string): string {
  return `wait:${runId}:${path}`
}

export function stepLine(walk: Walk, line: JournalLine) {
  const { run } = walk
  return {
    kind: 'step.ended' as const,
    actor: `playbook:${run.playbookId}`,
    subject: `run:${run.id}`,
    body: {
      alertId: run.alertId,
      path: line.path,
      step: line.kind,
      state: line.state,
      csf: line.csf,
      phase: line.phase,
      attempt: line.attempt,
      node: line.node,
    },
  }
}

import { getAlert } from '../db/alerts.ts'
import { standingDecision } from '../db/decisions.ts'
import { countedFindingsOf } from '../db/findings.ts'
import { type Db, transaction } from '../db/open.ts'
import { type HeldRun, writeStep } from '../db/runs.ts'
import { Trouble } from '../kit/errors.ts'
import { stableId } from '../kit/stable-id.ts'
import { ledgerRow } from '../ledger/append.ts'
import type { Finding } from '../model/finding.ts'
import type { JournalLine, StepState } from '../model/playbook.ts'
import type { Judgement } from '../model/triage.ts'
import { type Known, wordsFor } from './condition-words.ts'
import { evaluate } from './conditions.ts'
import type { House } from './house.ts'
import type { Place } from './journal.ts'
import type { Snapshot } from './snapshot.ts'
import type { WaitingFor } from './wake.ts'

/** One worker walking one run. */
export type Walk = {
  readonly house: House
  readonly run: HeldRun
  readonly snapshot: Snapshot
  readonly journal: Map<string, JournalLine>
  /** Attempts of steps that a person had taken again: the next counts on from them. */
  readonly pastAttempts: ReadonlyMap<string, number>
  /** Answers of a dry run: they are shown, not kept. */
  readonly dryFindings: Finding[]
  /** The judgement of all evidence, when the step before made it. */
  judged: Judgement | null
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

/** A step that failed: tried again (running) or for good. */
export type StepFailure = { readonly state: 'running' | 'failed'; readonly error: string; readonly attempt: number }

/** Another worker has this run in hand by now: end without writing. */
export class Superseded extends Error {}
/** This process is stopping: end without writing; the job is given back, and the run goes on elsewhere or later. */
export class Interrupted extends Error {}

/**
 * Everything conditions and texts may speak of. `texts` are those that will be worked out with it: what none of them mentions is
 * not looked up.
 */
export async function loadKnown(walk: Walk, db: Db, texts: readonly string[]): Promise<Known> {
  const { alertId } = walk.run
  const speaksOf = (words: RegExp): boolean => texts.some((text) => words.test(text))
  const alert = await getAlert(db, alertId)
  if (alert === null) throw new Trouble('not.found', { alertId })
  const kept = speaksOf(/\b(answers|findings)\b/) ? await countedFindingsOf(db, alertId) : []
  const decision = speaksOf(/\bdecision\b/) ? await standingDecision(db, alertId) : null
  const steps = new Map([...walk.journal].map(([path, line]) => [path, line.state]))
  const choices = choicesIn(walk.journal.values())
  return { alert, findings: [...kept, ...walk.dryFindings], judgement: alert.judgement, decision, steps, choices }
}

const choosing = new Set(['checklist', 'wait-for-person'])

/** What people chose in the checklists of a journal, and how approvals came out, by the step's id. */
function choicesIn(journal: Iterable<JournalLine>): ReadonlyMap<string, string> {
  const choices = new Map<string, string>()
  for (const line of journal) {
    const choice = choosing.has(line.kind) ? (line.output as { choice?: unknown } | null)?.choice : null
    if (typeof choice === 'string') choices.set(line.stepId, choice)
  }
  return choices
}

/** True when the step is not to be taken: its condition does not hold, or cannot be told (and then the journal says so). Asked once, on entering. */
export async function isSkipped(walk: Walk, place: Place): Promise<boolean> {
  const { when } = place.step
  if (when === undefined || walk.journal.has(place.path)) return false
  const answer = evaluate(when, wordsFor(await loadKnown(walk, walk.house.db, [when])))
  if (answer.kind === 'value' && answer.value === true) return false
  const error = answer.kind === 'unknown' ? { error: `the condition could not be told: ${answer.why}` } : {}
  await writeEnd(walk, walk.house.db, place, { state: 'skipped', output: { when }, ...error })
  return true
}

/**
 * Does one go at a step in one transaction: what the step does and its journal line are kept or lost together. Throws Superseded,
 * with nothing kept, when another worker took the run.
 */
export async function inStep(walk: Walk, place: Place, work: (tx: Db) => Promise<StepEnd>): Promise<StepEnd> {
  const { end, line } = await transaction(walk.house.db, async (tx) => {
    const end = await work(tx)
    return { end, line: await writeLine(walk, tx, place, end) }
  })
  walk.journal.set(place.path, line)
  tellOf(walk)
  return end
}

/** The news that this run and its alert changed. */
export function tellOf({ house, run }: Walk): void {
  house.tell([`run:${run.id}`, `alert:${run.alertId}`])
}

/** For a step that does nothing but come out so: one statement. */
export async function writeEnd(walk: Walk, db: Db, place: Place, end: StepEnd): Promise<StepEnd> {
  walk.journal.set(place.path, await writeLine(walk, db, place, end))
  tellOf(walk)
  return end
}

/** Which go at a step this is, those before a person's retry counted. */
export function attemptOf({ journal, pastAttempts }: Walk, path: string): number {
  return journal.get(path)?.attempt ?? (pastAttempts.get(path) ?? 0) + 1
}

/**
 * An id for what a step makes once: the same however often a process dies in it, another one when a person has the step done again. A go that
 * failed left nothing behind, for all of a step is one transaction.
 */
export function onceId(walk: Walk, path: string, kind: string): string {
  const past = walk.pastAttempts.get(path)
  return past === undefined ? stableId(kind, walk.run.id, path) : stableId(kind, walk.run.id, path, `after ${past}`)
}

/** The journal line, its ledger line and the run's state, as one; the news goes out after them. */
export async function writeLine(walk: Walk, db: Db, place: Place, end: StepEnd | StepFailure): Promise<JournalLine> {
  const { house, run } = walk
  if (walk.signal.aborted) throw new Interrupted('this process is stopping')
  const line = lineFor(walk, place, end)
  const written = await writeStep(db, run, line, {
    ledger: line.endedAt === null || run.dryRun ? null : ledgerRow(stepLine(walk, line), house.clock),
    state: end.state === 'waiting' ? 'waiting' : null,
  })
  if (!written) throw new Superseded()
  return line
}

function lineFor(walk: Walk, { path, step }: Place, end: StepEnd | StepFailure): JournalLine {
  const before = walk.journal.get(path)
  const now = walk.house.clock.now().toISOString()
  const final = !(['running', 'waiting'] as StepState[]).includes(end.state)
  return {
    path,
    stepId: step.id,
    kind: step.step,
    title: step.title,
    state: end.state,
    attempt: 'attempt' in end ? end.attempt : attemptOf(walk, path),
    csf: step.csf,
    phase: step.phase,
    why: step.why ?? '',
    input: 'input' in end && end.input !== undefined ? end.input : (before?.input ?? null),
    output: 'output' in end ? (end.output ?? null) : null,
    error: 'error' in end ? (end.error ?? null) : null,
    waitingFor: 'waitingFor' in end ? end.waitingFor : null,
    deadline: 'deadline' in end ? end.deadline.toISOString() : null,
    startedAt: before?.startedAt ?? now,
    endedAt: final ? now : null,
    node: walk.house.node,
  }
}

function stepLine(walk: Walk, line: JournalLine) {
  const { run } = walk
  const { path, kind: step, state, csf, phase, attempt, node } = line
  return {
    kind: 'step.ended' as const,
    actor: `playbook:${run.playbookId}`,
    subject: `run:${run.id}`,
    body: { alertId: run.alertId, path, step, state, csf, phase, attempt, node },
  }
}

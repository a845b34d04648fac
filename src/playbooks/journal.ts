import type { JournalLine, Step } from '../model/playbook.ts'
import type { Snapshot } from './snapshot.ts'

/** A step and its place in the run: "ask-context", "if-ours/0/ask-owner", "sub/ask". */
export type Place = { readonly path: string; readonly step: Step }

export type Journal = ReadonlyMap<string, JournalLine>

/** What a branch writes down: the index of the branch it took, "else", or null for none. */
export type Taken = { readonly taken: number | 'else' | null }

/**
 * Where a run stands: the first step, in order, that has no final line yet; null when there is none left. Works from the
 * journal alone, so that any process can go on where another stopped.
 */
export function nextPlace(snapshot: Snapshot, journal: Journal): Place | null {
  return nextIn(snapshot, journal, snapshot.main.steps, '')
}

function nextIn(snapshot: Snapshot, journal: Journal, steps: readonly Step[], prefix: string): Place | null {
  for (const step of steps) {
    const path = prefix + step.id
    const line = journal.get(path)
    if (line === undefined || line.state === 'running' || line.state === 'waiting') return { path, step }
    if (line.state !== 'done') continue
    const inner = innerSteps(snapshot, step, path, line)
    const found = inner === null ? null : nextIn(snapshot, journal, inner.steps, inner.prefix)
    if (found !== null) return found
  }
  return null
}

function innerSteps(
  snapshot: Snapshot,
  step: Step,
  path: string,
  line: JournalLine,
): { steps: readonly Step[]; prefix: string } | null {
  if (step.step === 'sub-playbook') return { steps: snapshot.subs[step.playbook]?.steps ?? [], prefix: `${path}/` }
  if (step.step !== 'branch') return null
  const { taken } = line.output as Taken
  if (taken === null) return null
  const steps = taken === 'else' ? step.else : step.branches[taken]?.steps
  return { steps: steps ?? [], prefix: `${path}/${taken}/` }
}

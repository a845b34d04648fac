import { z } from 'zod'
import { Playbook, type Step } from '../model/playbook.ts'

/** A playbook and every playbook it calls, as they were when a run began. Kept with the run: a new version strands nobody. */
export const Snapshot = z.object({ main: Playbook, subs: z.record(z.string(), Playbook) })
export type Snapshot = z.infer<typeof Snapshot>

/** Calls within calls. Deeper than this nobody follows a timeline. */
export const depthMax = 5

/** The playbooks this one calls, directly or through another. Throws nothing: what is not there is left out (load.ts refuses it). */
export function snapshotOf(main: Playbook, byId: (id: string) => Playbook | undefined): Snapshot {
  const subs: Record<string, Playbook> = {}
  const walk = (steps: readonly Step[]): void => {
    for (const step of steps) {
      if (step.step === 'branch')
        for (const branch of [...step.branches.map((b) => b.steps), step.else ?? []]) walk(branch)
      if (step.step !== 'sub-playbook' || subs[step.playbook] !== undefined) continue
      const sub = byId(step.playbook)
      if (sub === undefined) continue
      subs[step.playbook] = sub
      walk(sub.steps)
    }
  }
  walk(main.steps)
  return { main, subs }
}

import type { Step } from '../../model/playbook.ts'
import type { Place } from '../journal.ts'
import { type StepEnd, type Walk, writeEnd } from '../walk.ts'

type Sub = Extract<Step, { step: 'sub-playbook' }>

/** Enters another playbook; its steps follow in this journal under this step's path. */
export async function subPlaybookStep(walk: Walk, place: Place & { readonly step: Sub }): Promise<StepEnd> {
  const sub = walk.snapshot.subs[place.step.playbook]
  if (sub === undefined) throw new Error(`the run was started without playbook "${place.step.playbook}"`)
  return writeEnd(walk, walk.house.db, place, { state: 'done', output: { playbook: sub.id, version: sub.version } })
}

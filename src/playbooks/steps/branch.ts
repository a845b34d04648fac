import type { Step } from '../../model/playbook.ts'
import { wordsFor } from '../condition-words.ts'
import { evaluate } from '../conditions.ts'
import type { Place, Taken } from '../journal.ts'
import { loadKnown, type StepEnd, type Walk, writeEnd } from '../walk.ts'

type Branch = Extract<Step, { step: 'branch' }>

/** Takes the first branch whose condition holds, else `else`. The choice is in the journal: a run that goes on later does not choose again. */
export async function branchStep(walk: Walk, place: Place & { readonly step: Branch }): Promise<StepEnd> {
  const { branches, else: otherwise } = place.step
  const conditions = branches.map((branch) => branch.if)
  const words = wordsFor(await loadKnown(walk, walk.house.db, conditions))
  const told: string[] = []
  for (const [index, condition] of conditions.entries()) {
    const answer = evaluate(condition, words)
    if (answer.kind === 'unknown') told.push(`"${condition}" could not be told: ${answer.why}`)
    else if (answer.value === true) return write(walk, place, { taken: index, because: condition, told })
  }
  return write(walk, place, { taken: otherwise === undefined ? null : 'else', because: 'no condition held', told })
}

function write(
  walk: Walk,
  place: Place,
  output: Taken & { because: string; told: readonly string[] },
): Promise<StepEnd> {
  return writeEnd(walk, walk.house.db, place, { state: 'done', output })
}

import type { Step } from '../../model/playbook.ts'
import { wordsFor } from '../condition-words.ts'
import { evaluate } from '../conditions.ts'
import type { Place, Taken } from '../journal.ts'
import { inStep, type StepEnd, type Walk } from '../walk.ts'

type Branch = Extract<Step, { step: 'branch' }>

/** Takes the first branch whose condition holds, else `else`. The choice is in the journal: a run that goes on later does not choose again. */
export async function branchStep(walk: Walk, place: Place & { readonly step: Branch }): Promise<StepEnd> {
  const { branches, else: otherwise } = place.step
  return inStep(walk, place, { alert: false }, async (_tx, known) => {
    const words = wordsFor(await known())
    const told: string[] = []
    for (const [index, branch] of branches.entries()) {
      const answer = evaluate(branch.if, words)
      if (answer.kind === 'unknown') told.push(`"${branch.if}" could not be told: ${answer.why}`)
      else if (answer.value === true) return { state: 'done', output: { taken: index, because: branch.if, told } }
    }
    const taken: Taken['taken'] = otherwise === undefined ? null : 'else'
    return { state: 'done', output: { taken, because: 'no condition held', told } }
  })
}

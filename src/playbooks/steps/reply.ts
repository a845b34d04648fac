import type { Step } from '../../model/playbook.ts'
import { wordsForText } from '../condition-words.ts'
import type { Place } from '../journal.ts'
import { renderText } from '../texts.ts'
import { inStep, type StepEnd, type Walk } from '../walk.ts'

type Reply = Extract<Step, { step: 'reply' }>

/** Drafts the reply to the provider. It leaves only after a person has reviewed and released it. */
export async function replyStep(walk: Walk, place: Place & { readonly step: Reply }): Promise<StepEnd> {
  const { house, run } = walk
  return inStep(walk, place, { alert: true }, async (tx, known) => {
    const text = place.step.text === undefined ? null : renderText(place.step.text, wordsForText(await known()))
    if (run.dryRun) return { state: 'done', output: { wouldDraft: text ?? 'the reply that fits the decision' } }
    const { replyId } = await house.draftReply(tx, run.alertId, text)
    return { state: 'done', output: { replyId } }
  })
}

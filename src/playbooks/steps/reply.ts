import { lockAlert } from '../../db/alerts.ts'
import type { Step } from '../../model/playbook.ts'
import { wordsForText } from '../condition-words.ts'
import type { Place } from '../journal.ts'
import { renderText } from '../texts.ts'
import { inStep, loadKnown, type StepEnd, type Walk } from '../walk.ts'

type Reply = Extract<Step, { step: 'reply' }>

/** Drafts the reply to the provider. It leaves only after a person has reviewed and released it. */
export async function replyStep(walk: Walk, place: Place & { readonly step: Reply }): Promise<StepEnd> {
  const { house, run } = walk
  const { text: template } = place.step
  return inStep(walk, place, async (tx) => {
    await lockAlert(tx, run.alertId)
    const text =
      template === undefined ? null : renderText(template, wordsForText(await loadKnown(walk, tx, [template])))
    if (run.dryRun) return { state: 'done', output: { wouldDraft: text ?? 'the reply that fits the decision' } }
    const { replyId } = await house.draftReply(tx, run.alertId, text)
    return { state: 'done', output: { replyId } }
  })
}

import { lockAlert } from '../../db/alerts.ts'
import { standingDecision } from '../../db/decisions.ts'
import type { Step } from '../../model/playbook.ts'
import { wordsForText } from '../condition-words.ts'
import type { Place } from '../journal.ts'
import { renderText } from '../texts.ts'
import { inStep, loadKnown, type StepEnd, type Walk } from '../walk.ts'

type Reply = Extract<Step, { step: 'reply' }>

/** A decision that was taken back is waited for this long, as its first one was (content/playbooks). */
const decisionWaitMs = 30 * 24 * 3600_000

/**
 * Drafts the reply to the provider. It leaves only after a person has reviewed and released it. Where the decision was taken back
 * meanwhile, it waits for the next one.
 */
export async function replyStep(walk: Walk, place: Place & { readonly step: Reply }): Promise<StepEnd> {
  const { house, run } = walk
  const { text: template } = place.step
  return inStep(walk, place, async (tx) => {
    await lockAlert(tx, run.alertId)
    const text =
      template === undefined ? null : renderText(template, wordsForText(await loadKnown(walk, tx, [template])))
    if (run.dryRun) return { state: 'done', output: { wouldDraft: text ?? 'the reply that fits the decision' } }
    if ((await standingDecision(tx, run.alertId)) === null) return awaitDecision(walk, place)
    const { replyId } = await house.draftReply(tx, run.alertId, text, place.step.twoPersons)
    return { state: 'done', output: { replyId } }
  })
}

function awaitDecision(walk: Walk, place: Place): StepEnd {
  const before = walk.journal.get(place.path)
  const now = walk.house.clock.now()
  const deadline = before?.deadline == null ? new Date(now.getTime() + decisionWaitMs) : new Date(before.deadline)
  if (now >= deadline) return { state: 'timed-out', output: { waitedFor: 'decision', since: before?.startedAt } }
  return { state: 'waiting', waitingFor: 'decision', deadline, input: null }
}

import type { Step } from '../../model/playbook.ts'
import { cannotReach } from '../chat/queue.ts'
import { wordsForText } from '../condition-words.ts'
import type { Place } from '../journal.ts'
import { renderText } from '../texts.ts'
import { inStep, loadKnown, onceId, type StepEnd, type Walk } from '../walk.ts'

type Notify = Extract<Step, { step: 'notify' }>

/** Queues a mail to our own people. A role nobody is configured for is said in the journal; it stops nothing. */
export async function notifyStep(walk: Walk, place: Place & { readonly step: Notify }): Promise<StepEnd> {
  const { house, run } = walk
  const { step } = place
  return inStep(walk, place, async (tx) => {
    const words = wordsForText(await loadKnown(walk, tx, [step.subject, step.text]))
    const to = [...new Set(step.to.flatMap((name) => (name.includes('@') ? [name] : (house.people[name] ?? []))))]
    const nobodyFor = step.to.filter((name) => !name.includes('@') && (house.people[name] ?? []).length === 0)
    // One line only: what a mail's text put into our subject must not become a header.
    const subject = renderText(step.subject, words).replace(/\s+/g, ' ').trim()
    const text = renderText(step.text, words)
    if (run.dryRun) return { state: 'done', output: { wouldSendTo: to, nobodyFor, subject, text } }
    const problem = to.length > 0 ? await cannotReach(house, tx, to) : null
    if (problem !== null) return { state: 'skipped', error: problem, output: { wouldSendTo: to, nobodyFor, subject } }
    if (to.length > 0)
      await house.mailNotice(tx, {
        ...{ id: onceId(walk, place.path, 'notify'), kind: 'notify', to, subject, text },
        about: { alertId: run.alertId, words: text },
      })
    return { state: 'done', output: { sentTo: to, nobodyFor, subject } }
  })
}

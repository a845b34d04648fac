import { lockAlert } from '../../db/alerts.ts'
import { marksOfStep } from '../../db/run-marks.ts'
import { setRunState } from '../../db/runs.ts'
import type { Mark, Step } from '../../model/playbook.ts'
import { type Known, wordsForText } from '../condition-words.ts'
import { durationMs } from '../durations.ts'
import type { Place } from '../journal.ts'
import { renderText } from '../texts.ts'
import { inStep, loadKnown, type StepEnd, type Walk, writeEnd } from '../walk.ts'

type Checklist = Extract<Step, { step: 'checklist' }>
type ChecklistPlace = Place & { readonly step: Checklist }

/** What a person is asked to do, with this alert's names in it; as it stands in the journal. */
export type Asked = {
  readonly items: readonly {
    readonly id: string
    readonly text: string
    readonly why: string
    readonly command: { readonly kind: string; readonly text: string } | null
  }[]
  readonly choices: readonly string[]
}

/**
 * Waits until a person has done every item (or put it down as not done, with the reason) and, where there are choices, has chosen one;
 * or until it expires. Nothing of it is ever run by us. Called on entering, on each mark and when it has expired.
 */
export async function checklistStep(walk: Walk, place: ChecklistPlace): Promise<StepEnd> {
  const { house, run } = walk
  const { step } = place
  const before = walk.journal.get(place.path)
  if (before === undefined || before.deadline === null) return begin(walk, place)
  const over = await whenOver(walk, place)
  if (over !== null)
    return inStep(walk, place, async (tx) => {
      await lockAlert(tx, run.alertId)
      await setRunState(tx, run.id, 'running', null)
      return over
    })
  const deadline = new Date(before.deadline)
  if (house.clock.now() >= deadline) {
    const marks = await marksOfStep(house.db, run.id, place.path)
    return writeEnd(walk, house.db, place, { state: 'timed-out', output: resultOf(step, marks) })
  }
  const end = { state: 'waiting', waitingFor: 'checklist', deadline, input: undefined } as const
  await writeEnd(walk, house.db, place, end)
  return (await whenOver(walk, place)) === null ? end : checklistStep(walk, place)
}

async function begin(walk: Walk, place: ChecklistPlace): Promise<StepEnd> {
  const { house, run } = walk
  const { step } = place
  const known = await loadKnown(walk, house.db, step.items.map((item) => item.text)) // biome-ignore format: one call
  const asked = askedOf(step, known)
  if (run.dryRun) return writeEnd(walk, house.db, place, { state: 'done', output: { wouldAskFor: asked } })
  const deadline = new Date(house.clock.now().getTime() + durationMs(step.expires))
  return writeEnd(walk, house.db, place, { state: 'waiting', waitingFor: 'checklist', deadline, input: asked })
}

/** The items with the words of this alert. Throws when a text names what is not there. */
export function askedOf(step: Checklist, known: Known): Asked {
  const words = wordsForText(known)
  return {
    items: step.items.map(({ id, text, why, command }) => ({
      id,
      text: renderText(text, words).trim(),
      why: why ?? '',
      command: command ?? null,
    })),
    choices: step.choices ?? [],
  }
}

async function whenOver(walk: Walk, place: ChecklistPlace): Promise<StepEnd | null> {
  const { step } = place
  const marks = await marksOfStep(walk.house.db, walk.run.id, place.path)
  const marked = new Set(marks.map((mark) => mark.itemId))
  const open = step.items.some((item) => !marked.has(item.id))
  if (open || (step.choices !== undefined && !marked.has(''))) return null
  return { state: 'done', output: resultOf(step, marks) }
}

function resultOf(step: Checklist, marks: readonly Mark[]) {
  const of = new Map(marks.map((mark) => [mark.itemId, mark]))
  return {
    items: step.items.map(({ id }) => {
      const mark = of.get(id)
      return mark === undefined
        ? { id, state: 'open' }
        : { id, state: mark.state, note: mark.note, by: mark.by, at: mark.at }
    }),
    choice: of.get('')?.note ?? null,
  }
}

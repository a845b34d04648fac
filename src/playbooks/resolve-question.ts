import type { Step } from '../model/playbook.ts'
import { type QuestionName, questions } from '../model/question.ts'
import { evaluate } from './conditions.ts'

type Asking = Extract<Step, { step: 'ask' }>['questions'][number]

/** A question with its values filled in, as it stands in the journal: asked again after a crash, it is the same question. */
export type Resolved = {
  readonly question: QuestionName
  readonly ask: Record<string, unknown>
  readonly only?: readonly string[]
  readonly except?: readonly string[]
  /** Why it does not apply here; then nobody is asked. */
  readonly notApplicable?: string
}

/** Times that one question of a playbook is asked with `each`: an alert with more indicators is a list for a hunt. */
export const eachMax = 20

/** What a question of a playbook comes to for an alert: one question, or with `each` one for every different map of its list. Pure. */
export function resolveQuestion(question: Asking, words: Record<string, unknown>): readonly Resolved[] {
  if (question.each === undefined) return [resolveOne(question, words)]
  const list = evaluate(question.each, words)
  if (list.kind === 'unknown') return [notApplicable(question, `what to ask about is not known: ${list.why}`)]
  const all = Array.isArray(list.value) ? list.value : []
  const different = [...new Map(all.map((one) => [JSON.stringify(one), one])).values()]
  if (different.length === 0) return [notApplicable(question, 'the alert names nothing to ask about')]
  const asked = different.slice(0, eachMax).map((each) => resolveOne(question, { ...words, each }))
  const more = different.length - eachMax
  return more <= 0
    ? asked
    : [...asked, notApplicable(question, `not asked about ${more} more: ${eachMax} are the most`)]
}

function notApplicable(question: Asking, why: string): Resolved {
  return { question: question.ask, ask: {}, notApplicable: why }
}

function resolveOne(question: Asking, words: Record<string, unknown>): Resolved {
  const ask: Record<string, unknown> = {}
  const shape: Record<string, { safeParse: (value: unknown) => { success: boolean } }> =
    questions[question.ask].ask.shape
  for (const [field, text] of Object.entries(question.with)) {
    const answer = evaluate(text, words)
    const value = answer.kind === 'value' && answer.value !== '' ? answer.value : null
    if (value !== null) ask[field] = value
    else if (shape[field]?.safeParse(undefined).success !== true)
      return notApplicable(
        question,
        answer.kind === 'unknown' ? `${field} is not known: ${answer.why}` : `the alert names no ${field}`,
      )
  }
  return {
    question: question.ask,
    ask,
    ...(question.connectors === undefined ? {} : { only: question.connectors }),
    ...(question.except === undefined ? {} : { except: question.except }),
  }
}

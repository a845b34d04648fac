import type { z } from 'zod'
import { type QuestionName, questions } from '../../model/question.ts'
import type { Description, QuestionPart } from './schema.ts'

/** The questions of a description with their alternatives. */
export function partsOf(description: Description): readonly (readonly [QuestionName, readonly QuestionPart[]])[] {
  return Object.entries(description.questions) as [QuestionName, readonly QuestionPart[]][]
}

/** What a field is when the mapping leaves it out: null where it may be, else an empty list. Fields that must be there are missing, and so are those that need not. */
export function leftOut(question: QuestionName): Readonly<Record<string, unknown>> {
  const blanks = neededFields(question).map(
    ([field, schema]) => [field, [null, []].find((blank) => schema.safeParse(blank).success)] as const,
  )
  return Object.fromEntries(blanks.filter(([, blank]) => blank !== undefined))
}

/** Fields that an answer must have. */
export function neededFields(question: QuestionName): readonly (readonly [string, z.ZodType])[] {
  const fields = Object.entries(questions[question].answer.shape as Record<string, z.ZodType>)
  return fields.filter(([, schema]) => !schema.safeParse(undefined).success)
}

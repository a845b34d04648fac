import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { wordsOf } from '../../kit/errors.ts'
import { type QuestionName, questions } from '../../model/question.ts'
import { readRanges } from '../guard.ts'
import { problemOf } from './expressions.ts'
import type { Mapper } from './mapper.ts'
import type { Description, QuestionPart } from './schema.ts'
import { fieldsIn } from './template.ts'

/** Everything that is wrong with a description, in sentences; empty when it can be used. Maps its samples for real. */
export async function problemsOf(description: Description, mapper: Mapper): Promise<readonly string[]> {
  const problems = [...addressProblems(description)]
  for (const [question, part] of partsOf(description)) {
    const found = [...templateProblems(question, part), ...expressionProblems(question, part)]
    if (found.length === 0) found.push(...(await sampleProblems(question, part, mapper)))
    problems.push(...found.map((problem) => `${question}: ${problem}`))
  }
  return problems
}

/** The questions of a description with their parts. */
export function partsOf(description: Description): readonly (readonly [QuestionName, QuestionPart])[] {
  return Object.entries(description.questions) as [QuestionName, QuestionPart][]
}

/** What a field is when the mapping leaves it out: null where it may be, else an empty list. Fields that must be there are missing. */
export function leftOut(question: QuestionName): Readonly<Record<string, unknown>> {
  const fields = Object.entries(questions[question].answer.shape as Record<string, z.ZodType>)
  const blanks = fields.map(
    ([field, schema]) => [field, [null, []].find((blank) => schema.safeParse(blank).success)] as const,
  )
  return Object.fromEntries(blanks.filter(([, blank]) => blank !== undefined))
}

function addressProblems(description: Description): readonly string[] {
  const problems: string[] = []
  if (description.baseUrl.startsWith('http:') && !description.plainHttp) {
    problems.push('baseUrl is http://, so everything can be read on the way; say plainHttp: true if that is meant')
  }
  const url = new URL(description.baseUrl)
  if (url.username !== '' || url.password !== '') problems.push('baseUrl holds a secret; use auth')
  if (url.search !== '' || url.hash !== '') problems.push('baseUrl ends with its path')
  try {
    readRanges(description.allowAddresses)
  } catch (error) {
    problems.push(`allowAddresses: ${wordsOf(error)}`)
  }
  return problems
}

function templateProblems(question: QuestionName, part: QuestionPart): readonly string[] {
  const known = Object.keys(questions[question].ask.shape)
  const named = fieldsIn([part.path, part.query, part.body ?? null])
  const unknown = named
    .filter((field) => !known.includes(field))
    .map((field) => `{${field}} is no field of the ask; there are: ${known.join(', ')}`)
  const path = /[?#]/.test(part.path) ? ['the query of a path goes into `query`'] : []
  const body = part.body !== undefined && part.method === 'GET' ? ['a GET has no body'] : []
  return [...unknown, ...path, ...body]
}

function expressionProblems(question: QuestionName, part: QuestionPart): readonly string[] {
  const fields = Object.keys(questions[question].answer.shape)
  const given = Object.entries(part.answer)
  const unknown = given
    .filter(([field]) => !fields.includes(field))
    .map(([field]) => `answer.${field} is no field of the answer; there are: ${fields.join(', ')}`)
  const filled = leftOut(question)
  const missing = fields
    .filter((field) => part.answer[field] === undefined && !(field in filled))
    .map((field) => `answer.${field} is needed`)
  const wrong = [
    ['nothing', part.nothing, 'bool'] as const,
    ['found', part.found, 'bool'] as const,
    ...given.map(([field, text]) => [`answer.${field}`, text, 'any'] as const),
  ]
    .map(([name, text, expected]) => [name, problemOf(text, expected)] as const)
    .flatMap(([name, problem]) => (problem === null ? [] : [`${name}: ${problem}`]))
  return [...unknown, ...missing, ...wrong]
}

async function sampleProblems(question: QuestionName, part: QuestionPart, mapper: Mapper): Promise<readonly string[]> {
  const problems: string[] = []
  for (const [at, sample] of [part.sample].flat().entries()) {
    const name = Array.isArray(part.sample) ? `sample ${at + 1}` : 'sample'
    const ask = questions[question].ask.safeParse(sample.ask)
    if (!ask.success) {
      problems.push(`${name}: its ask is none: ${z.prettifyError(ask.error)}`)
      continue
    }
    const mapped = await mapper.map(part, sample.status, JSON.stringify(sample.response ?? null), ask.data)
    const says = mapped.kind === 'found' ? { ...leftOut(question), ...mapped.answer } : null
    if (mapped.kind === 'failed') problems.push(`${name}: ${mapped.why}`)
    else if (says === null || sample.answer === null) {
      if ((says === null) !== (sample.answer === null))
        problems.push(
          `${name}: it comes to ${says === null ? '"nothing"' : 'an answer'}, and the sample says otherwise`,
        )
    } else problems.push(...differences(question, name, says, { ...leftOut(question), ...sample.answer }))
  }
  return problems
}

function differences(
  question: QuestionName,
  name: string,
  says: Record<string, unknown>,
  wanted: Record<string, unknown>,
): readonly string[] {
  const parsed = questions[question].answer.safeParse(says)
  if (!parsed.success)
    return parsed.error.issues.map((issue) => `${name}: answer.${issue.path.join('.')}: ${issue.message}`)
  const fields = [...new Set([...Object.keys(says), ...Object.keys(wanted)])]
  return fields
    .filter((field) => !isDeepStrictEqual(says[field], wanted[field]))
    .map(
      (field) =>
        `${name}: answer.${field} comes to ${JSON.stringify(says[field])}, the sample says ${JSON.stringify(wanted[field])}`,
    )
}

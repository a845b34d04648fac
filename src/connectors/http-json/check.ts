import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { fixedClock } from '../../kit/clock.ts'
import { isTrouble, wordsOf } from '../../kit/errors.ts'
import { readRanges } from '../../kit/guard.ts'
import { type QuestionName, questions } from '../../model/question.ts'
import type { Request, Response } from '../call.ts'
import { answerOf } from './asking.ts'
import { problemOf } from './expressions.ts'
import { filterNames } from './filters.ts'
import type { Mapper } from './mapper.ts'
import { leftOut, neededFields, partsOf } from './parts.ts'
import type { Description, Exchange, QuestionPart, Reply, Sample } from './schema.ts'
import { parameterProblem, type Settled, settleAsExample } from './settle.ts'
import { placesIn } from './template.ts'

/** Samples are asked at this moment. */
const sampleClock = fixedClock('2026-11-02T09:00:00.000Z')

/** Everything that is wrong with a description, in sentences; empty when it can be used. Maps its samples for real. */
export async function problemsOf(description: Description, mapper: Mapper): Promise<readonly string[]> {
  const problems = [...headProblems(description), ...(await signInProblems(description, mapper))]
  const example = exampleOf(description)
  if ('problem' in example) return [...problems, example.problem]
  for (const [question, parts] of partsOf(description)) {
    for (const [at, part] of parts.entries()) {
      const found = [...templateProblems(question, part, description), ...expressionProblems(question, part)]
      if (found.length === 0) found.push(...(await sampleProblems(question, part, example, mapper)))
      const name = parts.length === 1 ? question : `${question}, alternative ${at + 1}`
      problems.push(...found.map((problem) => `${name}: ${problem}`))
    }
  }
  return problems
}

function exampleOf(description: Description): Settled | { readonly problem: string } {
  try {
    return settleAsExample(description)
  } catch (error) {
    return { problem: isTrouble(error) ? String(error.details['problem']) : wordsOf(error) }
  }
}

function headProblems(description: Description): readonly string[] {
  const problems: string[] = []
  const parameters = Object.entries(description.parameters)
  for (const [name, { kind, example, default: usual }] of parameters) {
    for (const value of usual === undefined ? [example] : [example, usual]) {
      const problem = parameterProblem(value, kind)
      if (problem !== null) problems.push(`parameters.${name}: "${value}" ${problem}`)
    }
    const question = partsOf(description).find(([one]) => name in questions[one].ask.shape)
    if (question !== undefined) problems.push(`parameters.${name}: ${question[0]} has a field of this name`)
    if (reserved.includes(name)) problems.push(`parameters.${name}: this name is taken`)
  }
  const known = parameters.map(([name]) => name)
  problems.push(...placeProblems([description.baseUrl], known))
  if (description.health !== undefined) problems.push(...requestProblems(description.health, known))
  if (description.health !== undefined) problems.push(...boolProblem('health.found', description.health.found))
  try {
    readRanges(description.allowAddresses)
  } catch (error) {
    problems.push(`allowAddresses: ${wordsOf(error)}`)
  }
  return problems
}

const reserved = ['secret', 'token', 'from', 'to']

async function signInProblems(description: Description, mapper: Mapper): Promise<readonly string[]> {
  const { auth, parameters } = description
  const known = Object.keys(parameters)
  switch (auth.kind) {
    case 'none':
    case 'bearer':
    case 'query':
      return []
    case 'basic':
      return placeProblems([auth.user], known)
    case 'header':
      return placeProblems([auth.value], [...known, 'secret'])
    case 'oauth2':
      return placeProblems([auth.tokenUrl, auth.clientId, auth.form], known)
    case 'session': {
      const wrong = problemOf(auth.token, 'any')
      if (wrong !== null) return [`auth.token: ${wrong}`]
      const { login, sample } = auth
      const places = placeProblems([login.basic ?? '', login.body ?? null, login.form ?? {}], [...known, 'secret'])
      const seen = { status: 200, headers: {}, ask: {}, parameters: {}, kept: {}, items: [], page: 0 }
      const wanted = { kind: 'value', name: 'auth.token', expression: auth.token } as const
      const done = await mapper.run({ text: JSON.stringify(sample.response), writing: 'json', seen, wanted })
      const says = done.kind === 'value' ? done.value : null
      return says === sample.token ? places : [...places, 'auth.sample: its token is not what the sample says']
    }
  }
}

function placeProblems(templates: unknown, known: readonly string[]): readonly string[] {
  return placesIn(templates).flatMap(({ name, filters }) => [
    ...(known.includes(name) ? [] : [`{${name}} is no field of the ask; there are: ${known.join(', ')}`]),
    ...filters
      .filter((filter) => !filterNames.includes(filter))
      .map((filter) => `{${name}|${filter}}: there is no such filter; there are: ${filterNames.join(', ')}`),
  ])
}

function requestProblems(
  part: Pick<Exchange, 'method' | 'path' | 'query' | 'headers' | 'body' | 'form'>,
  known: readonly string[],
): readonly string[] {
  const { path, query, headers, body, form } = part
  const problems = [...placeProblems([path, query, headers, body ?? null, form ?? {}], known)]
  if (/[?#]/.test(path)) problems.push('the query of a path goes into `query`')
  if ((body !== undefined || form !== undefined) && part.method === 'GET') problems.push('a GET has no body')
  if (body !== undefined && form !== undefined) problems.push('either `body` or `form`')
  const graphql = z.object({ query: z.string(), variables: z.unknown() }).safeParse(body)
  if (graphql.success && placesIn(graphql.data.query).length > 0)
    problems.push('values of GraphQL go into `variables`, never into `query`: there they are data')
  return problems
}

function templateProblems(question: QuestionName, part: QuestionPart, description: Description): readonly string[] {
  const known = [...Object.keys(questions[question].ask.shape), ...Object.keys(description.parameters)]
  if (part.window !== undefined) known.push('from', 'to')
  const problems: string[] = []
  for (const [at, step] of part.steps.entries()) {
    problems.push(...requestProblems(step, known).map((problem) => `step ${at + 1}: ${problem}`))
    for (const name of Object.keys(step.keep)) {
      if (known.includes(name) || reserved.includes(name))
        problems.push(`step ${at + 1}: keep.${name}: this name is taken`)
      known.push(name)
    }
  }
  return [...problems, ...requestProblems(part, known)]
}

function boolProblem(name: string, text: string | undefined): readonly string[] {
  const problem = text === undefined ? null : problemOf(text, 'bool')
  return problem === null ? [] : [`${name}: ${problem}`]
}

function exchangeProblems(part: Exchange): readonly string[] {
  const values = [
    ['trouble', part.trouble],
    ['items', part.items],
    ['pages.next', part.pages?.next],
  ] as const
  return [
    ...boolProblem('again', part.again),
    ...boolProblem('nothing', part.nothing),
    ...boolProblem('unclear', part.unclear),
    ...boolProblem('found', part.found),
    ...values.flatMap(([name, text]) => {
      const problem = text === undefined ? null : problemOf(text, 'any')
      return problem === null ? [] : [`${name}: ${problem}`]
    }),
  ]
}

function expressionProblems(question: QuestionName, part: QuestionPart): readonly string[] {
  const fields = Object.keys(questions[question].answer.shape)
  const filled = leftOut(question)
  const unknown = Object.keys(part.answer)
    .filter((field) => !fields.includes(field))
    .map((field) => `answer.${field} is no field of the answer; there are: ${fields.join(', ')}`)
  const missing = neededFields(question)
    .map(([field]) => field)
    .filter((field) => part.answer[field] === undefined && !(field in filled))
    .map((field) => `answer.${field} is needed`)
  const steps = part.steps.flatMap((step, at) =>
    [...exchangeProblems(step), ...fieldProblems('keep', step.keep)].map((problem) => `step ${at + 1}: ${problem}`),
  )
  return [
    ...unknown,
    ...missing,
    ...boolProblem('when', part.when),
    ...steps,
    ...exchangeProblems(part),
    ...fieldProblems('answer', part.answer),
  ]
}

function fieldProblems(name: string, fields: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(fields).flatMap(([field, text]) => {
    const problem = problemOf(text, 'any')
    return problem === null ? [] : [`${name}.${field}: ${problem}`]
  })
}

/** The replies of a sample, in the order they are asked for. */
export function repliesOf(sample: Sample): readonly Reply[] {
  if (sample.replies !== undefined) return sample.replies
  const { status, response, text, request } = sample
  return [{ status, headers: {}, response, text, request }]
}

/** A reply's text, as it stands on the wire. */
export function textOfReply({ text, response }: Reply): string {
  return text ?? (response === undefined ? '' : JSON.stringify(response))
}

async function sampleProblems(
  question: QuestionName,
  part: QuestionPart,
  settled: Settled,
  mapper: Mapper,
): Promise<readonly string[]> {
  const problems: string[] = []
  for (const [at, sample] of part.sample.entries()) {
    const name = part.sample.length > 1 ? `sample ${at + 1}` : 'sample'
    const ask = questions[question].ask.safeParse(sample.ask)
    if (!ask.success) problems.push(`${name}: its ask is none: ${z.prettifyError(ask.error)}`)
    else
      problems.push(
        ...(await playSample({ question, part, sample, settled, mapper, ask: ask.data })).map(
          (problem) => `${name}: ${problem}`,
        ),
      )
  }
  return problems
}

async function playSample(played: {
  readonly question: QuestionName
  readonly part: QuestionPart
  readonly sample: Sample
  readonly settled: Settled
  readonly mapper: Mapper
  readonly ask: Readonly<Record<string, unknown>>
}): Promise<readonly string[]> {
  const { question, part, sample, settled, mapper, ask } = played
  const problems: string[] = []
  const replies = [...repliesOf(sample)]
  const call = (wanted: Request): Promise<Response> => {
    const reply = replies.shift()
    if (reply === undefined) return Promise.resolve({ failed: 'the sample has no reply to its next request' })
    const asked = requestText(wanted, settled.baseUrl)
    if (reply.request !== undefined && !asked.includes(reply.request))
      problems.push(`it asks ${asked}, and the sample says ${reply.request}`)
    return Promise.resolve({ status: reply.status, headers: reply.headers, text: textOfReply(reply) })
  }
  const answered = await answerOf({
    question,
    parts: [part],
    ask,
    parameters: settled.parameters,
    baseUrl: settled.baseUrl,
    headers: {},
    mapper,
    clock: sampleClock,
    call,
    wait: () => Promise.resolve(true),
  })
  if (replies.length > 0) problems.push(`${replies.length} of its replies are never asked for`)
  if (answered.kind === 'found')
    return sample.answer === undefined || sample.answer === null
      ? [...problems, 'it comes to an answer, and the sample says otherwise']
      : [...problems, ...differences(question, answered.answer, { ...leftOut(question), ...sample.answer })]
  if (answered.kind === 'nothing')
    return sample.answer === null ? problems : [...problems, 'it comes to "nothing", and the sample says otherwise']
  if (answered.kind === 'failed' && sample.fails !== undefined && answered.why.includes(sample.fails)) return problems
  return [...problems, `it comes to "${answered.kind}": ${answered.why}`]
}

/** A request in one line that a person can read: what is encoded on the wire is not. */
export function requestText({ method, url, body }: Request, baseUrl: string): string {
  const target = url.startsWith(baseUrl) ? url.slice(baseUrl.length) : url
  return `${method} ${decoded(target)}${body === null ? '' : ` ${decodedForm(body)}`}`
}

const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
const decodedForm = (body: string): string => (/^[\w.~%+*-]+=/.test(body) ? decoded(body) : body)

function differences(question: QuestionName, says: unknown, wanted: Record<string, unknown>): readonly string[] {
  const parsed = questions[question].answer.safeParse(says)
  if (!parsed.success) return parsed.error.issues.map((issue) => `answer.${issue.path.join('.')}: ${issue.message}`)
  const found = z.record(z.string(), z.unknown()).parse(says)
  const fields = [...new Set([...Object.keys(found), ...Object.keys(wanted)])]
  return fields
    .filter((field) => !isDeepStrictEqual(found[field], wanted[field]))
    .map(
      (field) =>
        `answer.${field} comes to ${JSON.stringify(found[field])}, the sample says ${JSON.stringify(wanted[field])}`,
    )
}

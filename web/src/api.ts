import type { z } from 'zod'
import type { Api, Call } from '../../src/contract/api.ts'
import type { Problem } from '../../src/contract/endpoint.ts'

type In<T> = T extends z.ZodType ? z.input<T> : never
type Out<T> = T extends z.ZodType ? z.output<T> : undefined
type Part<C extends Call, K extends string> = Api[C] extends { readonly [key in K]: infer S }
  ? { readonly [key in K]: In<S> }
  : object
export type Input<C extends Call> = Part<C, 'params'> & Part<C, 'query'> & Part<C, 'body'>
export type Answer<C extends Call> = Api[C] extends { readonly answer: infer S } ? Out<S> : undefined

/** A refusal of the server, with the words for a person and what to do next. */
export class Refused extends Error {
  readonly problem: Problem
  readonly status: number
  constructor(status: number, problem: Problem) {
    super(problem.says)
    this.name = 'Refused'
    this.status = status
    this.problem = problem
  }
}

const unreachable: Problem = {
  code: 'network',
  says: 'The server does not answer.',
  next: 'Check that Counterfoil is running and that you are on its network, then try again.',
  details: [],
}

/** What browsers say when a part of the page is not there any more: it was of the version before. */
const leftBehind = /dynamically imported module|importing a module script failed|unable to preload css/i
const outdated: Problem = {
  code: 'outdated',
  says: 'This page could not be loaded.',
  next: 'Counterfoil was brought up to date, or is not there right now. Load the page again.',
  details: [],
}

/** What any error has to say to a person. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refused) return error.problem
  if (error instanceof Error && leftBehind.test(error.message)) return outdated
  return { ...unreachable, code: 'internal', says: error instanceof Error ? error.message : String(error) }
}

/** What the server says of one field, if it says anything. */
export function fieldProblem(error: unknown, field: string): string | undefined {
  return error instanceof Refused ? error.problem.details.find((one) => one.field === field)?.says : undefined
}

/** The same of a list: of the field itself, or of the first of its entries that is refused. */
export function fieldProblemUnder(error: unknown, field: string): string | undefined {
  if (!(error instanceof Refused)) return undefined
  return error.problem.details.find((one) => one.field === field || one.field?.startsWith(`${field}.`))?.says
}

type Loose = { params?: Record<string, string>; query?: Record<string, unknown>; body?: unknown }

function addressOf(url: string, input: Loose): string {
  const path = url.replace(/:(\w+)/g, (_all, name: string) => encodeURIComponent(String(input.params?.[name] ?? '')))
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(input.query ?? {}))
    if (value !== undefined && value !== '') query.set(name, String(value))
  return query.size === 0 ? path : `${path}?${query}`
}

/** Calls the server; path, input and answer are those of the contract. `form` goes as multipart in place of a JSON body; `signal` takes the call back. */
export async function call<C extends Call>(
  name: C,
  ...rest: object extends Input<C>
    ? [input?: Input<C>, form?: FormData, signal?: AbortSignal]
    : [input: Input<C>, form?: FormData, signal?: AbortSignal]
): Promise<Answer<C>> {
  const [input, form, signal] = rest
  const [method, url] = name.split(' ') as [string, string]
  const loose = (input ?? {}) as Loose
  const body = form ?? (loose.body === undefined ? undefined : JSON.stringify(loose.body))
  const response = await fetch(addressOf(url, loose), {
    method,
    credentials: 'same-origin',
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
    ...(typeof body === 'string' ? { headers: { 'content-type': 'application/json' } } : {}),
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error
    throw new Refused(0, { ...unreachable, says: error instanceof TypeError ? unreachable.says : String(error) })
  })
  const text = await response.text()
  const json: unknown =
    text === '' ? null : parse(url.startsWith('/api/lake/') ? text : withoutTurning(text), response.status)
  if (!response.ok) throw new Refused(response.status, { ...unreachable, ...(json as Partial<Problem>) })
  return json as Answer<C>
}

/**
 * Signs that turn the direction of what follows (Unicode bidi overrides, embeddings, isolates): in a mail's text they make "exe.pdf" of
 * "fdp.exe", and go on into our own words behind it. Each is shown as one visible sign, so that places in a text stay where they are. Hebrew and
 * Arabic need none of them; the bytes as they came are the download. Lines of logs name each sign where they show it (pages/logs).
 */
const directionOverrides = /[\u202A-\u202E\u2066-\u2069]/g
const withoutTurning = (text: string): string => text.replaceAll(directionOverrides, '\uFFFD')

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Refused(status, {
      ...unreachable,
      says: `The server said something else than JSON (${String(error).slice(0, 80)}).`,
    })
  }
}

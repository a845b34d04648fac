import type { McpSettings } from '../../config/config.ts'
import { type Api, api, type Call } from '../../contract/api.ts'
import { type Endpoint, Problem } from '../../contract/endpoint.ts'
import { Trouble } from '../../kit/errors.ts'

/** A search of the logs may take as long as the server lets it. */
const callMsMax = 60_000
/** More than this no answer of ours has. */
const answerBytesMax = 16 * 1024 * 1024

type Sent = {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
}
type AnswerOf<C extends Call> = Api[C] extends { readonly answer: { readonly _zod: { readonly output: infer T } } }
  ? T
  : never

/** What the server said no to, in its own words. */
export class Refusal extends Error {
  readonly code: string

  constructor({ code, says, next, details }: Problem) {
    const fields = details.map((one) => `${one.field}: ${one.says}`).join('; ')
    super([says, fields, next].filter((part) => part !== '').join(' '))
    this.name = 'Refusal'
    this.code = code
  }
}

/** Calls a running desk over HTTP with an API key: the same contract and the same permissions as everybody's. */
export function deskClient({ url, key }: McpSettings) {
  return async <C extends Call>(call: C, sent: Sent = {}): Promise<AnswerOf<C>> => {
    const [method = 'GET', template = ''] = call.split(' ')
    const path = template.replaceAll(/:(\w+)/g, (_all, name: string) => encodeURIComponent(sent.params?.[name] ?? ''))
    const query = new URLSearchParams(sent.query).toString()
    const response = await fetch(new URL(query === '' ? path : `${path}?${query}`, url), {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(callMsMax),
      headers: {
        authorization: `Bearer ${key}`,
        ...(sent.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
    }).catch((error: unknown) => {
      throw new Trouble('desk.unreachable', { url }, error)
    })
    const text = await response.text()
    if (text.length > answerBytesMax) throw new Trouble('input.too-large', { call })
    const said: unknown = /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : null
    if (!response.ok) {
      const problem = Problem.safeParse(said)
      if (problem.success) throw new Refusal(problem.data)
      throw new Trouble('desk.unreachable', { url, status: response.status })
    }
    const endpoint: Endpoint = api[call]
    return endpoint.answer?.parse(said) as AnswerOf<C>
  }
}
export type DeskClient = ReturnType<typeof deskClient>

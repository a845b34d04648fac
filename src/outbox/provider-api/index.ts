import type { Clock } from '../../kit/clock.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { wordsOf } from '../../kit/errors.ts'
import type { Called, SystemSettings, TheirRef, TheirTicket, TicketSystemBehind } from '../../model/elsewhere.ts'
import type { ApiAsk, ApiRequest, ApiStep, ProviderApi } from '../../model/provider-api.ts'
import { CallOut, type OutAnswer } from '../call-out.ts'
import { type EntryOf, type Pass, passAnswer, passNumberAsk } from '../gate.ts'
import { type Tokens, tokenFor } from './sign-in.ts'

/** The way to one provider's API. Never rejects but at the gate. */
type ApiDoor = TicketSystemBehind<Pass> & {
  /** The requests of a released answer, each to be told once. Throws Trouble('internal') unless a person released exactly these bytes. */
  readonly leave: (leaving: {
    readonly entryId: string
    readonly bytes: Uint8Array
    readonly to: readonly string[]
  }) => Promise<readonly ApiStep[]>
}

type Place = { readonly settings: SystemSettings; readonly secret: string; readonly tokens: Tokens }
type Line = { readonly out: CallOut; readonly api: ProviderApi; readonly place: Place; readonly clock: Clock }

const no: Called<never> = { kind: 'refused', why: 'Nothing is made in a provider’s system: it takes released answers' }

const notThere: Called<never> = { kind: 'refused', why: 'status 404: it is not there', status: 404 }

/**
 * The API of a provider: tickets of theirs are read, and told what a person released for them, or a status that somebody agreed to. What
 * differs from one to the next stands in its description (src/providers/<format>/api.ts). Played after the vendors' published contracts.
 */
export function openProviderApi(api: ProviderApi, place: Place, entryOf: EntryOf, clock: Clock): ApiDoor {
  const line = { out: new CallOut(place.settings, clock), api, place, clock }
  return {
    reads: api.read !== null,
    find: (number) => find(line, number),
    read: (id) => read(line, id),
    fetch: async () => ({ kind: 'refused', why: 'Files of theirs are not fetched' }),
    changed: async (minutes) => {
      if (api.changed === null) return { kind: 'done', value: [] }
      const { ask, result } = api.changed
      const now = clock.now()
      const since = new Date(now.getTime() - minutes * 60_000)
      const answers = await answersTo(line, ask(since, now))
      if (answers.kind === 'done' && answers.value === null) return notThere
      return asRead(answers, (all) => [...new Set(result(all ?? [], since))])
    },
    whoAmI: async () => {
      const seen = jsonOf(await call(line, { path: api.hello }))
      return seen.kind === 'done' ? { kind: 'done', value: `${api.title}: it lets us read` } : seen
    },
    create: async () => no,
    update: async () => no,
    comment: async () => no,
    attach: async () => no,
    setStatus: async (pass, ticket, status) => {
      const [request] = api.requests({ ticket, status, verdict: null, comment: null })
      return request === undefined ? { kind: 'refused', why: 'It has no status of its own' } : tell(line, request, pass)
    },
    leave: async ({ entryId, ...knocking }) =>
      (await passAnswer(entryOf, entryId, knocking)).map(({ request, pass }) => ({
        tells: request.tells,
        tell: () => tell(line, request, pass),
      })),
    close: () => line.out.close(),
  }
}

/** With what it wants to see of us. A token that is refused is forgotten; with one that was just given out it is the secret that is refused. */
async function signed(
  { out, api, place, clock }: Line,
  request: { readonly path: string; readonly body: string },
  use: (headers: Readonly<Record<string, string>>) => Promise<Called<OutAnswer>>,
): Promise<Called<OutAnswer>> {
  const { settings, secret, tokens } = place
  const headers = { accept: 'application/json', ...api.headers }
  if (api.signIn.kind === 'signed') {
    const shown = api.signIn.sign(request, { user: settings.user, secret, at: clock.now() })
    return hidden(await use({ ...headers, ...shown }), [secret])
  }
  if (api.signIn.kind === 'header') {
    const { name, value, userIn } = api.signIn
    const whose = userIn === undefined ? {} : { [userIn]: settings.user }
    return hidden(await use({ ...headers, ...whose, [name]: value(secret) }), [secret])
  }
  const key = sha256Hex(JSON.stringify([settings.baseUrl, settings.signInUrl, settings.user, secret]))
  const held = await tokenFor({ out, clock, tokens, key }, api.signIn, { settings, secret })
  if (held.kind !== 'done') return hidden(held, [secret])
  const { token } = held.value
  const called = hidden(await use({ ...headers, authorization: `Bearer ${token}` }), [secret, token])
  if (called.kind !== 'refused' || called.status !== 401) return called
  tokens.delete(key)
  return held.value.isNew
    ? called
    : { kind: 'later', why: 'status 401: our token is not taken any more', afterMs: null }
}

/** What it says to a refusal, without what it was shown: it stands on a page and in the ledger. */
function hidden<T>(called: Called<T>, secrets: readonly string[]): Called<T> {
  if (called.kind === 'done') return called
  const shapes = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]).filter((shape) => shape.length > 3)
  return { ...called, why: shapes.reduce((why, shape) => why.replaceAll(shape, '(secret)'), called.why) }
}

const root = ({ place }: Line): string => place.settings.baseUrl.replace(/\/+$/, '')

/** Asks; what is asked by POST does nothing, so no answer is none. */
async function call(line: Line, { path, post }: ApiAsk): Promise<Called<OutAnswer>> {
  const url = `${root(line)}${path}`
  if (post === undefined) return signed(line, { path, body: '' }, (headers) => line.out.ask({ url, headers }))
  const asked = await signed(line, { path, body: post }, (headers) =>
    line.out.tell(passNumberAsk(post), {
      ...{ method: 'POST', url, body: post },
      headers: { ...headers, 'content-type': 'application/json' },
    }),
  )
  return asked.kind === 'unknown' ? { kind: 'later', why: asked.why, afterMs: null } : asked
}

/** Tells it, and says what became of it; without the secret, whatever they answer with. */
async function tell(line: Line, request: ApiRequest, pass: Pass): Promise<Called<null>> {
  const { secret, tokens } = line.place
  return hidden(await told(line, request, pass), [secret, ...[...tokens.values()].map(({ token }) => token)])
}

async function told(line: Line, request: ApiRequest, pass: Pass): Promise<Called<null>> {
  const called = await signed(line, request, (headers) =>
    line.out.tell(pass, {
      method: request.method,
      url: `${root(line)}${request.path}`,
      headers: { ...headers, 'content-type': request.type },
      body: request.body,
    }),
  )
  if (called.kind !== 'done') {
    // Somebody changed it at this moment: nothing was done, and the next try finds it as it is then.
    const busy = called.kind === 'refused' && (called.status === 409 || called.status === 423)
    return busy ? { kind: 'later', why: called.why, afterMs: null } : called
  }
  const answer = jsonOf(called)
  // It said yes and then something that cannot be read: it has it, perhaps.
  if (answer.kind !== 'done') return called.value.status === 404 ? answer : { kind: 'unknown', why: answer.why }
  try {
    const why = line.api.refused(answer.value, request.tells)
    return why === null ? { kind: 'done', value: null } : { kind: 'refused', why: why.slice(0, 300) }
  } catch (error) {
    return { kind: 'unknown', why: `its answer is not as its API says: ${short(error)}` }
  }
}

async function read(line: Line, ticket: string): Promise<Called<TheirTicket | null>> {
  const { api } = line
  if (api.read === null || !api.ticket.test(ticket))
    return { kind: 'refused', why: `“${ticket}” is no number of ${api.title}` }
  const answers = await answersTo(line, api.read.ask(ticket))
  const { result } = api.read
  const found = asRead(answers, (all) => (all === null ? null : result(ticket, all)))
  if (found.kind !== 'done' || found.value === null) return found as Called<null>
  const { status, verdict, url, comments } = found.value
  return {
    kind: 'done',
    value: {
      ...{ id: ticket, key: ticket, url: safeUrl(url), status, verdict },
      ...{ comments: comments ?? [], tellsComments: comments !== null, files: [] },
    },
  }
}

/** A ticket of theirs is known by its number, which came with the alert; where people know it by another, that one is looked up. */
async function find(line: Line, number: string): Promise<Called<readonly TheirRef[]>> {
  const { shown } = line.api
  if (shown === undefined || !shown.number.test(number)) return { kind: 'done', value: [] }
  return asRead(await answersTo(line, [shown.ask(number)]), (answers) => {
    const id = answers === null ? null : shown.result(number, answers[0])
    return id === null ? [] : [{ id, key: number, url: null }]
  })
}

/** What it answers, in the order it is asked; null where something is not there. */
async function answersTo(line: Line, asks: readonly ApiAsk[]): Promise<Called<readonly unknown[] | null>> {
  const answers: unknown[] = []
  for (const ask of asks) {
    const called = await call(line, ask)
    if (called.kind === 'done' && called.value.status === 404) return { kind: 'done', value: null }
    const answer = jsonOf(called)
    if (answer.kind !== 'done') return answer
    answers.push(answer.value)
  }
  return { kind: 'done', value: answers }
}

/** A link as it may stand on a page. */
const safeUrl = (url: string | null): string | null =>
  url !== null && /^https:\/\/[^\s]{1,490}$/.test(url) ? url : null

/** Null for an empty answer. */
function jsonOf(called: Called<OutAnswer>): Called<unknown> {
  if (called.kind !== 'done') return called
  const { status, bytes } = called.value
  if (status === 404) return notThere
  if (bytes.length === 0) return { kind: 'done', value: null }
  try {
    return { kind: 'done', value: JSON.parse(bytes.toString('utf8')) as unknown }
  } catch (error) {
    return { kind: 'refused', why: `its answer is no JSON: ${short(error)}` }
  }
}

function asRead<A, T>(called: Called<A>, result: (answer: A) => T): Called<T> {
  if (called.kind !== 'done') return called
  try {
    return { kind: 'done', value: result(called.value) }
  } catch (error) {
    return { kind: 'refused', why: `its answer is not as its API says: ${short(error)}` }
  }
}

const short = (error: unknown): string => wordsOf(error).replaceAll(/\s+/g, ' ').slice(0, 300)

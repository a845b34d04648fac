import type { Clock } from '../../kit/clock.ts'
import { wordsOf } from '../../kit/errors.ts'
import type { Caller, Replied, Request, Response } from '../call.ts'
import type { Mapper } from './mapper.ts'
import type { Auth } from './schema.ts'
import { fillBody, fillPairs, fillText } from './template.ts'

/** Tokens are renewed this long before they end, so that none ends on the way. */
const renewBeforeMs = 60_000
/** RFC 6749 only recommends `expires_in`; every vendor of the catalogue sends it, and none has less than five minutes. */
const tokenSecondsDefault = 300

/** How long the calls of one question may take together, and who may call them off. `until` is of performance.now(). */
export type Bounds = { readonly signal: AbortSignal; readonly clock: Clock; readonly until: number }

type Token = { readonly token: string; readonly until: number }
type Signed = { readonly headers: Readonly<Record<string, string>>; readonly query: Readonly<Record<string, string>> }

/** What is needed to sign in; `secret` reads it anew at each call, so that a changed one counts at once. */
export type SignInNeeds = {
  readonly auth: Auth
  readonly baseUrl: string
  readonly parameters: Readonly<Record<string, string>>
  readonly secret: () => Promise<string>
  readonly caller: Caller
  readonly mapper: Mapper
  readonly timeoutMs: number
}

/**
 * Calls a source with what it wants to see of us: a key, or a token that is fetched when it is needed, kept until it ends, and fetched
 * once more when the source refuses it. Secrets and tokens are never part of a reason: they are taken out of every text that leaves here.
 */
export class SignIn {
  readonly #needs: SignInNeeds
  #token: Promise<Token> | null = null
  readonly #hidden = new Set<string>()

  constructor(needs: SignInNeeds) {
    this.#needs = needs
  }

  /** Never rejects. */
  async call(wanted: Request, bounds: Bounds): Promise<Response> {
    try {
      const first = await this.#signed(bounds)
      const response = await this.#send(withSigned(wanted, first.signed), bounds)
      if (response.status !== 401 || first.token === null) return this.#checked(response)
      // The token may have been withdrawn before its time: one new one, then it is the secret that is refused.
      const held = await this.#token?.catch(() => null)
      if (held?.token === first.token) this.#token = null
      const second = await this.#signed(bounds)
      return this.#checked(await this.#send(withSigned(wanted, second.signed), bounds))
    } catch (error) {
      return { failed: this.hide(wordsOf(error)) }
    }
  }

  /** A text without the secret and the tokens. */
  hide(text: string): string {
    return [...this.#hidden].reduce((rest, hidden) => rest.replaceAll(hidden, '(secret)'), text)
  }

  #checked(response: Response): Response {
    return 'failed' in response ? { failed: this.hide(response.failed) } : response
  }

  #send(wanted: Request, { signal, clock, until }: Bounds): Promise<Response> {
    return this.#needs.caller.call(wanted, signal, clock, until)
  }

  #hide(secret: string): string {
    // A secret of three letters would take holes into every sentence, and hide nothing.
    for (const shape of [secret, encodeURIComponent(secret)]) if (shape.length > 3) this.#hidden.add(shape)
    return secret
  }

  async #signed(bounds: Bounds): Promise<{ readonly signed: Signed; readonly token: string | null }> {
    const { auth, parameters } = this.#needs
    if (auth.kind === 'none') return { signed: { headers: {}, query: {} }, token: null }
    if (auth.kind === 'oauth2' || auth.kind === 'session') {
      const { token } = await this.#current(auth, bounds)
      const header = auth.kind === 'session' ? auth.header.toLowerCase() : 'authorization'
      const template = auth.kind === 'session' ? auth.value : 'Bearer {token}'
      const value = text(template, { ...parameters, token })
      return { signed: { headers: { [header]: value }, query: {} }, token }
    }
    const secret = this.#hide(await this.#needs.secret())
    const key = keyOf(auth, secret, parameters)
    // User and password of Basic are written another way on the wire, and that is what a source would echo.
    if (auth.kind === 'basic') this.#hide((key.headers?.['authorization'] ?? '').replace('Basic ', ''))
    return { signed: { headers: {}, query: {}, ...key }, token: null }
  }

  /** One fetch of a token for all who ask at the same time. It outlives the question that began it: others wait for it, too. */
  async #current(auth: Auth & { kind: 'oauth2' | 'session' }, { clock }: Bounds): Promise<Token> {
    const held = this.#token
    if (held !== null) {
      const token = await held.catch(() => null) // Its own asker was told why; this one tries for itself.
      if (token !== null && token.until > performance.now()) return token
      if (this.#token === held) this.#token = null
    }
    const signal = AbortSignal.timeout(this.#needs.timeoutMs)
    const bounds = { signal, clock, until: performance.now() + this.#needs.timeoutMs }
    this.#token ??= auth.kind === 'oauth2' ? this.#byClientCredentials(auth, bounds) : this.#byLogin(auth, bounds)
    return this.#token
  }

  async #byClientCredentials(auth: Auth & { kind: 'oauth2' }, bounds: Bounds): Promise<Token> {
    const { parameters } = this.#needs
    const secret = this.#hide(await this.#needs.secret())
    const clientId = text(auth.clientId, parameters)
    const inBody = auth.clientIn === 'body'
    const form = pairs(
      {
        grant_type: 'client_credentials',
        ...(inBody ? { client_id: '{client_id}', client_secret: '{secret}' } : {}),
        ...auth.form,
      },
      { ...parameters, client_id: clientId, secret },
    )
    // RFC 6749, 2.3.1: both are form-encoded before they become user and password.
    const basic = basicOf(encodeURIComponent(clientId), encodeURIComponent(secret))
    const reply = await this.#fetch(
      {
        method: 'POST',
        url: text(auth.tokenUrl, parameters),
        headers: { ...formHeaders, ...(inBody ? {} : { authorization: basic }) },
        body: form,
      },
      bounds,
    )
    const value = await this.#valueIn(reply, 'body.access_token')
    const seconds = await this.#valueIn(reply, `body.?expires_in.orValue(${tokenSecondsDefault})`)
    return this.#tokenOf(value, Number(seconds) * 1000)
  }

  async #byLogin(auth: Auth & { kind: 'session' }, bounds: Bounds): Promise<Token> {
    const { parameters, baseUrl } = this.#needs
    const secret = this.#hide(await this.#needs.secret())
    const values = { ...parameters, secret }
    const { login } = auth
    const json = login.body === undefined ? null : fillBody(login.body, values)
    if (json !== null && !('value' in json)) throw new Error('its login cannot be filled')
    const headers = {
      accept: 'application/json',
      ...(login.form === undefined ? { 'content-type': 'application/json' } : formHeaders),
      ...(login.basic === undefined ? {} : { authorization: basicOf(text(login.basic, parameters), secret) }),
    }
    const body =
      login.form === undefined ? (json === null ? null : JSON.stringify(json.value)) : pairs(login.form, values)
    const reply = await this.#fetch({ method: login.method, url: `${baseUrl}${login.path}`, headers, body }, bounds)
    return this.#tokenOf(await this.#valueIn(reply, auth.token), auth.minutes * 60_000)
  }

  async #fetch(wanted: Request, bounds: Bounds): Promise<Replied> {
    const response = await this.#send(wanted, bounds)
    if ('failed' in response) throw new Error(`no token: ${response.failed}`)
    // OAuth says 400 invalid_client or 401 (RFC 6749, 5.2); either way it is the secret that somebody has to look at.
    if (response.status >= 400) throw new Error(`no token: status ${response.status}: it refuses our secret`)
    return response
  }

  async #valueIn(reply: Replied, expression: string): Promise<unknown> {
    const { status, headers, text: body } = reply
    const seen = { status, headers, ask: {}, parameters: {}, kept: {}, items: [], page: 0 }
    const wanted = { kind: 'value', name: 'token', expression } as const
    const done = await this.#needs.mapper.run({ text: body, writing: 'json', seen, wanted })
    // What it answered may hold a token: nothing of it is said.
    if (done.kind !== 'value') throw new Error('no token: its answer is not what was agreed')
    return done.value
  }

  #tokenOf(value: unknown, lifeMs: number): Token {
    if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value))
      throw new Error('no token: its answer is not what was agreed')
    const life = Number.isFinite(lifeMs) ? lifeMs : tokenSecondsDefault * 1000
    return { token: this.#hide(value), until: performance.now() + Math.max(life - renewBeforeMs, life / 2) }
  }
}

const formHeaders = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }

function keyOf(
  auth: Auth & { kind: 'bearer' | 'header' | 'basic' | 'query' },
  secret: string,
  parameters: Readonly<Record<string, string>>,
): Partial<Signed> {
  switch (auth.kind) {
    case 'bearer':
      return { headers: { authorization: `Bearer ${secret}` } }
    case 'header':
      return { headers: { [auth.name.toLowerCase()]: text(auth.value, { ...parameters, secret }) } }
    case 'basic':
      return { headers: { authorization: basicOf(text(auth.user, parameters), secret) } }
    case 'query':
      return { query: { [auth.name]: secret } }
  }
}

const basicOf = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

function withSigned(wanted: Request, { headers, query }: Signed): Request {
  const url = new URL(wanted.url)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return {
    ...wanted,
    url: Object.keys(query).length === 0 ? wanted.url : url.href,
    headers: { ...wanted.headers, ...headers },
  }
}

function text(template: string, values: Readonly<Record<string, unknown>>): string {
  const filled = fillText(template, values)
  if (!('value' in filled)) throw new Error('its way to sign in cannot be filled')
  return filled.value
}

function pairs(templates: Readonly<Record<string, string>>, values: Readonly<Record<string, unknown>>): string {
  const filled = fillPairs(templates, values)
  if (!('value' in filled)) throw new Error('its way to sign in cannot be filled')
  return filled.value.toString()
}

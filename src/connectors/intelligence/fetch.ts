import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, type Dispatcher, request } from 'undici'
import { wordsOf } from '../../kit/errors.ts'
import { guardedConnector, readRanges } from '../../kit/guard.ts'
import { FeedBusy } from '../../model/feed.ts'
import type { FeedSettings } from './settings.ts'

/** Until a server says something, and between two pieces of what it says. */
const silentMsMax = 60_000
/** The largest public list (some millions of names) has 200 MB. */
export const feedBytesMax = 1024 * 1024 * 1024
/** A page or an event, which is looked at as a whole. */
export const pageBytesMax = 64 * 1024 * 1024
/** A wait that a fetch sits out; for a longer one the feed is fetched later. */
const waitSecondsMax = 60
const triesMax = 4

export type Fetched = {
  readonly status: number
  readonly header: (name: string) => string | null
  readonly bytes: AsyncIterable<Uint8Array>
  /** The whole text, up to 64 MiB. */
  readonly text: () => Promise<string>
}

export type FeedRequest = {
  readonly url: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Fetches from one feed: only allowed addresses, no redirects, no proxies, bounded in time and size; waits where it is asked to. */
export class Fetcher {
  readonly #agent: Agent
  readonly #feed: FeedSettings
  readonly #environmentSecret: (name: string) => string | null

  constructor(feed: FeedSettings, environmentSecret: (name: string) => string | null) {
    this.#feed = feed
    this.#environmentSecret = environmentSecret
    const ca = feed.caFile === undefined ? {} : { ca: readFileSync(feed.caFile, 'utf8') }
    this.#agent = new Agent({
      connect: guardedConnector(readRanges(feed.allowAddresses), { timeoutMs: silentMsMax, ...ca }),
      connections: 2,
      headersTimeout: silentMsMax,
      bodyTimeout: silentMsMax,
      maxResponseSize: feedBytesMax,
      maxHeaderSize: 16 * 1024,
    })
  }

  /** Statuses of 2xx and those in `also` come back; any other throws, in words. 429 and 503 are tried again when the server says. */
  async fetch(wanted: FeedRequest, signal: AbortSignal, also: readonly number[] = []): Promise<Fetched> {
    for (let trial = 1; ; trial += 1) {
      const response = await this.#once(wanted, signal)
      const status = response.statusCode
      if (status !== 429 && status !== 503) return this.#taken(response, also)
      const seconds = retryAfterSeconds(response.headers['retry-after']) ?? 2 ** trial
      await response.body.dump()
      if (seconds > waitSecondsMax || trial === triesMax) throw new FeedBusy(seconds, `status ${status}`)
      await sleep(seconds * 1_000, undefined, { signal })
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #once(wanted: FeedRequest, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      return await request(wanted.url, {
        dispatcher: this.#agent,
        method: wanted.method ?? 'GET',
        headers: {
          'accept-encoding': 'identity',
          'user-agent': 'counterfoil',
          ...this.#credentials(),
          ...wanted.headers,
        },
        body: wanted.body ?? null,
        signal,
      })
    } catch (error) {
      const cause: unknown = error instanceof AggregateError ? error.errors[0] : error
      throw new Error(
        `it could not be reached: ${wordsOf(cause) || String((cause as { code?: unknown }).code ?? cause)}`,
        { cause: error },
      )
    }
  }

  /** Read at each request, so that a changed secret counts at once. */
  #credentials(): Record<string, string> {
    const { auth } = this.#feed
    if (auth.kind === 'none') return {}
    const secret =
      'file' in auth.secret ? readFileSync(auth.secret.file, 'utf8').trim() : this.#environmentSecret(auth.secret.env)
    if (secret === null || secret === '') throw new Error('its secret is not there')
    switch (auth.kind) {
      case 'bearer':
        return { authorization: `Bearer ${secret}` }
      case 'basic':
        return { authorization: `Basic ${Buffer.from(`${auth.user}:${secret}`).toString('base64')}` }
      case 'header':
        return { [auth.name.toLowerCase()]: secret }
    }
  }

  async #taken(response: Dispatcher.ResponseData, also: readonly number[]): Promise<Fetched> {
    const { statusCode: status, headers, body } = response
    if ((status < 200 || status > 299) && !also.includes(status)) {
      await body.dump()
      throw new Error(problemOf(status, headers['location']))
    }
    const encoding = headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      await body.dump()
      throw new Error('it answers compressed although asked not to')
    }
    return {
      status,
      header: (name) => {
        const value = headers[name.toLowerCase()]
        return Array.isArray(value) ? (value[0] ?? null) : (value ?? null)
      },
      bytes: body,
      text: () => textOf(body),
    }
  }
}

function problemOf(status: number, location: string | string[] | undefined): string {
  if (status >= 300 && status < 400)
    return `status ${status}: it points to ${String(location ?? 'nowhere').slice(0, 100)}, and that is not followed`
  if (status === 401 || status === 403) return `status ${status}: it refuses our secret, or what it may read`
  return `status ${status}`
}

/** RFC 9110, 10.2.3: seconds or a date. */
function retryAfterSeconds(header: string | string[] | undefined): number | null {
  const text = Array.isArray(header) ? (header[0] ?? '') : (header ?? '')
  if (/^\d{1,7}$/.test(text)) return Number(text)
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - Date.now()) / 1_000))
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  let count = 0
  for await (const piece of body) {
    count += piece.length
    if (count > pageBytesMax) throw new Error(`a page of it is larger than ${pageBytesMax / 1024 / 1024} MiB`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

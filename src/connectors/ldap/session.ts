import { isIP, type Socket } from 'node:net'
import tls from 'node:tls'
import { Client, type Entry, type Filter, ResultCodeError } from 'ldapts'
import { wordsOf } from '../../kit/errors.ts'
import { readRanges } from '../../kit/guard.ts'
import { openLine, watchFlood } from '../reach.ts'
import type { LdapSettings } from './schema.ts'

/** Active Directory gives at most 1,000 entries without paging, and at most so many in a page. */
const pageSize = 500
/** A session that lay unused longer is opened anew: servers close idle connections after some minutes (15 in Active Directory). */
const idleMsMax = 60_000
/** Sessions that wait to be used again; one for each question at once is never more than `concurrency`. */
const idleMax = 4

export type Wanted = {
  readonly base: string
  readonly filter: Filter
  readonly attributes: readonly string[]
  /** Attributes whose bytes are no text: objectGUID, objectSid. */
  readonly binary?: readonly string[]
  readonly scope?: 'base' | 'sub'
  /** Entries beyond it are not read. */
  readonly most: number
}
/** `more`: there are more than were read. */
export type Hits = { readonly entries: readonly Entry[]; readonly more: boolean }

/** One bound connection. It never reconnects by itself: what a library does after a lost connection is not bound, and sees nothing. */
export type Session = {
  readonly search: (wanted: Wanted) => Promise<Hits>
  readonly whoAmI: () => Promise<string>
  readonly end: () => void
}

type Kept = Session & {
  readonly socket: () => Socket
  readonly client: Client
  usedAt: number
  readonly next: () => void
}

/** Bound connections to one directory; one question uses one at a time. */
export class Sessions {
  readonly #settings: LdapSettings
  readonly #password: () => Promise<string | null>
  readonly #idle: Kept[] = []
  #closed = false

  constructor(settings: LdapSettings, password: () => Promise<string | null>) {
    this.#settings = settings
    this.#password = password
  }

  /** Runs work on a bound session. Whatever fails ends that session; the signal ends it too. */
  async use<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    const session = this.#again() ?? (await this.#open(signal))
    const stop = () => session.end()
    signal.addEventListener('abort', stop, { once: true })
    try {
      const done = await work(session)
      session.usedAt = performance.now()
      if (this.#closed || this.#idle.length >= idleMax || !session.client.isBound) session.end()
      else this.#idle.push(session)
      return done
    } catch (error) {
      session.end()
      throw signal.aborted ? (signal.reason as Error) : error
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  close(): void {
    this.#closed = true
    for (const session of this.#idle.splice(0)) session.end()
  }

  #again(): Kept | null {
    for (;;) {
      const session = this.#idle.pop()
      if (session === undefined) return null
      const old = performance.now() - session.usedAt > idleMsMax
      if (!old && session.client.isBound && !session.socket().destroyed) {
        session.next()
        return session
      }
      session.end()
    }
  }

  async #open(signal: AbortSignal): Promise<Kept> {
    const { host, port, security, ca, allowAddresses, timeoutMs, bindDn } = this.#settings
    const line = await openLine({ host, port, allow: readRanges(allowAddresses) }, signal)
    const identity = {
      socket: line,
      ...(isIP(host) === 0 ? { servername: host } : { host }),
      ...(ca.trim() === '' ? {} : { ca }),
      minVersion: 'TLSv1.2' as const,
    }
    // The library takes an open socket for a secure one, and would send the password before the certificate is judged: it gets one that is.
    let outer: Socket = security === 'ldaps' ? await secured(tls.connect(identity)) : line
    const once = onlyOnce()
    const client = new Client({
      url: `ldap://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
      timeout: timeoutMs,
      connectTimeout: timeoutMs,
      strictDN: false,
      createConnection: () => {
        once()
        return outer
      },
      createSecureConnection: () => {
        const socket = tls.connect(identity)
        outer = socket
        return socket
      },
    })
    const session = sessionOn(client, () => outer)
    try {
      if (security === 'starttls') await client.startTLS({})
      const password = await this.#password()
      if (bindDn !== '' && (password ?? '') === '')
        throw new Error('there is no password for it, and a bind without one is anonymous')
      await client.bind(bindDn, bindDn === '' ? '' : (password ?? ''))
      return session
    } catch (error) {
      session.end()
      throw new Error(bindProblem(error, bindDn), { cause: error })
    }
  }
}

/** A TLS connection whose certificate was judged and is good. */
function secured(socket: tls.TLSSocket): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => resolve(socket))
    socket.once('error', (error) => {
      socket.destroy()
      reject(new Error(`no encrypted connection: ${wordsOf(error)}`, { cause: error }))
    })
  })
}

/** Throws when it is called a second time: then a library wants to connect again, unbound and perhaps without TLS. */
function onlyOnce(): () => void {
  let used = false
  return () => {
    if (used) throw new Error('the connection was lost')
    used = true
  }
}

function sessionOn(client: Client, socket: () => Socket): Kept {
  let flood: { next: () => void } | null = null
  return {
    client,
    socket,
    usedAt: performance.now(),
    next: () => flood?.next(),
    search: async (wanted) => {
      flood ??= watchFlood(socket())
      return search(client, wanted)
    },
    // RFC 4532.
    whoAmI: async () => (await client.exop('1.3.6.1.4.1.4203.1.11.3')).value ?? '',
    end: () => {
      socket().destroy()
    },
  }
}

async function search(client: Client, wanted: Wanted): Promise<Hits> {
  const { base, filter, attributes, binary = [], scope = 'sub', most } = wanted
  const entries: Entry[] = []
  const elsewhere: string[] = []
  const pages = client.searchPaginated(base, {
    scope,
    filter,
    derefAliases: 'never',
    attributes: [...attributes].filter((name) => name !== ''),
    explicitBufferAttributes: [...binary],
    paged: { pageSize: Math.min(pageSize, most + 1) },
  })
  for await (const page of pages) {
    entries.push(...page.searchEntries)
    elsewhere.push(...page.searchReferences)
    if (entries.length > most) break
  }
  if (!client.isBound) throw new Error('the connection was lost, and what came after it was not asked as ourselves')
  const other = elsewhere.find((url) => !ownPartition(url))
  // "Nothing" would be said of a part of the tree that nobody looked at.
  if (entries.length === 0 && other !== undefined)
    throw new Error(
      `it points to ${other.slice(0, 200)}, and that is not followed: set that server up as a source of its own`,
    )
  return { entries: entries.slice(0, most), more: entries.length > most }
}

/** Partitions of Active Directory that every search from the top points to, and that hold neither people nor machines. */
function ownPartition(url: string): boolean {
  return /\/(?:CN=Configuration|CN=Schema|DC=DomainDnsZones|DC=ForestDnsZones)\b/i.test(decodeURI(url))
}

/** Why the directory did not answer, in words: of a search it often says a number only (RFC 4511, appendix A). */
export function directoryProblem(error: unknown): string {
  if (!(error instanceof ResultCodeError)) return wordsOf(error)
  switch (error.code) {
    case 32:
      return 'the base DN is not there, or this account may not see it'
    case 34:
      return 'the base DN is not written as one: DC=corp,DC=example,DC=com'
    case 50:
      return 'this account may not read there'
    default:
      return `the directory refuses it: ${wordsOf(error).trim() || `result ${error.code}`}`
  }
}

function bindProblem(error: unknown, bindDn: string): string {
  if (!(error instanceof ResultCodeError)) return wordsOf(error)
  if (error.code === 49) return `it refuses ${bindDn === '' ? 'anonymous questions' : `the password of ${bindDn}`}`
  if (error.code === 8) return 'it wants encryption, or a stronger sign-in: use LDAPS or STARTTLS'
  return `it refused the sign-in: ${wordsOf(error)}`
}

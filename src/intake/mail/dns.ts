import { Resolver as NodeResolver } from 'node:dns/promises'
import type { Clock } from '../../kit/clock.ts'
import type { Resolver } from './verify.ts'

/** One server gets this long, twice, before the next is asked. */
const queryTimeoutMs = 2500
/** Answers are kept five minutes: node:dns does not tell how long they may be kept, and keys are rotated over days. */
const keptMs = 5 * 60_000
/** "No such name" is kept shorter, so that a record somebody has just published is found. */
const missingKeptMs = 60_000
/** Names kept at most; a provider needs about ten. */
const keptMax = 5000

type Kept = { readonly until: number; readonly value?: unknown; readonly error?: Error & { code?: string } }

const missing = new Set(['ENOTFOUND', 'ENODATA'])

/** Keeps answers, and that there are none; failures are never kept, because they are to be tried again. */
export function cached(resolver: Resolver, clock: Clock): Resolver {
  const kept = new Map<string, Kept>()
  const keep = (key: string, entry: Kept) => {
    if (kept.size >= keptMax) {
      const oldest = kept.keys().next().value
      if (oldest !== undefined) kept.delete(oldest)
    }
    kept.set(key, entry)
  }
  return async (name, rrtype) => {
    const key = `${rrtype} ${name.toLowerCase()}`
    const now = clock.now().getTime()
    const known = kept.get(key)
    if (known !== undefined && known.until > now) {
      if (known.error !== undefined) throw known.error
      return known.value
    }
    kept.delete(key)
    try {
      const value = await resolver(name, rrtype)
      keep(key, { until: now + keptMs, value })
      return value
    } catch (error) {
      const code = (error as { code?: string }).code
      if (error instanceof Error && code !== undefined && missing.has(code))
        keep(key, { until: now + missingKeptMs, error })
      throw error
    }
  }
}

/** The system's DNS servers, or those named ("192.0.2.53", "[2001:db8::53]:5353"). */
export function makeResolver(servers: readonly string[], clock: Clock): Resolver {
  const resolver = new NodeResolver({ timeout: queryTimeoutMs, tries: 2 })
  if (servers.length > 0) resolver.setServers(servers)
  return cached((name, rrtype) => resolver.resolve(name, rrtype), clock)
}

/** A resolver for one mail: so many look-ups and so much time, then every further one is a time-out, which is `temperror`. */
export function bounded(resolver: Resolver, lookupsMax: number, timeMsMax: number, clock: Clock): Resolver {
  const until = clock.now().getTime() + timeMsMax
  let lookups = 0
  const refuse = (why: string) => Promise.reject(Object.assign(new Error(why), { code: 'ETIMEOUT' }))
  return (name, rrtype) => {
    if (++lookups > lookupsMax) return refuse(`more than ${lookupsMax} look-ups for one mail`)
    const left = until - clock.now().getTime()
    if (left <= 0) return refuse('the time for look-ups is over')
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(Object.assign(new Error('the DNS server does not answer'), { code: 'ETIMEOUT' })),
        Math.min(left, timeMsMax),
      )
    })
    return Promise.race([resolver(name, rrtype), late]).finally(() => clearTimeout(timer))
  }
}

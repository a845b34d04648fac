import { Resolver } from 'node:dns/promises'

/** No such name, no such record: DNS answered, and the answer is "none". Everything else is a failure. */
const none = new Set(['ENOTFOUND', 'ENODATA'])
/** A resolver that does not answer in this time is not going to within a connector's two seconds. */
const timeoutMs = 800

/** Reverse look-ups at these DNS servers (the system's own when empty). */
export function reverseBy(
  servers: readonly string[],
): (address: string, signal: AbortSignal) => Promise<readonly string[]> {
  return async (address, signal) => {
    const resolver = new Resolver({ timeout: timeoutMs, tries: 1 })
    if (servers.length > 0) resolver.setServers(servers)
    const stop = () => resolver.cancel()
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await resolver.reverse(address)
    } catch (error) {
      if (error instanceof Error && 'code' in error && none.has(String(error.code))) return []
      throw error
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}

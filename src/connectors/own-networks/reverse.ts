import { Resolver } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'

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
      // Not resolver.reverse(): it says ENOTFOUND for a server that failed or was silent, which would read as "no name".
      return await resolver.resolvePtr(pointerName(address))
    } catch (error) {
      if (error instanceof Error && 'code' in error && none.has(String(error.code))) return []
      throw error
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}

/** The name under which an address is looked up (RFC 1035, 3.5; RFC 3596, 2.5). */
function pointerName(address: string): string {
  const ip = ipaddr.parse(address)
  const bytes = ip.toByteArray().reverse()
  if (ip.kind() === 'ipv4') return `${bytes.join('.')}.in-addr.arpa`
  return `${bytes.map((byte) => `${(byte & 15).toString(16)}.${(byte >> 4).toString(16)}`).join('.')}.ip6.arpa`
}

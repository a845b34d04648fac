import dns from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { buildConnector } from 'undici'

export type Ranges = readonly [ipaddr.IPv4 | ipaddr.IPv6, number][]

/** IPv4 written as IPv6 the old way (::7f00:1): ipaddr.js calls it unicast, and some systems still route it to 127.0.0.1. */
const ipv4Compatible: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('::'), 96]
/** Addresses where clouds hand out credentials. Nobody's source lives there: no allow list opens them. */
const never: Ranges = [
  ipaddr.parseCIDR('169.254.0.0/16'),
  ipaddr.parseCIDR('fe80::/10'),
  ipaddr.parseCIDR('fd00:ec2::254/128'),
  // Azure's (a public address, which only its machines reach), Alibaba's and Oracle's.
  ipaddr.parseCIDR('168.63.129.16/32'),
  ipaddr.parseCIDR('100.100.100.200/32'),
  ipaddr.parseCIDR('192.0.0.192/32'),
]

/** Ranges of a connector's own allow list. Throws for what is no range. */
export function readRanges(texts: readonly string[]): Ranges {
  return texts.map((text) => ipaddr.parseCIDR(text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`))
}

/** May we talk to this address: a public one, or one of the allow list. Takes any notation that a socket takes. */
export function isAllowed(text: string, allow: Ranges): boolean {
  if (!ipaddr.isValid(text)) return false
  const plain = ipaddr.parse(text)
  const address = ipaddr.process(text)
  const within = (ranges: Ranges) =>
    ranges.some(([base, bits]) => base.kind() === address.kind() && address.match(base, bits))
  if (within(never)) return false
  if (within(allow)) return true
  if (plain.kind() === 'ipv6' && (plain as ipaddr.IPv6).match(ipv4Compatible)) return false
  return address.range() === 'unicast'
}

/** An address that a connector may not talk to. */
export class ForbiddenAddress extends Error {
  constructor(host: string, address: string) {
    super(
      `${host === address ? host : `${host} (${address})`} is an address of this network or machine, and allowAddresses does not name it: it is reached only where the settings of this source say so`,
    )
  }
}

/**
 * Opens sockets to allowed addresses only: a literal is checked before, a name when it is looked up, and the peer once it is connected
 * (a lookup alone is passed by for literals, and a name may answer differently the second time). Nothing is sent before that.
 */
export function guardedConnector(
  allow: Ranges,
  options: { readonly timeoutMs: number; readonly ca?: string },
): buildConnector.connector {
  const connect = buildConnector({
    timeout: options.timeoutMs,
    allowH2: false,
    lookup: guardedLookup(allow),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  })
  return (target, callback) => {
    const literal = target.hostname.replace(/^\[(.*)\]$/, '$1')
    if (isIP(literal) !== 0 && !isAllowed(literal, allow)) {
      callback(new ForbiddenAddress(target.hostname, target.hostname), null)
      return
    }
    connect({ ...target, hostname: literal }, (...result) => {
      const [error, socket] = result
      if (error !== null) {
        callback(error, null)
        return
      }
      const peer = socket.remoteAddress ?? ''
      if (isAllowed(peer, allow)) {
        callback(null, socket)
        return
      }
      socket.destroy()
      callback(new ForbiddenAddress(target.hostname, peer), null)
    })
  }
}

/** The system's look-up, of which only allowed addresses come back. */
export function guardedLookup(allow: Ranges): LookupFunction {
  return (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, '')
        return
      }
      const good = addresses.filter(({ address }) => isAllowed(address, allow))
      const first = good[0]
      if (first === undefined) callback(new ForbiddenAddress(hostname, addresses[0]?.address ?? 'no address'), '')
      else if (options.all === true) callback(null, good)
      else callback(null, first.address, first.family)
    })
  }
}

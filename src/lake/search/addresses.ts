import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** First and last address of a range, as the engine's IPv6 takes them (IPv4 as ::ffff:192.0.2.1). */
export type AddressRange = { readonly from: string; readonly to: string }

/** An address in the one form that the lake's `observables` have; null: no address. */
export function plainForm(text: string): string | null {
  if (isIP(text) === 0 || text.includes('%')) return null
  const address = ipaddr.process(text)
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address.toString()
}

/** The form that a column of type IPv6 takes; null: no address. */
export function columnForm(text: string): string | null {
  const plain = plainForm(text)
  return plain === null ? null : plain.includes(':') ? plain : `::ffff:${plain}`
}

/** "192.0.2.0/24", "2001:db8::/32", "192.0.2.*", "10.*"; null: no range. */
export function rangeOf(text: string): AddressRange | null {
  const cidr = starred(text) ?? text
  const slash = cidr.lastIndexOf('/')
  if (slash < 0 || isIP(cidr.slice(0, slash)) === 0 || cidr.includes('%') || !ipaddr.isValidCIDR(cidr)) return null
  const [network, bits] = ipaddr.parseCIDR(cidr)
  const size = network.kind() === 'ipv4' ? 4 : 16
  const bytes = network.toByteArray()
  const edge = (last: boolean) =>
    ipaddr.fromByteArray(
      bytes.map((byte, place) => {
        const free = Math.min(8, Math.max(0, (place + 1) * 8 - bits))
        const mask = (1 << free) - 1
        return last ? byte | mask : byte & ~mask & 0xff
      }),
    )
  const form = (address: ipaddr.IPv4 | ipaddr.IPv6) =>
    size === 4 ? `::ffff:${address.toString()}` : address.toString()
  return { from: form(edge(false)), to: form(edge(true)) }
}

/** "10.1.*" as the network that it is; null where stars stand elsewhere. */
function starred(text: string): string | null {
  const match = /^((?:\d{1,3}\.){1,3})\*$/.exec(text)
  if (match === null) return null
  const octets = (match[1] ?? '').split('.').filter((octet) => octet !== '')
  const network = [...octets, '0', '0', '0'].slice(0, 4).join('.')
  return isIP(network) === 0 ? null : `${network}/${octets.length * 8}`
}

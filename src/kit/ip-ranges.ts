import ipaddr from 'ipaddr.js'

/** IPv4 as IPv4, also where a socket says ::ffff:192.0.2.1. What is no address stays as it is. */
export function plainAddress(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address
}

/**
 * Whom an address belongs to, for counting: an IPv4 address by itself, an IPv6 address by its /64, which is the least that one
 * subscriber gets (RFC 6177), so that nobody has 2^64 tries. What is no address stays as it is.
 */
export function peerNetwork(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed.kind() === 'ipv4') return parsed.toString()
  const network = parsed.toByteArray().map((byte, place) => (place < 8 ? byte : 0))
  return `${new ipaddr.IPv6(network).toString()}/64`
}

/** Is an address in one of these CIDR ranges (or equal to one of these addresses)? What is no address is in none; a range that cannot be read holds nobody. */
export function inRanges(address: string, ranges: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return ranges.some((range) => {
    const cidr = range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`
    if (!ipaddr.isValidCIDR(cidr)) return false
    const [network, bits] = ipaddr.parseCIDR(cidr)
    return network.kind() === parsed.kind() && parsed.match(network, bits)
  })
}

/** True for CIDR such as 192.0.2.0/24, or one address. */
export function isRange(range: string): boolean {
  return ipaddr.isValidCIDR(range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`)
}

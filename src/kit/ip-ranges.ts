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

/** An address by itself is a range of one. */
const cidrOf = (range: string): string => (range.includes('/') ? range : `${range}/${range.includes(':') ? 128 : 32}`)

/** Is an address in one of these CIDR ranges (or equal to one of these addresses)? What is no address is in none; a range that cannot be read holds nobody. */
export function inRanges(address: string, ranges: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return ranges.some((range) => {
    const cidr = cidrOf(range)
    if (!ipaddr.isValidCIDR(cidr)) return false
    const [network, bits] = ipaddr.parseCIDR(cidr)
    return network.kind() === parsed.kind() && parsed.match(network, bits)
  })
}

/** True for CIDR such as 192.0.2.0/24, or one address. */
export function isRange(range: string): boolean {
  return ipaddr.isValidCIDR(cidrOf(range))
}

/** Whether every address of a range (or one address) is in one of the others. */
export function rangeWithin(range: string, others: readonly string[]): boolean {
  const [network, bits] = ipaddr.parseCIDR(cidrOf(range))
  return others.some((other) => {
    const [outer, outerBits] = ipaddr.parseCIDR(cidrOf(other))
    return network.kind() === outer.kind() && outerBits <= bits && network.match(outer, outerBits)
  })
}

/** How many addresses at most: the bits of a range that are not fixed, of 32 (IPv4) or of the upper 64 (IPv6, where a /64 is one network). */
export function rangeIsNarrow(range: string, freeBitsMax: number): boolean {
  const [network, bits] = ipaddr.parseCIDR(cidrOf(range))
  return (network.kind() === 'ipv4' ? 32 : 64) - bits <= freeBitsMax
}

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { observableCharsMax } from '../../model/lake.ts'
import type { ObservableType } from '../../model/observable.ts'
import { extract, outermost } from '../../observables/extract.ts'
import { plainObservable } from '../../observables/plain.ts'
import { refang } from '../../observables/refang.ts'
import { rangeOf } from '../search/addresses.ts'
import { hostForm, observableForm } from '../search/tokens.ts'

/** One thing that is hunted for. `forms`: the texts that the lake would know it by; empty for a network, which is looked for by its range. */
export type Indicator = {
  /** Refanged and normalised. */
  readonly value: string
  readonly type: ObservableType | 'word'
  readonly forms: readonly string[]
}

/** A line that is none, and why. */
export type NotRead = { readonly line: number; readonly text: string; readonly why: string }

/** What the lake keeps among its observables (parse/observables.ts). */
const kept: ReadonlySet<string> = new Set([
  ...['ipv4', 'ipv6', 'cidr', 'domain', 'hostname', 'url', 'email', 'user'],
  ...['md5', 'sha1', 'sha256', 'sha512', 'imphash'],
])
export function isHuntedFor(type: string): boolean {
  return kept.has(type)
}

/** Up to this many addresses a network is looked for address by address, which costs nothing. */
const addressesMax = 256
/** A word that may be a host's name or an account. */
const word = /^[^\s,;"'<>|(){}]{2,253}$/

/** What one line (or cell) of a list names: most often one indicator; running text, all that is in it. Defanged forms are read. */
export function indicatorsOf(text: string): readonly Indicator[] | string {
  const trimmed = text.trim()
  const quick = plainObservable(trimmed)
  if (quick !== null) return [indicatorOf(quick.type, quick.value)]
  const outer = outermost(extract(trimmed))
  const ours = outer.filter((one) => kept.has(one.type))
  if (ours.length > 0) return ours.map((one) => indicatorOf(one.type, one.value))
  const [other] = outer
  if (other !== undefined) return `the lake does not list a ${other.type} by itself: look for it with "lake search"`
  const plain = refang(trimmed).text.toLowerCase()
  // Names of our own zones (web-01.corp.internal) end in no public suffix, so that `extract` takes them for words.
  if (word.test(plain)) return [indicatorOf(/^[\w-]+(?:\.[\w-]+)+\.?$/.test(plain) ? 'hostname' : 'word', plain)]
  return 'no indicator was found in it'
}

/** An indicator of a known type, by the value that `extract` gives. */
export function indicatorOf(type: Indicator['type'], value: string): Indicator {
  switch (type) {
    case 'cidr':
      return { type, value, forms: addressesOf(value) }
    case 'url': {
      const low = value.toLowerCase().slice(0, observableCharsMax)
      // "http://a.example" and "http://a.example/" are one address on the web, but two texts in logs.
      const twin = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+$/.test(low)
        ? `${low}/`
        : low.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#]+)\/$/, '$1')
      return { type, value, forms: [...new Set([low, twin])] }
    }
    case 'domain':
    case 'hostname':
      return { type, value: hostForm(value), forms: [hostForm(value)] }
    default:
      return { type, value: observableForm(value), forms: [observableForm(value)] }
  }
}

/** Every address of a small network; none of a larger one. */
function addressesOf(cidr: string): string[] {
  if (rangeOf(cidr) === null) return []
  const [network, bits] = ipaddr.parseCIDR(cidr)
  if (network.kind() !== 'ipv4' || 2 ** (32 - bits) > addressesMax) return []
  const first = ipaddr.IPv4.networkAddressFromCIDR(cidr)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0)
  return Array.from({ length: 2 ** (32 - bits) }, (_, place) => dotted(first + place))
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** How the texts of some addresses begin: "10.1" of 10.1.0.0/16 (2 parts with dots), "2001" of 2001:db8::/32 (one with a colon). */
export type Prefix = { readonly sign: '.' | ':'; readonly parts: 1 | 2 | 3; readonly text: string }

/**
 * The beginnings of a network's addresses in `seen`, which is sorted by text: of IPv4 whole octets (at most 256 of them), of IPv6 the
 * first group, which the engine narrows down by number.
 */
export function prefixesOf(cidr: string): readonly Prefix[] {
  const [network, bits] = ipaddr.parseCIDR(cidr)
  if (network.kind() === 'ipv4') {
    const octets = ipaddr.IPv4.networkAddressFromCIDR(cidr).octets
    const parts = bits <= 8 ? 1 : bits <= 16 ? 2 : 3
    const fixed = octets.slice(0, parts - 1)
    const first = octets[parts - 1] ?? 0
    return Array.from({ length: 2 ** Math.max(0, parts * 8 - bits) }, (_, place) => ({
      ...{ sign: '.', parts },
      text: [...fixed, first + place].join('.'),
    }))
  }
  const groups = bits >= 16 ? 1 : 2 ** (16 - bits)
  const [head = 0] = ipaddr.IPv6.networkAddressFromCIDR(cidr).parts
  // A first group of 0 is written "0:..." or not at all ("::1").
  const texts = Array.from({ length: groups }, (_, place) => (head + place).toString(16)).flatMap((text) =>
    text === '0' ? ['0', ''] : [text],
  )
  return texts.map((text) => ({ sign: ':', parts: 1, text }))
}

/** An address as a number, so that thousands of them can be sorted into networks; null: no address. IPv4 lies at ::ffff:0:0/96. */
export function numberOfAddress(text: string): bigint | null {
  if (isIP(text) === 0 || text.includes('%')) return null
  const bytes = ipaddr.parse(text).toByteArray()
  const number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  return bytes.length === 4 ? number + 0xffff_0000_0000n : number
}

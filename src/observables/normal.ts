import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import ipaddr from 'ipaddr.js'
import type { IndicatorType } from '../model/intelligence.ts'

export type Normal = { readonly type: IndicatorType; readonly value: string }

/** Longer ones are no identifiers but blobs; and an index of PostgreSQL takes 2,700 bytes in all. */
const normalBytesMax = 2_048

/** Types of observables that are told by another name here. */
const aliases: Readonly<Record<string, IndicatorType>> = { hostname: 'domain', ip: 'ipv4', file: 'filename' }
const hexLengths: Readonly<Partial<Record<IndicatorType, number>>> = {
  md5: 32,
  sha1: 40,
  sha256: 64,
  sha512: 128,
  imphash: 32,
  ja3: 32,
}
/** What is the same in capitals. Paths, keys and names of mutexes are of Windows nearly always. */
const caseless: ReadonlySet<IndicatorType> = new Set([
  'email',
  'filename',
  'filepath',
  'mutex',
  'regkey',
  'mac',
  'ja4',
  'eth',
])
const known: ReadonlySet<string> = new Set([
  ...[
    'ipv4',
    'ipv6',
    'cidr',
    'domain',
    'url',
    'email',
    'md5',
    'sha1',
    'sha256',
    'sha512',
    'ssdeep',
    'imphash',
    'ja3',
    'ja4',
  ],
  ...['filename', 'filepath', 'mutex', 'regkey', 'useragent', 'asn', 'mac', 'btc', 'eth', 'xmr'],
])

/**
 * One spelling for what is the same: what a list, an alert and a person write is compared by it. null for a type that is not compared, or
 * a value that is none of its type.
 */
export function normalOf(type: string, value: string): Normal | null {
  const text = value.trim()
  const named = aliases[type] ?? type
  if (text === '' || Buffer.byteLength(text) > normalBytesMax || !known.has(named)) return null
  const as = named as IndicatorType
  switch (as) {
    case 'ipv4':
    case 'ipv6':
    case 'cidr':
      return addressOf(text)
    case 'domain':
      return isIP(text) === 0 ? made('domain', domainOf(text)) : addressOf(text)
    case 'url':
      return made('url', urlOf(text))
    case 'asn':
      return made('asn', /^(?:as)?(\d{1,10})$/i.exec(text)?.[1] ?? null)
    default: {
      const length = hexLengths[as]
      if (length !== undefined)
        return made(as, text.length === length && /^[0-9a-f]+$/i.test(text) ? text.toLowerCase() : null)
      return made(as, caseless.has(as) ? text.toLowerCase() : text)
    }
  }
}

function made(type: IndicatorType, value: string | null): Normal | null {
  return value === null ? null : { type, value }
}

/** An address, or a network; a network of one address is that address. */
function addressOf(text: string): Normal | null {
  const [bare = '', bits] = text.split('/')
  if (isIP(bare) === 0 || bare.includes('%')) return null
  const address = ipaddr.process(bare)
  const whole = address.kind() === 'ipv4' ? 32 : 128
  const type = address.kind()
  if (bits === undefined) return { type, value: address.toString() }
  if (!/^\d{1,3}$/.test(bits) || isIP(bare) !== (type === 'ipv4' ? 4 : 6) || Number(bits) > whole) return null
  if (Number(bits) === whole) return { type, value: address.toString() }
  const network =
    type === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(`${bare}/${bits}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${bare}/${bits}`)
  return { type: 'cidr', value: `${network.toString()}/${bits}` }
}

function domainOf(text: string): string | null {
  const bare = text
    .toLowerCase()
    .replace(/^\*?\./, '')
    .replace(/\.$/, '')
  const ascii = /^[\x21-\x7e]+$/.test(bare) ? bare : domainToASCII(bare)
  return /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/.test(ascii) && ascii.length <= 253 ? ascii : null
}

function urlOf(text: string): string | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  if (url.host === '') return null
  url.hash = ''
  return Buffer.byteLength(url.href) > normalBytesMax ? null : url.href
}

/** The host that a URL is on: a domain or an address. null where it has none. */
export function hostOf(url: string): Normal | null {
  if (!URL.canParse(url)) return null
  return normalOf('domain', new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'))
}

import type { IndicatorType } from '../../model/intelligence.ts'
import { type Normal, normalOf } from '../../observables/normal.ts'
import type { Comparison, Observation, PathStep } from './stix-pattern.ts'

/** Observables any of which says the pattern holds, or why it cannot be said by one of them alone. */
export type Comparable =
  | { readonly ok: true; readonly any: readonly Normal[] }
  | { readonly ok: false; readonly why: string }

type Test = Extract<Comparison, { kind: 'test' }>

/**
 * What of a pattern can be compared with one observable: "any of these values". A pattern that needs several things at once, a part of a
 * value, an order or a count is more than that, and is told with what it needs. Of what must hold together about one file its digest is
 * enough: whoever has the digest has the file.
 */
export function comparableOf(pattern: Observation): Comparable {
  switch (pattern.kind) {
    case 'qualified':
      return { ok: false, why: `it counts or limits in time (${pattern.by.join(', ')})` }
    case 'and':
    case 'followed-by':
      return { ok: false, why: 'it needs several things to be observed' }
    case 'or':
      return anyOf(pattern.of.map(comparableOf))
    case 'one':
      return ofComparison(pattern.comparison)
  }
}

function anyOf(parts: readonly Comparable[]): Comparable {
  const wrong = parts.find((part) => !part.ok)
  return wrong ?? { ok: true, any: parts.flatMap((part) => (part.ok ? part.any : [])) }
}

function ofComparison(comparison: Comparison): Comparable {
  if (comparison.kind === 'test') return ofTest(comparison)
  return comparison.kind === 'or' ? anyOf(comparison.of.map(ofComparison)) : ofFile(comparison.of)
}

/** What may stand beside a file's digest without changing which file is meant. */
const besideDigest: ReadonlySet<string> = new Set(['name', 'size', 'mime_type', 'hashes'])

function ofFile(parts: readonly Comparison[]): Comparable {
  const tests = parts.flatMap((part) => (part.kind === 'test' ? [part] : []))
  const ofOneFile =
    tests.length === parts.length &&
    tests.every((test) => test.object === 'file' && !test.negated && besideDigest.has(String(test.path[0])))
  const digests = tests.filter((test) => test.path[0] === 'hashes')
  if (!ofOneFile || digests.length === 0) return { ok: false, why: 'it needs several properties together' }
  return anyOf(digests.map(ofTest))
}

function ofTest({ object, path, negated, operator, values }: Test): Comparable {
  const type = typeOf(object, path)
  const name = `${object}:${path.map((step) => (step === -1 ? '[*]' : step)).join('.')}`
  if (type === null) return { ok: false, why: `nothing here is compared with ${name}` }
  if (
    negated ||
    !isEquality(
      operator,
      type,
      values.map(({ text }) => text),
    )
  )
    return { ok: false, why: `it compares ${name} by ${negated ? 'NOT ' : ''}${operator}` }
  const any = values.flatMap(({ text }) => normalOf(type, text) ?? [])
  if (any.length < values.length) return { ok: false, why: `a value of ${name} is none of its kind` }
  return { ok: true, any }
}

function isEquality(operator: string, type: IndicatorType, values: readonly string[]): boolean {
  if (operator === '=' || operator === 'IN') return true
  // Of an address and a network, to be equal to it and to be in it is meant by the same people.
  if (operator === 'ISSUBSET') return type === 'ipv4' || type === 'ipv6'
  return operator === 'LIKE' && values.every((value) => !/[%_]/.test(value))
}

const simple: Readonly<Record<string, IndicatorType>> = {
  'ipv4-addr:value': 'ipv4',
  'ipv6-addr:value': 'ipv6',
  'domain-name:value': 'domain',
  'hostname:value': 'domain',
  'url:value': 'url',
  'email-addr:value': 'email',
  'email-message:from_ref.value': 'email',
  'email-message:sender_ref.value': 'email',
  'network-traffic:src_ref.value': 'domain',
  'network-traffic:dst_ref.value': 'domain',
  'file:name': 'filename',
  'windows-registry-key:key': 'regkey',
  'win-registry-key:key': 'regkey',
  'mutex:name': 'mutex',
  'autonomous-system:number': 'asn',
  'mac-addr:value': 'mac',
  'network-traffic:extensions.http-request-ext.request_header.User-Agent': 'useragent',
}
const digests: Readonly<Record<string, IndicatorType>> = {
  MD5: 'md5',
  SHA1: 'sha1',
  'SHA-1': 'sha1',
  SHA256: 'sha256',
  'SHA-256': 'sha256',
  SHA512: 'sha512',
  'SHA-512': 'sha512',
  SSDEEP: 'ssdeep',
  IMPHASH: 'imphash',
}

function typeOf(object: string, path: readonly PathStep[]): IndicatorType | null {
  const [first, second] = path
  if ((object === 'file' || object === 'x509-certificate') && first === 'hashes' && path.length === 2)
    return digests[String(second).toUpperCase()] ?? null
  return simple[`${object}:${path.join('.')}`] ?? null
}

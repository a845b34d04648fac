import { sha256Hex } from '../kit/digest.ts'
import type { EntityKind } from '../model/detection.ts'
import type { LogEvent } from '../model/lake.ts'

export type Entity = { readonly kind: EntityKind; readonly value: string }

/** The longest name that means something: a host's full name (RFC 1035) has 253. An index entry of PostgreSQL holds 2,700 bytes. */
export const nameCharactersMax = 255

/**
 * A name as titles, tickets and the record's index may hold it. Whoever writes a line chooses its names: a NUL, which PostgreSQL keeps in
 * no text, or 60,000 characters in one must not stop the rules for everybody. What cannot be seen becomes U+FFFD; a long name is cut, with
 * a digest of all of it, so that two of them stay two.
 */
export function plainName(text: string): string {
  const plain = text.toWellFormed().replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, '\ufffd')
  if (plain.length <= nameCharactersMax) return plain
  return `${plain.slice(0, nameCharactersMax - 20).toWellFormed()}… (${sha256Hex(text).slice(0, 12)})`
}

type Path = readonly [path: string, kind: EntityKind]
const host: Path = ['device.hostname', 'host']
const source: readonly Path[] = [
  ['src_endpoint.ip', 'address'],
  ['src_endpoint.hostname', 'host'],
]
const account: readonly Path[] = [
  ['user.name', 'account'],
  ['actor.user.name', 'account'],
]

/**
 * Whom an event is about. Of a connection it is who began it, since the device is only the firewall that saw it; of a sign-in or a call
 * of an interface it is the account, on its host where one is named ("root" is another one on every machine); of all else the host.
 */
export function entityOf(event: LogEvent): Entity {
  const { kind, value } = nameIn(event)
  return { kind, value: plainName(value) }
}

function nameIn(event: LogEvent): Entity {
  const family = Math.floor(event.class_uid / 1000)
  if (family === 4) return firstOf(event, [...source, ...account, host])
  if (family !== 3 && family !== 6) return firstOf(event, [host, ...account, ...source])
  const who = firstOf(event, [...account, ...source, host])
  const where = textAt(event, host[0])
  return who.kind === 'account' && where !== null
    ? { kind: 'account', value: `${who.value} on ${where.toLowerCase()}` }
    : who
}

function firstOf(event: LogEvent, order: readonly Path[]): Entity {
  for (const [path, kind] of order) {
    const value = textAt(event, path)
    if (value !== null) return { kind, value: value.toLowerCase() }
  }
  return { kind: 'none', value: '' }
}

/** The first text at a path; null where the event does not say it. */
export function textAt(event: LogEvent, path: string): string | null {
  const value = event.attributes[path]
  const first = Array.isArray(value) ? value[0] : value
  return first === undefined || first === '' ? null : String(first)
}

/** What all of these events say at a path, as a plain name; null where they differ or say nothing. */
export function sameIn(events: readonly LogEvent[], ...paths: readonly string[]): string | null {
  for (const path of paths) {
    const values = new Set(events.map((event) => textAt(event, path)))
    const [only] = values
    if (values.size === 1 && only !== undefined && only !== null) return plainName(only)
  }
  return null
}

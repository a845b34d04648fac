import type { Entry } from 'ldapts'

/** An attribute's first value as text; null where the entry has none. ldapts gives [] for none, a value for one, a list for many. */
export function one(entry: Entry, name: string): string | null {
  return all(entry, name)[0] ?? null
}

export function all(entry: Entry, name: string): readonly string[] {
  if (name === '') return []
  const values = [valueOf(entry, name)].flat()
  return values
    .map((value) => (Buffer.isBuffer(value) ? value.toString('utf8') : String(value)))
    .filter((value) => value !== '')
}

export function bytes(entry: Entry, name: string): Buffer | null {
  const value = [valueOf(entry, name)].flat()[0]
  return Buffer.isBuffer(value) && value.length > 0 ? value : null
}

/** Attribute names are the same in any case (RFC 4512, 2.5), and servers answer in their own. */
function valueOf(entry: Entry, name: string): Buffer | string | Buffer[] | string[] {
  const own = entry[name]
  if (own !== undefined && !(Array.isArray(own) && own.length === 0)) return own
  const lower = name.toLowerCase()
  const key = Object.keys(entry).find((one) => one.toLowerCase() === lower && one !== name)
  return key === undefined ? [] : (entry[key] ?? [])
}

/** 16 bytes as Windows writes them: the first three groups are little-endian. */
export function guidText(guid: Buffer): string {
  const hex = (from: number, to: number) => guid.subarray(from, to).toString('hex')
  const turned = (from: number, to: number) => Buffer.from(guid.subarray(from, to)).reverse().toString('hex')
  return `${turned(0, 4)}-${turned(4, 6)}-${turned(6, 8)}-${hex(8, 10)}-${hex(10, 16)}`
}

/** "S-1-5-21-...": [MS-DTYP] 2.4.2.2. Null for what is none. */
export function sidText(sid: Buffer): string | null {
  const count = sid[1] ?? 0
  if (sid.length !== 8 + count * 4 || count === 0) return null
  const parts = Array.from({ length: count }, (_, at) => sid.readUInt32LE(8 + at * 4))
  return `S-${sid[0]}-${sid.readUIntBE(2, 6)}-${parts.join('-')}`
}

/** The SID beside this one whose last part is `rid`: the group of the same domain. */
export function siblingSid(sid: Buffer, rid: number): Buffer {
  const sibling = Buffer.from(sid)
  sibling.writeUInt32LE(rid, sid.length - 4)
  return sibling
}

/** 100-ns ticks since 1601 ([MS-DTYP] 2.3.3); 0 and the largest number mean "never". */
export function filetime(text: string | null): string | null {
  if (text === null || !/^\d{1,19}$/.test(text)) return null
  const ticks = BigInt(text)
  if (ticks === 0n || ticks >= 0x7fffffffffffffffn) return null
  const ms = Number(ticks / 10_000n) - 11_644_473_600_000
  return isoOrNull(ms)
}

/** "20261102090000Z", "20261102090000.0Z", with an offset: RFC 4517, 3.3.13. */
export function generalizedTime(text: string | null): string | null {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:[.,]\d+)?(Z|[+-]\d{4})$/.exec(text ?? '')
  if (parts === null) return null
  const [, year, month, day, hour, minute = '00', second = '00', zone = 'Z'] = parts
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3)}`
  return isoOrNull(Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`))
}

/** Days since 1970 (shadowExpire, shadowLastChange; -1 and an empty text: never). */
export function dayCount(text: string | null): string | null {
  return text !== null && /^\d{1,6}$/.test(text) ? isoOrNull(Number(text) * 86_400_000) : null
}

function isoOrNull(ms: number): string | null {
  const at = new Date(ms)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}

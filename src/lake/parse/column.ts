import { type LakeColumnName, type lakeColumns, observableCharsMax } from '../../model/lake.ts'
import { toNumber } from './mapping.ts'

type Column = (typeof lakeColumns)[number]

/** Whole-number columns and the engine's type of each: schema/0001-events.sql. */
const numbers: Partial<Record<LakeColumnName, 'UInt8' | 'UInt16' | 'UInt32' | 'UInt64'>> = {
  class_uid: 'UInt32',
  severity_id: 'UInt8',
  src_endpoint_port: 'UInt16',
  dst_endpoint_port: 'UInt16',
  traffic_bytes_in: 'UInt64',
  traffic_bytes_out: 'UInt64',
  duration_ms: 'UInt64',
  process_pid: 'UInt32',
  http_status: 'UInt16',
}

/** A host or domain as it is compared: lower case, without the root's dot. */
export const host = (value: string): string => `trim(TRAILING '.' FROM lower(${value}))`

/** Digests of 32, 40, 56, 64, 96 or 128 hex digits, wherever they stand ("SHA256=..,MD5=.."). */
const hashes = (value: string): string =>
  `arrayDistinct(extractAll(lower(${value}), '\\\\b(?:[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{56}|[0-9a-f]{40}|[0-9a-f]{32})\\\\b'))`

/** Several values in one text: a JSON list, or parted by comma or semicolon. */
const several = (value: string): string =>
  `arrayMap(x -> substring(trim(BOTH ' ' FROM x), 1, ${observableCharsMax}), arrayFilter(x -> x NOT IN ('', '-'), if(startsWith(${value}, '['), JSONExtract(${value}, 'Array(String)'), splitByRegexp('[,;]', ${value}))))`

/** A whole number: "443", "443.0"; a process also "0x1bb", as Windows writes them. 0 for what is none or does not fit. */
function number(value: string, column: LakeColumnName, type: string): string {
  if (column === 'process_pid')
    return `if(startsWith(${value}, '0x'), reinterpretAsUInt32(reverse(unhex(substring(${value}, 3, 8)))), toUInt32OrZero(${value}))`
  if (type !== 'UInt64') return `to${type}OrZero(${value})`
  return `if(position(${value}, '.') > 0, ${toNumber(`toFloat64OrZero(${value})`)}, toUInt64OrZero(${value}))`
}

/** The text of a mapping as the value of its column: normalised, and of the column's type. */
export function asColumn(column: Column, value: string): string {
  const type = numbers[column.column]
  if (type !== undefined) return number(value, column.column, type)
  switch (column.kind) {
    case 'ip':
      return `toIPv6OrDefault(${value})`
    case 'host':
      return host(value)
    case 'hash':
      return hashes(value)
    default:
      return 'many' in column ? several(value) : value
  }
}

import type { Mapping } from '../../model/log-parser.ts'
import { firstOf, table, text } from './sql-text.ts'

/** Ways in which logs write "nothing here". */
const nothing = ['-', '(null)', '<null>', 'null', 'N/A', 'n/a', '(empty)']

/** Columns of the syslog header under the names that parsers know them by. */
const fromHeader: Readonly<Record<string, string>> = {
  '@host': 'host',
  '@app': 'app',
  '@pid': 'pid',
  '@msgid': 'msgid',
  '@body': 'body',
  '@peer': 'peer',
}

export type FieldOf = (name: string) => string

/** A field's text, or the syslog header's. */
export const valueOf =
  (field: FieldOf): FieldOf =>
  // Other names with an @ are fields ("@timestamp").
  (name) =>
    fromHeader[name] ?? field(name)

/** SQL of a mapping's value as text; '' when there is none. `asWritten` keeps what other columns take for "nothing" (a message "-"). */
export function mapped(
  mapping: Mapping,
  field: FieldOf,
  asWritten = false,
  once: (sql: string) => string = (sql) => sql,
): string {
  const plain = typeof mapping === 'string' || Array.isArray(mapping) ? { from: mapping } : mapping
  const names = typeof plain.from === 'string' ? [plain.from] : plain.from
  const meant = (value: string): string =>
    asWritten ? value : once(`if(${value} IN (${nothing.map(text).join(', ')}), '', ${value})`)
  const values = names.map((from) => meant(valueOf(field)(from)))
  if (!('values' in plain)) return values.length === 0 ? `''` : firstOf(values)
  let sql = values.length === 0 ? `''` : firstOf(values)
  if (plain.join !== undefined) sql = `arrayStringConcat(arrayRemove([${values.join(', ')}], ''), ${text(plain.join)})`
  if (plain.sum === true) sql = `toString(${toNumber(values.map((value) => `toFloat64OrZero(${value})`).join(' + '))})`
  if (plain.take !== undefined) sql = `extract(${sql}, ${text(plain.take)})`
  if (plain.times !== undefined)
    sql = `if(${sql} = '', '', toString(${toNumber(`toFloat64OrZero(${sql}) * ${plain.times}`)}))`
  const entries = Object.entries(plain.values).map(([from, to]) => [from.toLowerCase(), String(to)] as const)
  if (entries.length > 0) {
    const other = plain.unlisted === undefined ? sql : `if(${sql} = '', '', ${text(String(plain.unlisted))})`
    sql = table(`lower(${sql})`, entries, other)
  } else if (plain.unlisted !== undefined) sql = `if(${sql} = '', '', ${text(String(plain.unlisted))})`
  if (plain.otherwise === undefined) return sql
  return names.length === 0 ? text(String(plain.otherwise)) : firstOf([sql, text(String(plain.otherwise))])
}

/** The largest number that a Float64 holds exactly (2^53): beyond it a count is nonsense anyway. */
const numberMax = '9007199254740992.0'

/** A number that may be negative, too large or not a number, as one that a column holds. */
export const toNumber = (sql: string): string => `toUInt64(greatest(0, least(${numberMax}, ifNotFinite(${sql}, 0))))`

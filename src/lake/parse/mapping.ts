import type { Mapping } from '../../model/log-parser.ts'
import { firstOf, table, text } from './sql-text.ts'
import type { Step } from './taken.ts'

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

export const isOfHeader = (name: string): boolean => name in fromHeader

export type FieldOf = (name: string) => string

/** A field's text, or the syslog header's. */
export const valueOf =
  (field: FieldOf): FieldOf =>
  // Other names with an @ are fields ("@timestamp").
  (name) =>
    fromHeader[name] ?? field(name)

/**
 * Fields of a line that mappings read, as elements of one array: a reference is three nodes of a statement where the field itself, with
 * what stands for "nothing", is twenty. Planning was half of what a load cost.
 */
export type Cells = {
  /** `written`: as the line has it, for texts, where "-" is a text. */
  readonly cell: (sql: string, written: boolean) => string
  readonly layers: () => readonly (readonly Step[])[]
}

export function newCells(): Cells {
  const places = new Map<string, number>()
  return {
    cell: (sql, written) => {
      if (sql === `''`) return sql
      const place = places.get(sql) ?? places.size + 1
      places.set(sql, place)
      return `${written ? 'cells' : 'c'}[${place}]`
    },
    layers: () => {
      if (places.size === 0) return []
      const none = nothing.map(text).join(', ')
      return [
        [['cells', `[${[...places.keys()].join(', ')}]`]],
        [['c', `arrayMap(x -> if(x IN (${none}), '', x), cells)`]],
      ]
    },
  }
}

/** A mapping in two steps, so that a value that is used several times has a name of its own: `value`, and what is made of it. */
export type Mapped = { readonly value: string; readonly finish: ((value: string) => string) | null }

/** SQL of a mapping's value as text; '' when there is none. `cell` reads a field. */
export function mapped(mapping: Mapping, cell: FieldOf): Mapped {
  const plain = typeof mapping === 'string' || Array.isArray(mapping) ? { from: mapping } : mapping
  const names = typeof plain.from === 'string' ? [plain.from] : plain.from
  const values = names.map((from) => cell(from))
  const first = values.length === 0 ? `''` : firstOf(values)
  if (!('values' in plain)) return { value: first, finish: null }
  let value = first
  if (plain.join !== undefined)
    value = `arrayStringConcat(arrayRemove([${values.join(', ')}], ''), ${text(plain.join)})`
  if (plain.sum === true) value = `toString(${toNumber(values.map((part) => `toFloat64OrZero(${part})`).join(' + '))})`
  if (plain.take !== undefined) value = `extract(${value}, ${text(plain.take)})`
  const otherwise = plain.otherwise === undefined ? '' : String(plain.otherwise)
  if (names.length === 0) return { value: text(otherwise), finish: null }
  const entries = Object.entries(plain.values).map(
    ([from, to]) => [from.toLowerCase(), String(to) === '' ? otherwise : String(to)] as const,
  )
  const { times, unlisted } = plain
  if (times === undefined && unlisted === undefined && otherwise === '' && entries.length === 0)
    return { value, finish: null }
  return {
    value,
    finish: (of) => {
      const scaled = times === undefined ? of : `toString(${toNumber(`toFloat64OrZero(${of}) * ${times}`)})`
      const listed = unlisted === undefined ? scaled : text(String(unlisted) === '' ? otherwise : String(unlisted))
      if (listed === text(otherwise)) return table(`lower(${of})`, entries, listed)
      const other = listed === of && otherwise === '' ? of : `if(${of} = '', ${text(otherwise)}, ${listed})`
      return table(`lower(${of})`, entries, other)
    },
  }
}

/** The largest number that a Float64 holds exactly (2^53): beyond it a count is nonsense anyway. */
const numberMax = '9007199254740992.0'

/** A number that may be negative, too large or not a number, as one that a column holds. */
export const toNumber = (sql: string): string => `toUInt64(greatest(0, least(${numberMax}, ifNotFinite(${sql}, 0))))`

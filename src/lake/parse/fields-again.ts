import { createHash } from 'node:crypto'
import { Trouble } from '../../kit/errors.ts'
import { Split } from '../../model/log-parser.ts'
import { takenBy } from './split.ts'
import { groupsOf, text } from './sql-text.ts'
import { fieldsType, type Step } from './taken.ts'

/**
 * Fields of stored lines, taken out of the line again (docs/decisions/0015). A line keeps the id of its split, where its message begins,
 * and, for a split that needs it, the head of its file; table `splits` keeps what each id means.
 */

/**
 * Longer lines keep their fields: one of 1 MiB may have 260,000, which are some hundred MiB on the way, and everybody may send such lines.
 * No format has them (the longest we know are Windows events of 32 KiB).
 */
export const againBytesMax = 64 * 1024

/** Settings that a split is written for, of whatever statement reads fields. */
export const fieldsSettings = {
  splitby_max_substrings_includes_remaining_string: 1,
  regexp_max_matches_per_row: 10_000_000,
  extract_key_value_pairs_max_pairs_per_row: 10_000_000,
}

/** Lines that are taken apart at once: eight times as many, as the engine reads them by itself, were 640 MiB for two threads. */
export const fieldsBlockRows = 8_192

/** Splits by their ids. */
export type Splits = ReadonlyMap<string, Split>

/** Begins with the kind, which the search goes by (search/vendor-field.ts). */
export function splitId(split: Split): string {
  return `${split.kind}-${createHash('sha256').update(JSON.stringify(split)).digest('hex').slice(0, 16)}`
}

/** Rows of table `splits`. Throws Trouble('state.conflict') for one that this version does not know: a later one has written it. */
export function readSplits(rows: readonly { readonly id: string; readonly json: string }[]): Splits {
  return new Map(
    rows.map(({ id, json }) => {
      const split = Split.safeParse(JSON.parse(json))
      if (!split.success)
        throw new Trouble('state.conflict', { split: id, problem: 'these log lines were stored by a later version' })
      return [id, split.data]
    }),
  )
}

/** Can a line that is taken apart so have a field of this name? False is certain. */
export function canHave(split: Split, name: string): boolean {
  if (split.kind === 'regex') return split.patterns.some((pattern) => groupsOf(pattern).includes(name))
  if (split.kind !== 'csv' || split.header) return true
  return [split.names, ...Object.values(split.by?.names ?? {})].some((names) => names.includes(name))
}

/** Does this split read the head of a file? */
export const needsHeader = (split: Split): boolean => split.kind === 'csv' && split.header

/**
 * Layers as one expression: each becomes the arguments of a lambda around those above it. A view of layered SELECTs for each split would
 * read the table once for each; aliases within one expression are computed anew wherever short circuit puts them off.
 */
const bound = (layers: readonly (readonly Step[])[], result: string): string =>
  layers
    .filter((steps) => steps.length > 0)
    .reduceRight(
      (inner, steps) =>
        `arrayMap((${steps.map(([alias]) => alias).join(', ')}) -> ${inner}, ${steps.map(([, sql]) => `[${sql}]`).join(', ')})[1]`,
      result,
    )

/** The message, as `insert.ts` hands it to the split. */
const body = 'if(isValidUTF8(raw), substring(raw, body_at), toValidUTF8(substring(raw, body_at)))'

/** What table `events` is: everything that is stored of an event, its observables, and its fields. A condition on what is stored can follow. */
export const eventsSql = (splits: Splits): string =>
  `SELECT * EXCEPT (body_at, header, fields_kept, observables_kept), observables, ${fieldsSql(splits)} AS fields FROM stored_events`

/**
 * SQL of an event's fields over `stored_events`: Map(LowCardinality(String), String). Each split works on the lines that are its own and
 * on no others (a list of one or none), whatever the engine thinks of short circuit: 4.6 microseconds a line of a mix.
 */
function fieldsSql(splits: Splits): string {
  const ways = [...splits].map(([id, split]) => {
    const { layers, fields } = takenBy(split)
    return `arrayMap(body -> CAST(${bound(layers, fields)}, '${fieldsType}'), if(split = ${text(id)}, [${body}], []))`
  })
  if (ways.length === 0) return 'fields_kept'
  const again = ways.length === 1 ? ways[0] : `arrayConcat(${ways.join(', ')})`
  return `if(split = '', fields_kept, (${again})[1])`
}

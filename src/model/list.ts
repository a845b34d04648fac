import { z } from 'zod'
import type { Asset, Network, Person } from './context.ts'

/** The lists that only the customer has. */
export const ListNoun = z.enum(['assets', 'people', 'networks'])
export type ListNoun = z.infer<typeof ListNoun>

export type FactOf = { readonly assets: Asset; readonly people: Person; readonly networks: Network }

/** A cell that could not be taken. `row` counts as a spreadsheet does: the headings are row 1. `value` is shortened. */
export const Refusal = z.object({ row: z.int(), column: z.string(), problem: z.string(), value: z.string() })
export type Refusal = z.infer<typeof Refusal>

/** One row of a list: the fact it states, or what is wrong with it. */
export type RowRead<T> =
  | { readonly row: number; readonly fact: T }
  | { readonly row: number; readonly problems: readonly Refusal[] }

/** Which columns fill which field, by their headings as they stand in the file. */
export const Mapping = z.record(z.string(), z.array(z.string()))
export type Mapping = z.infer<typeof Mapping>

/** What an import came to. `rowsIn` = `taken` + `refusedRows`; nothing of the old list is lost when nothing was taken. */
export const ImportResult = z.object({
  batchId: z.uuid(),
  noun: ListNoun,
  source: z.string(),
  /** When the list was true (ISO 8601). */
  asOf: z.iso.datetime(),
  mapping: Mapping,
  rowsIn: z.int(),
  taken: z.int(),
  refusedRows: z.int(),
  /** The first problems; `refusedRows` counts all. */
  refused: z.array(Refusal),
  /** Rows of this source that were there before. */
  replaced: z.int(),
  dryRun: z.boolean(),
})
export type ImportResult = z.infer<typeof ImportResult>

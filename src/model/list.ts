import { z } from 'zod'
import type { CalendarEntry } from './calendar.ts'
import type { Asset, Lease, Network, Person } from './context.ts'

/** The lists that only the customer has. */
export const ListNoun = z.enum(['assets', 'people', 'networks', 'leases', 'calendar'])
export type ListNoun = z.infer<typeof ListNoun>

export type FactOf = {
  readonly assets: Asset
  readonly people: Person
  readonly networks: Network
  readonly leases: Lease
  readonly calendar: CalendarEntry
}

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

/** What an import changes of what its source said before; with the first few of each by name. */
export const Changes = z.object({
  added: z.int(),
  changed: z.int(),
  gone: z.int(),
  sample: z.array(z.object({ what: z.enum(['added', 'changed', 'gone']), name: z.string() })),
})
export type Changes = z.infer<typeof Changes>

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
  changes: Changes,
  dryRun: z.boolean(),
})
export type ImportResult = z.infer<typeof ImportResult>

import { z } from 'zod'

/** A record of the ledger as the pages show it: a sentence to read, and the entry as it stands. */
export const RecordWords = z.object({
  at: z.iso.datetime(),
  /** Whoever did it, by name. */
  by: z.string(),
  /** What it is about, by name: "A-12". */
  about: z.string(),
  /** What happened, to be read after the name: "released the answer to Northwind about A-12". */
  says: z.string(),
  kind: z.string(),
  actor: z.string(),
  subject: z.string(),
  body: z.record(z.string(), z.unknown()),
})
export type RecordWords = z.infer<typeof RecordWords>

import { z } from 'zod'

/** Name and version of the archive's format: a ustar archive, compressed with zstd. docs/operations.md describes it for people. */
export const backupFormat = 'counterfoil.backup/1'

const name = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/)
const count = z.int().nonnegative()
const digest = z.string().regex(/^[0-9a-f]{64}$/)

/** A path below the data folder: no way up, no way out. */
export const FolderPath = z
  .string()
  .max(80)
  .regex(/^[\w@+-][\w.@+-]*(\/[\w@+-][\w.@+-]*)*$/)
  .refine((path) => path !== 'postgres' && !path.startsWith('postgres/'))

/** First entry, `manifest.json`. Tables stand in an order in which each can be filled: what it refers to comes before it. */
export const Manifest = z.strictObject({
  format: z.literal(backupFormat),
  madeAt: z.iso.datetime(),
  postgres: z.string(),
  /** The migrations the database had, with their digests. */
  migrations: z.array(z.strictObject({ name: z.string(), sha256: digest })).min(1),
  tables: z.array(z.strictObject({ schema: name, name, columns: z.array(name).min(1) })).max(500),
})
export type Manifest = z.infer<typeof Manifest>
export type TableOf = Manifest['tables'][number]

/** Last entry, `end.json`: without it an archive is cut short. Digests are over the bytes of COPY in text format. */
export const End = z.strictObject({
  tables: z.array(z.strictObject({ schema: name, name, rows: count, sha256: digest })),
  sequences: z.array(
    z.strictObject({ schema: name, name, next: z.string().regex(/^-?\d{1,19}$/), isCalled: z.boolean() }),
  ),
  files: z.array(z.strictObject({ path: FolderPath, sha256: digest })),
})
export type End = z.infer<typeof End>

/** `tables/public.alert/000000`, `...000001`: the bytes of COPY, cut into pieces that a reader can hold. */
export function tableEntry(table: Pick<TableOf, 'schema' | 'name'>, piece: number): string {
  return `tables/${table.schema}.${table.name}/${String(piece).padStart(6, '0')}`
}

/** `copy` of exactly these columns, so that a later version with more of them can still read it. */
export function copyText(table: TableOf, direction: 'to stdout' | 'from stdin'): string {
  const quoted = table.columns.map((column) => `"${column}"`).join(', ')
  return `copy "${table.schema}"."${table.name}" (${quoted}) ${direction}`
}

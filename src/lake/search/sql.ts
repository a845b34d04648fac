import type { Engine } from '../engine/engine.ts'
import { searchTimeoutMsMax } from './look.ts'

/** Rows of typed SQL; who wants more asks for sums, or narrows it. */
export const sqlRowsMax = 100_000

/**
 * SQL that a person typed, as rows in batches. Read-only by the engine's own rules (no files, no network, nothing changed), and bounded
 * in time, memory and rows: Trouble('lake.too-costly') past them, 'lake.query' for what the engine cannot read.
 */
export function typedSql(
  engine: Engine,
  sql: string,
  options: { readonly signal?: AbortSignal; readonly rowsMax?: number } = {},
): AsyncIterable<readonly Readonly<Record<string, unknown>>[]> {
  return engine.batches(
    sql,
    {},
    {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      readOnly: true,
      rowsMax: Math.min(options.rowsMax ?? sqlRowsMax, sqlRowsMax),
      timeoutMs: searchTimeoutMsMax,
    },
  )
}

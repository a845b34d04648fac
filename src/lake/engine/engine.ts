/** Values bound into a statement as {name:Type}; never glued into its text. */
export type Params = Readonly<Record<string, string | number | boolean | Date | readonly (string | number)[]>>

/** What one statement may cost. Each has a default with a reason in the engine's own files. */
export type Bounds = {
  readonly signal?: AbortSignal
  /** Past this the statement is stopped, and where it does not stop, the engine's process is ended and begun again. */
  readonly timeoutMs?: number
  /** Rows in the result; one more is an error, not a cut. */
  readonly rowsMax?: number
  readonly memoryBytesMax?: number
  /** Refuses whatever changes anything, reads files, or asks the network: for SQL that a person typed. */
  readonly readOnly?: boolean
  /** Hears what `rows` read to answer, as far as the engine says it. */
  readonly onRead?: (read: { readonly rows: number; readonly bytes: number }) => void
  /** ClickHouse settings by name. */
  readonly settings?: Readonly<Record<string, string | number>>
}

/** ClickHouse, as a process of our own on this machine or as a cluster: the same SQL and the same client. */
export type Engine = {
  readonly where: 'embedded' | 'cluster'
  /** All rows of a SELECT (no FORMAT clause). 64-bit integers come as numbers where they fit, DateTime64 as ISO 8601 in UTC. */
  readonly rows: <Row>(sql: string, params?: Params, bounds?: Bounds) => Promise<readonly Row[]>
  /** The same, in batches as they come: for results that need not fit into memory. */
  readonly batches: <Row>(sql: string, params?: Params, bounds?: Bounds) => AsyncIterable<readonly Row[]>
  readonly command: (sql: string, params?: Params, bounds?: Bounds) => Promise<void>
  /**
   * A file of this machine into a table. `lines`: each line is column `raw`, without its end (LF or CRLF); empty ones are left out,
   * the others numbered from 0 as `line`. `records`: RowBinary of
   * the columns named. Constant columns (source, peer...) are bound. The embedded engine reads the file itself; a cluster is sent it.
   */
  readonly insertFile: (
    insert: {
      readonly table: string
      readonly path: string
      readonly format: 'lines' | 'records'
      readonly columns: readonly string[]
      readonly constants?: Params
    },
    bounds?: Bounds,
  ) => Promise<void>
  /** Gives the engine back: ends its process where it is ours, closes connections. */
  readonly close: () => Promise<void>
}

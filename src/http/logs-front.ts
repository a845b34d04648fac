import type {
  HuntResult,
  LakePage,
  LogAsk,
  LogContext,
  LogFacets,
  LogHistogram,
  LogSearchPage,
} from '../contract/logs.ts'
import type { LogSource, LogWindow } from '../model/lake.ts'

/**
 * What the lake does for the front; main/logs-front.ts passes it in. Every function throws Trouble: `lake.unreachable` while the engine
 * is away, `lake.query` with the place that cannot be read, `lake.too-costly` for what was stopped. Ending `signal` stops the work.
 */
export type LogsFront = {
  readonly search: (
    ask: LogAsk & { readonly limit: number; readonly after: string | null },
    signal: AbortSignal,
  ) => Promise<LogSearchPage>
  readonly histogram: (ask: LogAsk, signal: AbortSignal) => Promise<LogHistogram>
  readonly facets: (ask: LogAsk, signal: AbortSignal) => Promise<LogFacets>
  /** null: there is no such event (any more). */
  readonly context: (id: string, lines: number, signal: AbortSignal) => Promise<LogContext | null>
  readonly raw: (id: string, signal: AbortSignal) => Promise<Uint8Array | null>
  /** `list` is a file of indicators as it came (one a line, CSV, or running text). */
  readonly hunt: (list: Uint8Array, window: LogWindow | null, signal: AbortSignal) => Promise<HuntResult>
  /** Parsers by name, for the form of a source. */
  readonly parsers: () => readonly { readonly id: string; readonly title: string }[]
  readonly page: (signal: AbortSignal) => Promise<LakePage>
  readonly source: (id: string) => Promise<LogSource | null>
  readonly saveSource: (source: LogSource) => Promise<void>
}

import type { LogSource } from '../../model/lake.ts'
import type { LogParser, Split } from '../../model/log-parser.ts'
import type { Signature } from '../../parsers/log/signature.ts'
import { insertSql, insertUnreadSql } from './insert.ts'
import type { Zones } from './instant.ts'
import { createRecognised, recogniseSql } from './recognise.ts'

/** What of a source decides how its lines are read. */
export type SourceReading = Pick<LogSource, 'id' | 'parser' | 'timeZone'>

/**
 * SQL that turns staged lines into rows of `stored_events`. A load has three steps: its lines are staged (table `stage`, engine Memory, columns
 * line UInt32, source String, peer String, received DateTime64(3,'UTC'), header String, raw String); `recognise` fills a second Memory
 * table with what the syslog header said and which parser reads the line; one INSERT for each parser that is present makes rows of them.
 * `sources` are those of the load whose zone or parser is not the default; the others may be left out.
 */
export type LoadSql = {
  /** CREATE TABLE ... ENGINE = Memory for `recognised`. */
  readonly createRecognised: (recognised: string) => string
  /** INSERT INTO recognised SELECT ... FROM stage. */
  readonly recognise: (
    tables: { readonly stage: string; readonly recognised: string },
    sources?: readonly SourceReading[],
  ) => string
  /**
   * INSERT INTO `into` (a table with the columns of `stored_events`) SELECT ... FROM recognised WHERE parser = this one; '' is "no parser".
   * `load` is bound as {load:UInt64}.
   */
  readonly insert: (parserId: string, recognised: string, sources?: readonly SourceReading[], into?: string) => string
  /** How this parser takes lines apart; undefined: there is no such parser. */
  readonly splitOf: (parserId: string) => Split | undefined
}

/** The columns of a stage table, as CREATE TABLE wants them. */
export const stageColumns =
  "line UInt32, source String, peer String, received DateTime64(3, 'UTC'), header String, raw String"

/** `parsers` in any order; `signatures` in theirs: the first that fits names the product. */
export function loadSql(parsers: readonly LogParser[], signatures: readonly Signature[] = []): LoadSql {
  const inOrder = parsers.toSorted((a, b) => a.order - b.order || a.id.localeCompare(b.id, 'en'))
  const byId = new Map(inOrder.map((parser) => [parser.id, parser]))
  const zonesOf = (sources: readonly SourceReading[]): Zones =>
    sources.filter((source) => source.timeZone !== 'UTC').map((source) => [source.id, source.timeZone])
  return {
    createRecognised,
    recognise: (tables, sources = []) => {
      // A source may name a parser that is gone from the folder: its lines are recognised like any other's.
      const fixed = sources.flatMap(({ id, parser }) =>
        parser !== null && byId.has(parser) ? [[id, parser] as const] : [],
      )
      return recogniseSql(tables, inOrder, signatures, zonesOf(sources), fixed)
    },
    insert: (parserId, recognised, sources = [], into = 'stored_events') => {
      const parser = byId.get(parserId)
      return parser === undefined
        ? insertUnreadSql(into, parserId, recognised)
        : insertSql(into, parser, recognised, zonesOf(sources))
    },
    splitOf: (parserId) => byId.get(parserId)?.split,
  }
}

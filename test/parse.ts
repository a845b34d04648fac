import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Session } from 'chdb'
import type { Engine } from '../src/lake/engine/engine.ts'
import { standEventsView } from '../src/lake/engine/events-view.ts'
import { migrateLake } from '../src/lake/engine/migrate.ts'
import { eventsSql, fieldsSettings, splitId } from '../src/lake/parse/fields-again.ts'
import { loadSql, type SourceReading, stageColumns } from '../src/lake/parse/load-sql.ts'
import { lakeColumns } from '../src/model/lake.ts'
import type { LogParser } from '../src/model/log-parser.ts'
import type { Signature } from '../src/parsers/log/signature.ts'

/** What came of one line: columns of `recognised` and of `events`, as the engine writes them in JSON. */
export type ReadLine = {
  readonly header: Readonly<Record<string, string | number>>
  readonly event: Readonly<Record<string, unknown>>
}

export type LineToRead = {
  readonly line: string | Uint8Array
  readonly header?: string
  readonly source?: string
  readonly peer?: string
}

/** When the samples' lines are received: what a time without a year is read against. */
export const sampleReceived = '2026-11-23 12:00:00'

const hex = (value: string | Uint8Array): string => `unhex('${Buffer.from(value).toString('hex')}')`

/** The engine in this process, with the lake's tables: for tests of parsing, which need nothing else of a lake. `close` when done. */
export async function parseRig(
  parsers: readonly LogParser[],
  signatures: readonly Signature[] = [],
): Promise<{
  readonly read: (
    lines: readonly LineToRead[],
    options?: { received?: string; sources?: readonly SourceReading[] },
  ) => Promise<readonly ReadLine[]>
  readonly rows: (sql: string) => Promise<readonly Record<string, unknown>[]>
  readonly close: () => Promise<void>
}> {
  const folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-parse-'))
  const session = new Session(folder)
  const run = async (sql: string): Promise<string> => (await session.queryAsync(sql, { format: 'JSONEachRow' })).text()
  const rows = async (sql: string): Promise<readonly Record<string, unknown>[]> =>
    (await run(sql))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const asks: Pick<Engine, 'rows' | 'command'> = {
    rows: async <Row>(sql: string) => (await rows(sql)) as readonly Row[],
    command: async (sql, params = {}) => {
      await run(sql.replaceAll(/\{(\w+):String\}/g, (_, name: string) => hex(String(params[name]))))
    },
  }
  for (const [setting, value] of Object.entries(fieldsSettings)) await run(`SET ${setting} = ${value}`)
  await migrateLake(asks, 'embedded')
  await standEventsView(asks)
  // What the engine lets one statement have when the house gives it the default of 1 GiB.
  await run('SET max_memory_usage = 644245094')
  const sql = loadSql(parsers, signatures)
  let load = 0
  const read = async (
    lines: readonly LineToRead[],
    { received = sampleReceived, sources = [] }: { received?: string; sources?: readonly SourceReading[] } = {},
  ): Promise<readonly ReadLine[]> => {
    load += 1
    const stage = `stage_${load}`
    const recognised = `recognised_${load}`
    await run(`CREATE TABLE ${stage} (${stageColumns}) ENGINE = Memory`)
    const values = lines.map(
      ({ line, header = '', source = 'test', peer = '192.0.2.250' }, at) =>
        `(${at}, ${hex(source)}, ${hex(peer)}, '${received}', ${hex(header)}, ${hex(line)})`,
    )
    await run(`INSERT INTO ${stage} VALUES ${values.join(',\n')}`)
    await run(sql.createRecognised(recognised))
    await run(sql.recognise({ stage, recognised }, sources))
    const present = await rows(`SELECT DISTINCT parser FROM ${recognised} ORDER BY parser`)
    const splits = present.flatMap(({ parser }) => sql.splitOf(String(parser)) ?? [])
    for (const { parser } of present)
      await run(sql.insert(String(parser), recognised, sources).replace('{load:UInt64}', String(load)))
    const headers = await rows(`SELECT * EXCEPT raw FROM ${recognised} ORDER BY line`)
    const events = await rows(
      `SELECT * EXCEPT raw, hex(raw) AS raw_hex FROM (${eventsSql(new Map(splits.map((split) => [splitId(split), split])))}) WHERE load = ${load} ORDER BY line`,
    )
    await run(`DROP TABLE ${stage}`)
    await run(`DROP TABLE ${recognised}`)
    const byLine = new Map(events.map((event) => [event['line'], event]))
    return headers.map((header) => ({ header: header as ReadLine['header'], event: byLine.get(header['line']) ?? {} }))
  }
  return {
    read,
    rows,
    close: async () => {
      session.cleanup()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** An event's value by a path of `expect`: an OCSF path, "time", "class_uid", "fields.<name>", "observables". */
export function valueAt({ event }: ReadLine, place: string): string | number | readonly string[] {
  if (place.startsWith('fields.'))
    return (event['fields'] as Record<string, string>)[place.slice('fields.'.length)] ?? ''
  if (place === 'observables') return event['observables'] as string[]
  const column = lakeColumns.find((known) => known.ocsf === place)
  if (column === undefined) throw new Error(`no column is called ${place}`)
  const value = event[column.column] as string | number | string[]
  if (column.kind === 'ip') return value === '::' ? '' : String(value).replace(/^::ffff:(?=\d+\.)/, '')
  if (column.kind === 'time') return new Date(`${String(value).replace(' ', 'T')}Z`).toISOString()
  return value
}

import { createReadStream } from 'node:fs'
import path from 'node:path'
import { finished } from 'node:stream/promises'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { Engine } from './engine.ts'
import type { Statements } from './statements.ts'

/** Names of our own tables and columns; whatever else comes as one is a mistake of ours. */
const name = /^[a-z][a-z0-9_]{0,62}$/
/** What the engine's `file()` reads as a pattern, or as a file inside an archive. */
const pattern = /[*?{}]| :: /

/** LineAsString leaves the CR of a CRLF in the line (measured); NUL, backslashes and invalid UTF-8 come through as they are. */
const withoutCr = "if(endsWith(came, '\\r'), substring(came, 1, length(came) - 1), came)"

/**
 * A file into a table, in one block and in its order: one thread, no parallel parsing, so that `line` is the number of the line and the
 * insert can be deduplicated as a whole. The embedded engine opens the file itself (no byte passes through our process); a cluster is
 * sent it.
 */
export function insertFileOf(where: Engine['where'], statements: Statements): Engine['insertFile'] {
  const types = new Map<string, Map<string, string>>()
  const typesOf = async (table: string): Promise<Map<string, string>> => {
    const known = types.get(table)
    if (known !== undefined) return known
    const found = await statements.rows<{ name: string; type: string }>(
      'SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = {table:String}',
      { table },
    )
    return new Map(found.map((column) => [column.name, column.type]))
  }

  return async ({ table, path: file, format, columns, constants = {} }, bounds = {}) => {
    const types = await typesOf(table)
    const typeOf = (column: string): string => {
      const type = types.get(column)
      if (type === undefined || !name.test(column))
        throw new Trouble('internal', { table, column, problem: 'no such column' })
      return type
    }
    const fixed = Object.keys(constants)
    const held = format === 'lines' ? ['raw', ...(columns.includes('line') ? ['line'] : [])] : columns
    const into = [...held, ...fixed]
    const bound = fixed.map((column) => `{${column}:${typeOf(column)}} AS ${column}`)
    const recordStructure = columns.map((column) => `${column} ${typeOf(column)}`).join(', ')
    // A type may hold a quoted word itself: DateTime64(3, 'UTC').
    const structure = format === 'lines' ? 'came String' : recordStructure.replaceAll("'", "\\'")
    const taken = held.map((column) =>
      format === 'lines' && column === 'line' ? 'rowNumberInAllBlocks() AS line' : column,
    )
    const engineFormat = format === 'lines' ? 'LineAsString' : 'RowBinary'
    const settings = {
      max_threads: 1,
      max_insert_threads: 1,
      input_format_parallel_parsing: 0,
      // A line may be a megabyte: blocks are bounded by bytes, tables that need one block ask for it themselves.
      ...bounds.settings,
    }
    const absolute = path.resolve(file)
    if (where === 'embedded' && pattern.test(absolute))
      throw new Trouble('file.unreadable', {
        file,
        problem: 'its path holds a character that the engine reads as a pattern',
      })
    const from =
      where === 'embedded' ? `file({path_of_file:String}, ${engineFormat}, '${structure}')` : `input('${structure}')`
    if (!name.test(table)) throw new Trouble('internal', { table, problem: 'no such table' })
    const rows = format === 'lines' ? `(SELECT ${withoutCr} AS raw FROM ${from}) WHERE raw != ''` : from
    const sql = `INSERT INTO ${table} (${into.join(', ')}) SELECT ${[...taken, ...bound].join(', ')} FROM ${rows}`
    if (where === 'embedded') {
      await statements.command(sql, { ...constants, path_of_file: absolute }, { ...bounds, settings })
      return
    }
    const body = createReadStream(absolute)
    const opened = finished(body).catch((error: unknown) => {
      throw new Trouble('file.unreadable', { file, problem: wordsOf(error) }, error)
    })
    await Promise.all([
      statements.send(`${sql} FORMAT ${engineFormat}`, constants, body, { ...bounds, settings }),
      opened,
    ])
  }
}

import { Command, InvalidArgumentError } from 'commander'
import { csvLine } from '../../kit/csv.ts'
import { isTrouble } from '../../kit/errors.ts'
import type { Engine } from '../../lake/engine/engine.ts'
import { columnOf } from '../../lake/search/fields.ts'
import { search, searchEventsMax } from '../../lake/search/search.ts'
import { typedSql } from '../../lake/search/sql.ts'
import type { LogEvent } from '../../model/lake.ts'
import { type OutFile, outFile } from '../out-file.ts'
import { shownLines, shownText } from '../shown-text.ts'
import { readMoment, sayWhatWaits, table, withLake } from './reading.ts'

/** What is looked at where nobody says: an analyst's day. It is said out loud. */
const hoursDefault = 24
/** More is an export; `--json` and smaller times do that. */
const limitMax = 1_000_000

type Flags = {
  readonly from?: Date
  readonly to?: Date
  readonly limit: number
  readonly fields?: readonly string[]
  readonly json: boolean
  readonly csv: boolean
  readonly raw: boolean
  readonly sql: boolean
}

const examples = `
Words and "phrases" are looked for in the line, field:value in its fields; lists (a, b), stars, ranges 1..5, networks, > and <,
AND, OR, NOT and brackets: docs/lake-search.md.

Examples:
  counterfoil lake search 'failed password' --from -7d
  counterfoil lake search 'src:10.1.0.0/16 dst_port:(22, 3389) action:denied'
  counterfoil lake search 'observable:203.0.113.9' --from 2026-11-01 --fields time,src,dst,dst_port,action
  counterfoil lake search 'class:1007 process:powershell.exe cmd:*-enc*' --json | jq .raw
  counterfoil lake search --sql "SELECT source, count() FROM events WHERE time > now() - INTERVAL 1 DAY GROUP BY source"

Exit codes: 0 looked (also when nothing was found), 1 could not look, 2 the call was wrong.`

/** `counterfoil lake search 'EXPR'`. */
export function searchCommand(): Command {
  return new Command('search')
    .description(`Search the logs, newest first; the last ${hoursDefault} hours where no time is named.`)
    .argument('[query]', 'what to look for; left out: everything', '')
    .option('--from <time>', 'ISO 8601, or back from now: -24h, -7d', readMoment)
    .option('--to <time>', 'up to here; now where left out', readMoment)
    .option('--limit <count>', 'events at most', readLimit, 100)
    .option('--fields <names>', 'these fields, with tabs between them', (names) =>
      names.split(',').map((name) => name.trim()),
    )
    .option('--json', 'whole events, one JSON object a line', false)
    .option('--csv', 'comma-separated, with a header (with --sql or --fields)', false)
    .option('--raw', 'the lines as they came, and nothing else', false)
    .option('--sql', 'the query is SQL; it can only read, and is bounded in time, memory and rows', false)
    .addHelpText('after', examples)
    .action(searchAction)
}

function readLimit(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) throw new InvalidArgumentError(`1 to ${limitMax}`)
  return limit
}

async function searchAction(query: string, flags: Flags): Promise<void> {
  await withLake(async ({ engine, folder }) => {
    try {
      if (flags.sql) await printSql(engine, query, flags)
      else await printEvents(engine, query, flags)
      await sayWhatWaits(folder)
    } catch (error) {
      // The place, under the query: a long one is hard to count in.
      const character = isTrouble(error, 'lake.query') ? error.details['character'] : undefined
      if (typeof character === 'number') process.stderr.write(`${query}\n${' '.repeat(character - 1)}^\n`)
      throw error
    }
  })
}

async function printEvents(engine: Engine, query: string, flags: Flags): Promise<void> {
  const out = screenOrPipe()
  const to = flags.to ?? new Date()
  const from = flags.from ?? new Date(to.getTime() - hoursDefault * 3_600_000)
  if (flags.fields !== undefined && flags.csv) await out.write(csvLine(flags.fields))
  let count = 0
  let after: string | null = null
  do {
    const page = await search(engine, {
      ...{ query, from: from.toISOString(), to: to.toISOString(), after },
      limit: Math.min(flags.limit - count, searchEventsMax),
    })
    if (after === null) {
      for (const name of page.vendorFields) {
        process.stderr.write(
          `counterfoil: "${name}" is no field of ours; it was looked for among the names that vendors give\n`,
        )
      }
    }
    await out.write(page.events.map((event) => lineOf(event, flags)).join(''))
    count += page.events.length
    after = page.next
  } while (after !== null && count < flags.limit)
  const more = after === null ? '' : `; there are more (--limit)`
  const said =
    flags.from === undefined && flags.to === undefined ? ` (the last ${hoursDefault} hours: --from says otherwise)` : ''
  process.stderr.write(`counterfoil: ${count} events from ${from.toISOString()} to ${to.toISOString()}${said}${more}\n`)
}

/** A pipe gets the bytes as they are; of what goes to a terminal nothing acts, in whatever form it was asked for. */
function screenOrPipe(): Pick<OutFile, 'write'> {
  const out = outFile('-')
  if (!process.stdout.isTTY) return out
  return { write: (piece) => out.write(typeof piece === 'string' ? shownLines(piece) : piece) }
}

function lineOf(event: LogEvent, flags: Flags): string {
  if (flags.json) return `${JSON.stringify(event)}\n`
  if (flags.raw) return `${event.raw}\n`
  const { fields } = flags
  if (fields !== undefined) {
    const values = fields.map((name) => valueOf(event, name))
    return flags.csv ? csvLine(values) : `${values.map(shownText).join('\t')}\n`
  }
  return `${event.time}  ${event.source}  ${shownText(event.raw)}\n`
}

/** A field of an event as a text; "" where the line does not say. */
function valueOf(event: LogEvent, name: string): string {
  const own: Readonly<Record<string, string | number>> = {
    ...{ id: event.id, time: event.time, received: event.received, source: event.source, parser: event.parser },
    ...{ class_uid: event.class_uid, message: event.message, raw: event.raw },
  }
  const column = columnOf(name)
  const value = own[column?.column ?? name] ?? (column === undefined ? undefined : event.attributes[column.ocsf])
  if (value !== undefined) return Array.isArray(value) ? value.join(' ') : String(value)
  return event.fields[name.replace(/^fields\./, '')] ?? ''
}

async function printSql(engine: Engine, sql: string, flags: Flags): Promise<void> {
  const out = screenOrPipe()
  let isFirst = true
  for await (const batch of typedSql(engine, sql)) {
    await printBatch(out, batch, flags, isFirst)
    if (batch.length > 0) isFirst = false
  }
}

/** A table is as wide as its batch, so that rows appear while the engine still works. */
async function printBatch(
  out: Pick<OutFile, 'write'>,
  batch: readonly Readonly<Record<string, unknown>>[],
  flags: Flags,
  isFirst: boolean,
): Promise<void> {
  const [first] = batch
  if (first === undefined) return
  if (flags.json) return out.write(batch.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const names = Object.keys(first)
  const cells = batch.map((row) => names.map((name) => textOf(row[name])))
  if (flags.csv) return out.write([...(isFirst ? [names] : []), ...cells].map(csvLine).join(''))
  const text = table(
    names,
    cells.map((row) => row.map(shownText)),
  )
  return out.write(isFirst ? text : text.slice(text.indexOf('\n') + 1))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value)
}

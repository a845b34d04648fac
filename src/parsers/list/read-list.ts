import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import { Trouble } from '../../kit/errors.ts'
import type { FactOf, ListNoun, Mapping, RowRead } from '../../model/list.ts'
import { type Form, formOf } from './file.ts'
import { recordsOfIcs } from './ics.ts'
import { mapColumns, type Overrides } from './mapping.ts'
import { rowReader } from './rows.ts'
import { recordsOfXlsx } from './xlsx.ts'

/** What is looked at to tell encoding and delimiter; some thousand rows. */
const beginningBytes = 256 * 1024
/** The largest organisations have a few hundred thousand assets; beyond this it is the wrong file. */
const rowsMax = 2_000_000
/** One row; more is an open quote that swallows the rest of the file. */
const rowCharsMax = 128 * 1024
const headingsMax = 500

export type ListRead<N extends ListNoun> = {
  /** How the file is written; a workbook and a calendar say it themselves. */
  readonly form: Form | { readonly kind: 'xlsx' | 'ics' }
  readonly headings: readonly string[]
  readonly mapping: Mapping
  /** Headings that fill nothing. */
  readonly unused: readonly string[]
  /** Reads on as it is iterated; once. Throws Trouble('file.invalid') where the file itself is broken (an open quote). */
  readonly rows: AsyncIterable<RowRead<FactOf[N]>>
}

/**
 * Reads a list: encoding, delimiter and columns are found out from its beginning, then its rows flow one by one. Nothing is kept.
 * Throws Trouble('file.invalid') for a file without headings, or in which no column can be the name.
 */
export async function readList<N extends ListNoun>(
  noun: N,
  bytes: AsyncIterable<Uint8Array>,
  overrides: Overrides = {},
  {
    zone = 'UTC',
    now = new Date(0),
    lenient = false,
  }: { readonly zone?: string; readonly now?: Date; readonly lenient?: boolean } = {},
): Promise<ListRead<N>> {
  const source = bytes[Symbol.asyncIterator]()
  const beginning = await takeBeginning(source)
  if (beginning.length === 0) throw new Trouble('file.invalid', { problem: 'the file is empty' })
  const { form, records } = await opened(noun, beginning, source, { zone, now })
  const heading = await nextRecord(records)
  if (heading === null) throw new Trouble('file.invalid', { problem: 'the file has no row of headings' })
  const headings = heading.values.map((value) => value.trim())
  if (headings.length > headingsMax)
    throw new Trouble('input.too-large', { columns: headings.length, most: headingsMax })
  const { mapping, unused } = mapColumns(noun, headings, overrides, { lenient })
  return { form, headings, mapping, unused, rows: rowsOf(noun, mapping, headings, records, zone) }
}

/** A workbook or calendar is held whole: a ZIP file has its directory at its end. 100,000 assets are 8 MB. */
const wholeBytesMax = 128 * 1024 * 1024

type Opened = { readonly form: ListRead<ListNoun>['form']; readonly records: AsyncGenerator<Record> }

/** CSV, an XLSX workbook ("PK"), or for a calendar iCalendar. */
async function opened(
  noun: ListNoun,
  beginning: Uint8Array,
  source: AsyncIterator<Uint8Array>,
  { zone, now }: { readonly zone: string; readonly now: Date },
): Promise<Opened> {
  if (beginning[0] === 0x50 && beginning[1] === 0x4b && beginning[2] === 3 && beginning[3] === 4) {
    return { form: { kind: 'xlsx' }, records: recordsOfXlsx(await whole(beginning, source)) }
  }
  const form = formOf(beginning)
  if (
    noun === 'calendar' &&
    /^\uFEFF?\s*BEGIN:VCALENDAR/i.test(new TextDecoder(form.encoding).decode(beginning.subarray(0, 200)))
  ) {
    const text = new TextDecoder(form.encoding).decode(await whole(beginning, source))
    return { form: { kind: 'ics' }, records: recordsOfIcs(text, zone, now) }
  }
  return { form, records: recordsOf(textOf(form, beginning, source), form, rowCharsMax) }
}

async function whole(beginning: Uint8Array, source: AsyncIterator<Uint8Array>): Promise<Buffer> {
  const chunks = [beginning]
  let bytes = beginning.length
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    bytes += next.value.length
    if (bytes > wholeBytesMax) {
      await source.return?.()
      throw new Trouble('input.too-large', { bytes, most: wholeBytesMax })
    }
    chunks.push(next.value)
  }
  return Buffer.concat(chunks)
}

/** A row of a file, with its number as a spreadsheet counts it. */
export type Record = { readonly row: number; readonly values: readonly string[] }

async function* rowsOf<N extends ListNoun>(
  noun: N,
  mapping: Mapping,
  headings: readonly string[],
  records: AsyncGenerator<Record>,
  zone: string,
) {
  const read = rowReader(noun, mapping, headings, zone)
  let rows = 0
  for (let record = await nextRecord(records); record !== null; record = await nextRecord(records)) {
    if (record.values.every((value) => value.trim() === '')) continue
    rows += 1
    if (rows > rowsMax) throw new Trouble('input.too-large', { rows, most: rowsMax })
    yield read(record.row, record.values)
  }
}

/** Not `for await`: that would close the parser after the headings. */
export async function nextRecord(records: AsyncGenerator<Record>): Promise<Record | null> {
  try {
    const next = await records.next()
    return next.done === true ? null : next.value
  } catch (error) {
    if (error instanceof CsvError) throw new Trouble('file.invalid', { problem: csvProblem(error) }, error)
    throw error
  }
}

/** In words of a person at a spreadsheet: the parser's own name bytes and options. */
function csvProblem(error: CsvError): string {
  const line = 'lines' in error && typeof error.lines === 'number' ? `line ${error.lines}` : 'a line'
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return `${line} opens a quote that nothing closes: the file may have been cut short`
    case 'CSV_MAX_RECORD_SIZE':
      return `the row at ${line} is longer than ${rowCharsMax / 1024} KiB: a quote before it may not be closed, or it is no list`
    default:
      return error.message
  }
}

/** What encoding, delimiter and format are told from. */
export async function takeBeginning(source: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  while (bytes < beginningBytes) {
    const next = await source.next()
    if (next.done === true) break
    chunks.push(next.value)
    bytes += next.value.length
  }
  return Buffer.concat(chunks)
}

/** The decoded text, chunk by chunk, without byte order mark and without Excel's hint line. */
export async function* textOf(
  form: Form,
  beginning: Uint8Array,
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(form.encoding)
  const start = decoder.decode(beginning, { stream: true })
  try {
    yield form.skipLines === 0 ? start : start.slice(start.indexOf('\n') + 1)
    for (let next = await source.next(); next.done !== true; next = await source.next()) {
      yield decoder.decode(next.value, { stream: true })
    }
    yield decoder.decode()
  } finally {
    // Whoever stops early (a refused import) closes the file too.
    await source.return?.()
  }
}

/** Records with their row as a spreadsheet counts it. */
export async function* recordsOf(
  text: AsyncIterable<string>,
  form: Form,
  recordCharsMax: number,
): AsyncGenerator<Record> {
  const parser = parse({
    delimiter: form.delimiter,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    info: true,
    max_record_size: recordCharsMax,
  })
  const piped = pipeline(Readable.from(text), parser)
  // The iteration below throws the same error; this promise must not end the process meanwhile.
  piped.catch(() => undefined)
  for await (const one of parser as AsyncIterable<{
    info: { records: number; empty_lines: number }
    record: string[]
  }>) {
    yield { row: one.info.records + one.info.empty_lines + form.skipLines, values: one.record }
  }
}

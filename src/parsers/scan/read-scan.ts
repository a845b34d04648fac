import { Trouble } from '../../kit/errors.ts'
import { jsonObjectCutter } from '../../kit/json-objects.ts'
import type { ScanEvent, Scanner } from '../../model/vulnerability.ts'
import { type Form, formOf } from '../list/file.ts'
import { nextRecord, recordsOf, takeBeginning, textOf } from '../list/read-list.ts'
import { csvFormatOf, csvRowReader } from './csv.ts'
import { readDefenderRow } from './defender.ts'
import { Gathering } from './gather.ts'
import { nessusElements } from './nessus.ts'
import { nexposeElements } from './nexpose.ts'
import { nmapElements } from './nmap.ts'
import { openvasElements } from './openvas.ts'
import { qualysElements } from './qualys.ts'
import { type XmlElements, xmlReader } from './xml.ts'

/** One row of a scanner's CSV: what plugins print of installed software reaches some hundred KB. */
const rowCharsMax = 4 * 1024 * 1024
/** One object of a Defender export has a few KB. */
const objectCharsMax = 1024 * 1024
/** Rows above the headings (who made the report, when) that are passed over. */
const preambleRowsMax = 20
/** What the delimiter is told from: the headings and little more, since the texts below have signs of all kinds. */
const delimiterChars = 2_000
/** Rows after which their events are handed on. */
const rowsOfPiece = 1_000

type XmlFormat = {
  readonly id: string
  readonly scanner: Scanner
  readonly root: RegExp
  readonly elements: (out: Gathering) => XmlElements
}

const xmlFormats: readonly XmlFormat[] = [
  { id: 'nessus-xml', scanner: 'nessus', root: /<NessusClientData_v2[\s>]/, elements: nessusElements },
  { id: 'qualys-xml', scanner: 'qualys', root: /<ASSET_DATA_REPORT[\s>]/, elements: qualysElements },
  { id: 'nexpose-xml', scanner: 'nexpose', root: /<NexposeReport[\s>]/, elements: nexposeElements },
  { id: 'nmap-xml', scanner: 'nmap', root: /<nmaprun[\s>]/, elements: nmapElements },
  {
    id: 'openvas-xml',
    scanner: 'openvas',
    root: /<(?:report|get_reports_response|get_results_response)[\s>]/,
    elements: openvasElements,
  },
]

export type ScanRead = {
  readonly format: string
  readonly scanner: Scanner
  /** Reads on as it is iterated; once. Throws Trouble where the report is broken or ends in the middle. */
  readonly events: AsyncIterable<readonly ScanEvent[]>
}

/**
 * Reads a scanner's report. The format is told from its beginning, then its hosts, checks and sightings flow in pieces; nothing but the
 * ids of checks is kept, so that memory does not grow with the report. Throws Trouble('file.invalid') for what is no report that is known.
 */
export async function readScan(bytes: AsyncIterable<Uint8Array>): Promise<ScanRead> {
  const source = bytes[Symbol.asyncIterator]()
  const beginning = await takeBeginning(source)
  const form = formOf(beginning)
  const start = new TextDecoder(form.encoding).decode(beginning, { stream: true }).trimStart()
  const text = textOf(form, beginning, source)
  if (start.startsWith('<')) return readXml(start, text)
  if (start.startsWith('{') || start.startsWith('[')) return readJson(start, text)
  return readCsv(text, { ...form, delimiter: delimiterOf(start) })
}

/** The delimiter of which the beginning has most: the lines above the headings may have none. */
function delimiterOf(start: string): string {
  const beginning = start.slice(0, delimiterChars)
  const [most] = [',', ';', '\t'].toSorted((a, b) => beginning.split(b).length - beginning.split(a).length)
  return most ?? ','
}

function readXml(start: string, text: AsyncIterable<string>): ScanRead {
  const format = xmlFormats.find(({ root }) => root.test(start))
  if (format === undefined) throw unknownFormat('XML without the root of a report that is known')
  const out = new Gathering()
  const reader = xmlReader(format.elements(out))
  return { format: format.id, scanner: format.scanner, events: flowing(text, out, reader) }
}

function readJson(start: string, text: AsyncIterable<string>): ScanRead {
  if (!/"cveId"|"machineId"|"deviceId"/i.test(start))
    throw unknownFormat('JSON without the fields of a Defender export')
  const out = new Gathering()
  const cutter = jsonObjectCutter({
    depth: /^\{\s*"(?:@odata\.context|value)"/.test(start) ? 2 : 1,
    charsMax: objectCharsMax,
  })
  let read = 0
  const write = (piece: string): void => {
    for (const object of cutter.write(piece)) readDefenderRow(object, `object ${(read += 1)}`, out)
  }
  return { format: 'defender-json', scanner: 'defender', events: flowing(text, out, { write, end: cutter.end }) }
}

async function readCsv(text: AsyncIterable<string>, form: Form): Promise<ScanRead> {
  const records = recordsOf(text, form, rowCharsMax)
  for (let row = 0; row < preambleRowsMax; row += 1) {
    const record = await nextRecord(records)
    if (record === null) break
    const headings = record.values.map((value) => value.replace(/^\uFEFF/, ''))
    const format = csvFormatOf(headings)
    if (format === null) continue
    const out = new Gathering()
    const read = csvRowReader(format, headings, out)
    return { format: format.id, scanner: format.scanner, events: rows(records, read, out) }
  }
  await records.return(undefined)
  throw unknownFormat('no row has the headings of a scanner that is known')
}

async function* rows(
  records: Parameters<typeof nextRecord>[0],
  read: ReturnType<typeof csvRowReader>,
  out: Gathering,
): AsyncGenerator<readonly ScanEvent[]> {
  let waiting = 0
  for (let record = await nextRecord(records); record !== null; record = await nextRecord(records)) {
    if (record.values.every((value) => value.trim() === '')) continue
    read(record)
    waiting += 1
    if (waiting < rowsOfPiece) continue
    waiting = 0
    yield out.take()
  }
  yield out.take()
}

async function* flowing(
  text: AsyncIterable<string>,
  out: Gathering,
  reader: { readonly write: (piece: string) => void; readonly end: () => void },
): AsyncGenerator<readonly ScanEvent[]> {
  for await (const piece of text) {
    reader.write(piece)
    const events = out.take()
    if (events.length > 0) yield events
  }
  reader.end()
  yield out.take()
}

function unknownFormat(problem: string): Trouble {
  return new Trouble('file.invalid', {
    problem,
    known:
      'Nessus and Tenable (.nessus, CSV), Qualys (XML, CSV), OpenVAS (XML, CSV), Rapid7 (XML, CSV), Nmap (XML), Defender (JSON, CSV)',
  })
}

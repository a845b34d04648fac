import { Trouble } from '../../kit/errors.ts'
import { xmlReader } from '../scan/xml.ts'
import type { Record } from './read-list.ts'
import { type Part, partsOf } from './zip.ts'

/** Texts that cells share are held while the sheet is read: a million distinct names and addresses are some 60 MB. */
const sharedCharsMax = 256 * 1024 * 1024
/** Small parts (names of sheets, styles) of a workbook. */
const smallCharsMax = 16 * 1024 * 1024
/** Columns that a list may have; what stands further right is passed over. */
const columnsMax = 500
/** Days from 1 January 1904 to the day that the other calendar of Excel counts from. */
const days1904 = 1_462

/** The rows of the first visible sheet of an XLSX file, one after the other. Dates come as ISO 8601 without a zone. */
export async function* recordsOfXlsx(bytes: Buffer): AsyncGenerator<Record> {
  const parts = partsOf(bytes)
  const book = await bookOf(parts)
  const shared = await sharedTexts(parts.get('xl/sharedStrings.xml'))
  const isDate = await dateStyles(parts.get('xl/styles.xml'))
  const sheet = parts.get(book.sheet)
  if (sheet === undefined) throw noWorkbook('it has no sheet')
  const rows: Record[] = []
  const reader = sheetReader({ shared, isDate, is1904: book.is1904, row: (row) => rows.push(row) })
  for await (const text of textsOf(sheet)) {
    reader.write(text)
    yield* rows.splice(0)
  }
  reader.end()
  yield* rows
}

function noWorkbook(problem: string): Trouble {
  return new Trouble('file.invalid', { problem: `this is no XLSX workbook: ${problem}` })
}

async function* textsOf(part: Part, charsMax = Number.POSITIVE_INFINITY): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8')
  let chars = 0
  for await (const chunk of part.read()) {
    const text = decoder.decode(chunk, { stream: true })
    chars += text.length
    if (chars > charsMax) throw new Trouble('input.too-large', { part: part.name, most: charsMax })
    yield text
  }
}

type Opened = (name: string, attributes: Readonly<globalThis.Record<string, string>>, parent: string) => void

/** Reads a small part for its elements alone. */
async function elementsOf(part: Part | undefined, open: Opened): Promise<void> {
  if (part === undefined) return
  const reader = xmlReader({ texts: new Set(), open, close: () => undefined })
  for await (const text of textsOf(part, smallCharsMax)) reader.write(text)
  reader.end()
}

/** Where the first sheet that can be seen lies, and from which day its dates count. */
async function bookOf(parts: ReadonlyMap<string, Part>): Promise<{ readonly sheet: string; readonly is1904: boolean }> {
  if (!parts.has('xl/workbook.xml')) throw noWorkbook('it has no xl/workbook.xml')
  let id: string | null = null
  let is1904 = false
  await elementsOf(parts.get('xl/workbook.xml'), (name, attributes) => {
    if (name === 'workbookPr') is1904 = ['1', 'true'].includes(attributes['date1904'] ?? '')
    if (name === 'sheet' && id === null && (attributes['state'] ?? 'visible') === 'visible')
      id = attributes['r:id'] ?? null
  })
  let target = 'worksheets/sheet1.xml'
  await elementsOf(parts.get('xl/_rels/workbook.xml.rels'), (name, attributes) => {
    if (name === 'Relationship' && attributes['Id'] === id) target = attributes['Target'] ?? target
  })
  return { sheet: target.startsWith('/') ? target.slice(1) : `xl/${target}`, is1904 }
}

async function sharedTexts(part: Part | undefined): Promise<readonly string[]> {
  const texts: string[] = []
  if (part === undefined) return texts
  let current = ''
  const reader = xmlReader({
    texts: new Set(['t']),
    open: (name) => {
      if (name === 'si') current = ''
    },
    close: (name, text, parent) => {
      // How a word is pronounced stands beside it in Japanese workbooks, and is not the word.
      if (name === 't' && parent !== 'rPh') current += text
      if (name === 'si') texts.push(current)
    },
  })
  for await (const text of textsOf(part, sharedCharsMax)) reader.write(text)
  reader.end()
  return texts
}

/** Which styles of cells show a date (ECMA-376 part 1, 18.8.30): the built-in ones, and those whose format has a day, month, year or hour. */
async function dateStyles(part: Part | undefined): Promise<(style: string | undefined) => boolean> {
  const custom = new Map<string, boolean>()
  const styles: string[] = []
  await elementsOf(part, (name, attributes, parent) => {
    if (name === 'numFmt') {
      const bare = (attributes['formatCode'] ?? '').replaceAll(/"[^"]*"|\[[^\]]*\]|\\./g, '')
      custom.set(attributes['numFmtId'] ?? '', /[ymdhs]/i.test(bare))
    }
    if (name === 'xf' && parent === 'cellXfs') styles.push(attributes['numFmtId'] ?? '0')
  })
  return (style) => {
    const format = styles[Number(style ?? '-1')] ?? '0'
    const number = Number(format)
    const builtIn = (number >= 14 && number <= 22) || (number >= 27 && number <= 36) || (number >= 45 && number <= 58)
    return custom.get(format) ?? builtIn
  }
}

type Sheet = {
  readonly shared: readonly string[]
  readonly isDate: (style: string | undefined) => boolean
  readonly is1904: boolean
  readonly row: (row: Record) => void
}

function sheetReader({ shared, isDate, is1904, row }: Sheet): ReturnType<typeof xmlReader> {
  let values: string[] = []
  let number = 0
  let column = -1
  let cell: Readonly<globalThis.Record<string, string>> = {}
  let text = ''
  return xmlReader({
    texts: new Set(['v', 't']),
    open: (name, attributes) => {
      if (name === 'row') {
        values = []
        column = -1
        number = Number(attributes['r'] ?? number + 1)
      }
      if (name === 'c') {
        cell = attributes
        text = ''
        column = attributes['r'] === undefined ? column + 1 : columnOf(attributes['r'])
      }
    },
    close: (name, content, parent) => {
      if (name === 'v' || (name === 't' && parent !== 'rPh')) text += content
      if (name === 'c' && column >= 0 && column < columnsMax) {
        while (values.length < column) values.push('')
        values[column] = shownText(cell, text, { shared, isDate, is1904 })
      }
      if (name === 'row') row({ row: number, values })
    },
  })
}

/** "AB12" is column 27. */
function columnOf(reference: string): number {
  let column = 0
  for (const letter of /^[A-Z]{1,3}/.exec(reference)?.[0] ?? '') column = column * 26 + letter.charCodeAt(0) - 64
  return column - 1
}

function shownText(
  cell: Readonly<globalThis.Record<string, string>>,
  text: string,
  { shared, isDate, is1904 }: Omit<Sheet, 'row'>,
): string {
  switch (cell['t'] ?? 'n') {
    case 's':
      return shared[Number(text)] ?? ''
    case 'b':
      return text === '1' ? 'yes' : 'no'
    case 'n':
      if (text === '') return ''
      return isDate(cell['s']) ? dateText(Number(text), is1904) : numberText(text)
    default:
      return text
  }
}

function numberText(text: string): string {
  const number = Number(text)
  return Number.isSafeInteger(number) ? String(number) : text
}

/** Days since the end of 1899 as "2026-11-04 09:00:00"; a whole day as "2026-11-04". */
function dateText(serial: number, is1904: boolean): string {
  const days = serial + (is1904 ? days1904 : 0)
  const seconds = Math.round((days - 25_569) * 86_400)
  const at = new Date(seconds * 1_000)
  if (Number.isNaN(at.getTime())) return String(serial)
  const written = at.toISOString()
  return seconds % 86_400 === 0 ? written.slice(0, 10) : `${written.slice(0, 10)} ${written.slice(11, 19)}`
}

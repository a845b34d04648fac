import type { ObservableType } from '../model/observable.ts'

/** What the head of a table column says about the cells below. `opaque` is an id that only looks like a digest. */
export type Column = 'filename' | 'opaque' | 'version' | ObservableType
export type Cell = { start: number; end: number; column: Column }

const heads: readonly [RegExp, Column][] = [
  [/^(?:file ?names?|files?|name of (?:the )?file|original ?name)$/, 'filename'],
  [
    /^(?:session|session ?id|sid|flow|flow ?id|request ?id|trace ?id|span ?id|transaction ?id|correlation ?id|event ?id|message ?id|uuid|guid|id|nonce|token|cookie|etag|commit|serial|tenant|tenant ?id|row ?id|alert ?id|key|rc4 key|xor key|tlsh)$/,
    'opaque',
  ],
  [
    /^(?:version|versions|build|release|firmware|fixed in|affected versions?|installed version|fixed version)$/,
    'version',
  ],
  [/^imp ?hash$/, 'imphash'],
  [/^ja3s?(?: hash| fingerprint| digest)?$/, 'ja3'],
  [/^mutex(?: name)?$/, 'mutex'],
  [/^(?:user|user ?name|account|account ?name)$/, 'user'],
  [/^(?:host|host ?name|device|device ?name|computer|computer ?name|endpoint|machine|workstation)$/, 'hostname'],
]

/** A table has at most this many columns we look at; more are a dump and not a table. */
const columnsMax = 64

/**
 * The cells of pipe- and tab-separated tables whose column head says something, in the order of the text. The first row
 * after a line that is no row is the head.
 */
export function cellsOf(text: string): Cell[] {
  const cells = [...tableCells(text, '|'), ...tableCells(text, '\t')]
  return cells.sort((a, b) => a.start - b.start)
}

function tableCells(text: string, separator: string): Cell[] {
  const cells: Cell[] = []
  let head: (Column | undefined)[] | undefined
  let wanted = true
  // From separator to separator, so that the lines between tables cost nothing here.
  let next = 0
  for (let at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, next)) {
    let start = next
    let end = text.indexOf('\n', next)
    if (end >= 0 && end < at) {
      head = undefined
      start = text.lastIndexOf('\n', at) + 1
      end = text.indexOf('\n', at)
    }
    if (end < 0) end = text.length
    next = end + 1
    if (!isRow(text, start, at, separator)) {
      head = undefined
      continue
    }
    if (head !== undefined && !wanted) continue
    const bounds = split(text, start, end, separator)
    if (head === undefined) {
      head = bounds.map(([from, to]) => headOf(text.slice(from, to)))
      wanted = head.some((column) => column !== undefined)
    } else collect(bounds, head, cells)
  }
  return cells
}

function isRow(text: string, start: number, at: number, separator: string): boolean {
  // AsciiDoc fences its tables with `|===`; that line is no row.
  return separator === '\t' ? at > start : !text.startsWith('|==', start)
}

function split(text: string, start: number, end: number, separator: string): [number, number][] {
  const bounds: [number, number][] = []
  let from = text.startsWith(separator, start) ? start + 1 : start
  // Jira writes the row of heads with doubled separators.
  const step = separator === '|' && text.startsWith('||', start) ? 2 : 1
  if (step === 2) from++
  while (from <= end && bounds.length < columnsMax) {
    const at = text.indexOf(separator, from)
    const to = at < 0 || at > end ? end : at
    bounds.push([from, to])
    from = to + step
  }
  return bounds
}

function headOf(cell: string): Column | undefined {
  if (cell.length > 60) return undefined
  const name = cell
    .toLowerCase()
    .replace(/[*`"'_#]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return heads.find(([pattern]) => pattern.test(name))?.[1]
}

function collect(bounds: readonly [number, number][], head: readonly (Column | undefined)[], cells: Cell[]): void {
  for (const [k, [start, end]] of bounds.entries()) {
    const column = head[k]
    if (column !== undefined && end > start) cells.push({ start, end, column })
  }
}

/** A cell below "file name" without its mark-up, when it can be one: an extension of any kind, and no separators. */
export function filenameIn(text: string, cell: Cell): { start: number; end: number } | undefined {
  let { start, end } = cell
  while (start < end && isMarkup(text.charCodeAt(start))) start++
  while (end > start && isMarkup(text.charCodeAt(end - 1))) end--
  const name = text.slice(start, Math.min(end, start + 256))
  return end - start <= 255 && /^[\w$~({[\u00aa-\uffff][^\\/:*?"<>|\n\t]*\.[A-Za-z][A-Za-z0-9]{0,9}$/.test(name)
    ? { start, end }
    : undefined
}

/** Space, quotes, backticks and asterisks around the content of a cell. */
function isMarkup(code: number): boolean {
  return code <= 32 || code === 34 || code === 39 || code === 42 || code === 96 || code === 0xa0
}

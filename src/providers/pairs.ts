import type { Span } from '../model/observable.ts'
import { fieldOf, nameWords } from './field-words.ts'
import { trimmed } from './lines.ts'
import type { MarkedLine } from './quoted.ts'

/** A name and a value that stood together. `span` is the value's place; its text is `value` where the value is on one line. */
export type Pair = { readonly name: string; readonly value: string; readonly span: Span }

/** More pairs of one message are not kept: JSON incidents with all their entities have some hundreds. */
export const pairsMax = 1500
/** A name longer than this is a sentence with a colon in it. */
const nameCharactersMax = 52
/** A value over several lines is kept up to this many lines. */
const valueLinesMax = 40
const nameWordsMax = 6

type Cut = { readonly text: string; readonly start: number; readonly end: number }
type Draft = { name: string; start: number; end: number; indent: number; strong: boolean }

/** Reads the pairs of a part's lines: "Key: value", "Key = value", "Key<TAB>value", "| Key | Value |", "Key" over "value", headed tables. */
export function pairsOf(part: string, text: string, lines: readonly MarkedLine[]): readonly Pair[] {
  const pairs: Pair[] = []
  let header: readonly string[] | null = null
  let at = 0
  const push = (name: string, start: number, end: number) => {
    const place = trimmed(text, start, end)
    const value = text.slice(place.start, place.end)
    if (value !== '' && pairs.length < pairsMax) pairs.push({ name, value: unwrapped(value), span: { part, ...place } })
  }
  while (at < lines.length && pairs.length < pairsMax) {
    const line = lines[at] as MarkedLine
    const cells = cellsOf(text, line)
    if (cells.length >= 2) {
      const read = readRow(cells, header)
      header = read.header
      for (const pair of read.pairs) push(pair.name, pair.start, pair.end)
      at += 1
      continue
    }
    if (!isTableRule(line.text)) header = null
    const drafts = readLine(text, line)
    const last = drafts.at(-1)
    if (last === undefined) {
      at += 1
      continue
    }
    const end = last.end > last.start ? continued(lines, at, last) : below(text, lines, at, last)
    for (const draft of drafts.slice(0, -1)) push(draft.name, draft.start, draft.end)
    if (end.value !== null) push(last.name, end.value.start, end.value.end)
    at = Math.max(at + 1, end.next)
  }
  return pairs
}

/** One value per line break: a wrapped value reads as one sentence, a list keeps its lines. */
function unwrapped(value: string): string {
  return value.includes('\n') ? value.replaceAll(/[ \t]*\r?\n[ \t]*/g, '\n') : value
}

function isTableRule(text: string): boolean {
  return /^[\s|+:=_-]+$/.test(text) && text.trim() !== ''
}

/** The cells of a table's row: TAB (HTML turned into text), or pipes (markdown, Jira, box drawing). Empty for what is no row. */
function cellsOf(text: string, line: MarkedLine): readonly Cut[] {
  if (line.text.length > 8000) return []
  const tabs = line.text.trim().includes('\t')
  const piped = /^\s*[|│║].*[|│║]\s*$/.test(line.text)
  if (!tabs && !piped) return []
  if (piped && isTableRule(line.text)) return []
  const divider = tabs ? /\t+/g : /[|│║]+/g
  const cells: Cut[] = []
  let from = 0
  for (const hit of [...line.text.matchAll(divider), { index: line.text.length, 0: '' }]) {
    const place = trimmed(text, line.start + from, line.start + hit.index)
    if (place.end > place.start) cells.push({ text: text.slice(place.start, place.end), ...place })
    else if (from > 0 && hit.index < line.text.length && tabs) cells.push({ text: '', ...place })
    from = hit.index + hit[0].length
  }
  return cells
}

function cellName(cell: string): string {
  return cell.replaceAll(/^[*_`\s]+|[*_`\s:：=.]+$/g, '')
}

function isName(text: string): boolean {
  return text.length <= nameCharactersMax && /^[\p{L}#]/u.test(text) && text.split(/\s+/).length <= nameWordsMax
}

/** Words that head the two columns of a table of names and values. */
const columnHeads = new Set([
  'field',
  'value',
  'name',
  'property',
  'attribute',
  'key',
  'item',
  'feld',
  'wert',
  'eigenschaft',
  'champ',
  'valeur',
  'campo',
  'valor',
  'detail',
  'details',
])

function isHead(cell: string): boolean {
  const name = cellName(cell)
  return isName(name) && !/[\d@\\]/.test(name) && (fieldOf(name) !== null || columnHeads.has(nameWords(name)))
}

type Row = {
  readonly header: readonly string[] | null
  readonly pairs: readonly { name: string; start: number; end: number }[]
}

function readRow(cells: readonly Cut[], header: readonly string[] | null): Row {
  const texts = cells.filter((cell) => cell.text !== '')
  const heads = texts.filter((cell) => isHead(cell.text)).length
  const allHeads = heads === texts.length && texts.every((cell) => !/[:：]$/.test(cell.text))
  // "Host  User" is a head; "Status  Details" could be a pair, so two columns need a table of heads only, three a majority.
  if (
    header === null &&
    ((allHeads && texts.length >= 2) ||
      (texts.length >= 3 &&
        heads >= 2 &&
        heads * 3 >= texts.length * 2 &&
        texts.every((c) => c.text.length < 40 && !/\d/.test(c.text))))
  ) {
    const names = cells.map((cell) => cellName(cell.text))
    return { header: names.every((name) => columnHeads.has(nameWords(name))) ? null : names, pairs: [] }
  }
  if (
    header !== null &&
    cells.length >= 2 &&
    Math.abs(header.length - cells.length) <= 1 &&
    !(cells.length === 2 && /[:：]$/.test(cells[0]?.text ?? ''))
  ) {
    const pairs = cells.flatMap((cell, index) => {
      const name = header[index]
      return name === undefined || cell.text === '' ? [] : [{ name, start: cell.start, end: cell.end }]
    })
    return { header, pairs }
  }
  return { header: null, pairs: sidewise(cells) }
}

/** Name, value, name, value... in one row; or a name and everything behind it. */
function sidewise(cells: readonly Cut[]): Row['pairs'] {
  const texts = cells.filter((cell) => cell.text !== '')
  const even = texts.length % 2 === 0
  const named = texts.filter((cell, index) => index % 2 === 0 && (isHead(cell.text) || /[:：]$/.test(cell.text)))
  if (texts.length > 2 && even && named.length * 2 === texts.length) {
    return named.map((cell) => {
      const value = texts[texts.indexOf(cell) + 1] as Cut
      return { name: cellName(cell.text), start: value.start, end: value.end }
    })
  }
  const first = texts[0]
  const second = texts[1]
  const last = texts.at(-1)
  if (first === undefined || second === undefined || last === undefined || !isName(cellName(first.text))) return []
  if (texts.length > 2 && fieldOf(cellName(first.text)) === null) return []
  return [{ name: cellName(first.text), start: second.start, end: texts.length === 2 ? second.end : last.end }]
}

const bullet = /^[\s>]*(?:[-*•·–▪‣o]\s+|\d{1,2}[.)]\s+|#{1,4}\s+|h[1-6]\.\s+)?/u

/** The pairs of a plain line. A pair without value has `start === end`. */
function readLine(text: string, line: MarkedLine): Draft[] {
  if (line.text.trim() === '' || line.text.length > 20_000) return []
  const lead = bullet.exec(line.text)?.[0].length ?? 0
  const indent = line.text.length - line.text.trimStart().length
  const first = nameAt(line.text, lead)
  if (first === null) return / [|•] /.test(line.text) ? segments(text, line) : nameOnly(line, lead, indent)
  if (first.equals) {
    const many = equalsPairs(line)
    if (many.length > 1) return many
  }
  const drafts: Draft[] = [
    {
      name: first.name,
      start: line.start + first.valueAt,
      end: line.end,
      indent,
      strong: fieldOf(first.name) !== null,
    },
  ]
  return splitFurther(text, drafts, line)
}

/** "Incident 4711 | Brute force | Severity: High": every piece by itself. */
function segments(text: string, line: MarkedLine): Draft[] {
  let start = line.start
  return line.text.split(/( [|•] )/).flatMap((piece, index) => {
    const from = start
    start += piece.length
    if (index % 2 === 1 || piece.trim() === '') return []
    return readLine(text, { text: piece, start: from, end: from + piece.length, role: line.role }).filter(
      (draft) => draft.end > draft.start,
    )
  })
}

type Named = { readonly name: string; readonly valueAt: number; readonly equals: boolean }

/** The name that begins at `from`, if a delimiter follows it. */
function nameAt(text: string, from: number): Named | null {
  const window = text.slice(from, from + nameCharactersMax + 40)
  const match =
    /^(\**_{0,2}`?)([\p{L}#][\p{L}\p{N} _./#()&'’°º-]*?)\s*[.·…]{0,40}\s*(`?_{0,2}\**)\s*(:|：|=|→|->)(\**_{0,2})(?=(.?))/u.exec(
      window,
    )
  if (match !== null) {
    const name = (match[2] ?? '').trim().replaceAll(/[\s.]+$/g, '')
    const next = match[6] ?? ''
    const delimiter = match[4] ?? ''
    const url = delimiter === ':' && (next === '/' || next === '\\')
    const number = delimiter === ':' && /\d$/.test(name) && /\d/.test(next)
    // "C:\..." and "10:30" are no names; nor is a word that runs on ("std::string").
    if (!url && !number && next !== ':' && isName(name))
      return { name, valueAt: from + match[0].length, equals: delimiter === '=' }
  }
  const loose = /^\**([\p{L}][\p{L}\p{N} _./#'’-]*?)\**(?:\s+[-–—]\s+|\s*\.{3,}\s*|\s{2,})(?=\S)/u.exec(window)
  const name = (loose?.[1] ?? '').trim()
  if (loose === null || fieldOf(name) === null || !isName(name)) return null
  // "Alert - ..." as a heading is a title and reads as such; "Host - x" needs a value.
  return { name, valueAt: from + loose[0].length, equals: false }
}

function equalsPairs(line: MarkedLine): Draft[] {
  const drafts: Draft[] = []
  for (const match of line.text.matchAll(
    /(?:^|[\s,;|])([A-Za-z][\w.-]{0,40})=("[^"]{0,500}"|'[^']{0,500}'|[^\s,;|]*)/g,
  )) {
    const name = match[1] ?? ''
    const raw = match[2] ?? ''
    const quote = /^["']/.test(raw) ? 1 : 0
    const start = line.start + match.index + match[0].length - raw.length
    drafts.push({
      name,
      start: start + quote,
      end: start + raw.length - quote,
      indent: 0,
      strong: fieldOf(name) !== null,
    })
    if (drafts.length > 100) break
  }
  return drafts
}

/** "Severity: High   Host: X | User: y": cuts where a further known name with a colon follows. */
function splitFurther(text: string, drafts: Draft[], line: MarkedLine): Draft[] {
  const first = drafts[0] as Draft
  if (line.text.length > 1200) return drafts
  const value = text.slice(first.start, first.end)
  const cuts: { name: string; from: number; to: number }[] = []
  for (const match of value.matchAll(
    /(?:^|[\s|;,•·])([\p{L}][\p{L}\p{N}_./-]*(?: [\p{L}\p{N}_./#-]+){0,3}?) ?[:=]\s*(?![/\\])/gu,
  )) {
    const name = match[1] ?? ''
    if (
      fieldOf(name) === null &&
      !(first.strong && /\s{2,}|[|;•]/.test(value.slice(Math.max(0, match.index - 2), match.index + 1)))
    )
      continue
    cuts.push({ name, from: first.start + match.index, to: first.start + match.index + match[0].length })
  }
  if (cuts.length === 0) return drafts
  const ends = [...cuts.map((cut) => cut.from), first.end]
  const strip = (end: number, start: number) => {
    let to = end
    while (to > start && /[\s|;,•·]/.test(text[to - 1] ?? '')) to -= 1
    return to
  }
  const all: Draft[] = [{ ...first, end: strip(ends[0] ?? first.end, first.start) }]
  cuts.forEach((cut, index) => {
    all.push({
      name: cut.name,
      start: cut.to,
      end: strip(ends[index + 1] ?? first.end, cut.to),
      indent: first.indent,
      strong: true,
    })
  })
  return all
}

/** A known name alone on its line (lay-outs with the value below). */
function nameOnly(line: MarkedLine, lead: number, indent: number): Draft[] {
  const name = cellName(line.text.slice(lead))
  if (!isName(name) || name.split(/\s+/).length > 4 || fieldOf(name) === null) return []
  return [{ name, start: line.end, end: line.end, indent, strong: true }]
}

type Ending = { readonly value: { start: number; end: number } | null; readonly next: number }

/** Fields whose value is prose and may run over several lines. */
function isProse(name: string): boolean {
  const field = fieldOf(name)?.field
  return field === 'summary' || field === 'question'
}

function startsPair(line: MarkedLine): boolean {
  const lead = bullet.exec(line.text)?.[0].length ?? 0
  const name = nameAt(line.text, lead)
  if (name !== null) return fieldOf(name.name) !== null || name.name.split(' ').length <= 3
  return line.text.includes('\t') || /^\s*[|{[]/.test(line.text)
}

/** A value that goes on below: indented deeper than its name, or prose up to the next blank line. */
function continued(lines: readonly MarkedLine[], at: number, draft: Draft): Ending {
  let end = draft.end
  let next = at + 1
  const role = lines[at]?.role
  const prose = isProse(draft.name)
  while (next < lines.length && next < at + valueLinesMax) {
    const line = lines[next] as MarkedLine
    const blank = line.text.trim() === ''
    const indent = line.text.length - line.text.trimStart().length
    if (blank || line.role !== role || startsPair(line) || isTableRule(line.text)) break
    if (!prose && indent <= draft.indent + 1) break
    end = line.end
    next += 1
  }
  return { value: { start: draft.start, end }, next }
}

/** The value of a name that stands alone: the lines below it, up to a blank line or the next name. */
function below(text: string, lines: readonly MarkedLine[], at: number, draft: Draft): Ending {
  const role = lines[at]?.role
  let next = at + 1
  while (next < lines.length && next <= at + 2 && (lines[next]?.text.trim() ?? '') === '') next += 1
  const first = lines[next]
  if (first === undefined || first.role !== role || first.text.trim() === '' || next > at + 2)
    return { value: null, next: at + 1 }
  if (!draft.strong && next > at + 1) return { value: null, next: at + 1 }
  if (startsPair(first) || readLine(text, first).length > 0 || isTableRule(first.text))
    return { value: null, next: at + 1 }
  let end = first.end
  const start = first.start
  next += 1
  const prose = isProse(draft.name)
  while (prose && next < lines.length && next < at + valueLinesMax) {
    const line = lines[next] as MarkedLine
    if (line.text.trim() === '' || line.role !== role || startsPair(line) || readLine(text, line).length > 0) break
    end = line.end
    next += 1
  }
  return { value: { start, end }, next }
}

import type { Letter, TextPart } from '../model/letter.ts'
import type { Provider } from '../model/provider.ts'
import { fieldOf } from './field-words.ts'
import { type JsonNode, jsonPairs, readJsonText } from './json-text.ts'
import { linesOf } from './lines.ts'
import { type Pair, pairsOf } from './pairs.ts'
import { type InnerHead, type MarkedLine, markLines } from './quoted.ts'
import type { Reader } from './reader.ts'
import { type Subject, subjectOf } from './subject.ts'

/** A text part as the readers see it. `lines` are all lines with their roles; `pairs` come from the content only. */
export type Page = {
  readonly part: string
  readonly type: string
  readonly text: string
  readonly lines: readonly MarkedLine[]
  readonly pairs: readonly Pair[]
  readonly json: JsonNode | null
  readonly attachment: boolean
}

/** What a reader may know. Who sent it is known (`provider`) or not. */
export type ReadContext = {
  readonly provider: Provider | null
  readonly receivedAt: string
  /** Readers that people of this house taught; they come first. */
  readonly taught?: readonly Reader[]
}

/** A letter laid out for reading: the right one of two alternatives, history and footers marked, pairs and JSON found. */
export type Matter = ReadContext & {
  readonly letter: Letter
  readonly subject: Subject
  /** Bodies first, then text attachments. Without the subject. */
  readonly pages: readonly Page[]
  readonly pairs: readonly Pair[]
  readonly json: JsonNode | null
  /** The head of the mail inside, where this mail carries or answers one. */
  readonly inner: InnerHead | null
}

/** Parts beyond these are not read: no alert mail has more, and each costs time. */
const pagesMax = 20
/** Characters of a part that are read. Raw logs in the text go beyond it only in mails made to be slow. */
const pageCharactersMax = 400_000

/** The lines that are content: written for this mail, or carried on by it. */
export function contentLines(page: Page): readonly MarkedLine[] {
  return page.lines.filter((line) => line.role === 'own' || line.role === 'forwarded')
}

/** The content as one text, for looking at words only (its offsets mean nothing). */
export function contentText(page: Page): string {
  return contentLines(page)
    .map((line) => line.text)
    .join('\n')
}

function isJsonType(part: TextPart): boolean {
  return /[/+]json\b/i.test(part.type) || /^\s*[{[]/.test(part.text)
}

/** JSON in the text: all of it, or a block that begins on a line of its own. */
function jsonIn(
  text: string,
  part: string,
  lines: readonly MarkedLine[],
): { readonly node: JsonNode; readonly start: number; readonly end: number } | null {
  const whole = /^\s*[{[]/.test(text) ? readJsonText(text, part) : null
  if (whole !== null) return { node: whole, start: 0, end: text.length }
  const opening = lines.find((line) => line.role !== 'quoted' && /^\s*(?:\{|\[\s*(?:\{|$))/.test(line.text))
  if (opening === undefined) return null
  const closings = lines
    .filter((line) => line.start >= opening.start && line.role !== 'quoted' && /[}\]]\s*;?\s*$/.test(line.text))
    .slice(-400)
    .reverse()
  // From the last closing brace backwards; four tries find the block with a greeting or a footer behind it.
  for (const closing of closings.slice(0, 4)) {
    const end = closing.start + closing.text.trimEnd().replace(/;$/, '').length
    const node = readJsonText(text.slice(opening.start, end), part, opening.start)
    if (node !== null) return { node, start: opening.start, end }
  }
  return null
}

function pageOf(part: TextPart, forward: boolean): { readonly page: Page; readonly inner: InnerHead | null } {
  const text = part.text.length > pageCharactersMax ? part.text.slice(0, pageCharactersMax) : part.text
  const attachment = part.path.startsWith('attachment:')
  const marked = attachment
    ? { lines: linesOf(text).map((line) => ({ ...line, role: 'own' as const })), inner: null }
    : markLines(linesOf(text), forward)
  const json = isJsonType(part) || text.includes('{') ? jsonIn(text, part.path, marked.lines) : null
  const plain = marked.lines.filter(
    (line) =>
      (line.role === 'own' || line.role === 'forwarded') &&
      !(json !== null && line.start >= json.start && line.end <= json.end),
  )
  const pairs = [...pairsOf(part.path, text, plain), ...(json === null ? [] : jsonPairs(json.node))]
  return {
    page: { part: part.path, type: part.type, text, lines: marked.lines, pairs, json: json?.node ?? null, attachment },
    inner: marked.inner,
  }
}

/** How much a page tells: distinct fields of ours, then whether it has any text at all. */
function weight(page: Page): number {
  const fields = new Set(page.pairs.flatMap((pair) => fieldOf(pair.name)?.field ?? []))
  return fields.size * 10 + Math.min(9, Math.floor(contentText(page).trim().length / 60))
}

function parentOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : ''
}

/** Of text/plain and text/html side by side one is read: the one that tells more, the plain one where both tell the same. */
function withoutDoubles(pages: readonly Page[]): readonly Page[] {
  return pages.filter((page) => {
    if (page.attachment || !/^text\/(?:plain|html)$/i.test(page.type)) return true
    const other = pages.find(
      (one) =>
        one !== page &&
        !one.attachment &&
        one.type !== page.type &&
        /^text\/(?:plain|html)$/i.test(one.type) &&
        parentOf(one.part) === parentOf(page.part),
    )
    if (other === undefined) return true
    const mine = weight(page)
    const theirs = weight(other)
    return page.type.toLowerCase() === 'text/plain' ? mine >= theirs : mine > theirs
  })
}

/** Lays a letter out for the readers. Pure. */
export function matterOf(letter: Letter, context: ReadContext): Matter {
  const subject = subjectOf(letter.subject)
  const parts = letter.parts.filter((part) => part.path !== 'subject' && part.text.trim() !== '').slice(0, pagesMax)
  const laid = parts.map((part) => pageOf(part, subject.forward))
  const pages = [...withoutDoubles(laid.map(({ page }) => page))].sort(
    (a, b) => Number(a.attachment) - Number(b.attachment),
  )
  return {
    ...context,
    letter,
    subject,
    pages,
    pairs: pages.flatMap((page) => page.pairs),
    json: pages.find((page) => page.json !== null)?.json ?? null,
    inner: laid.find(({ page, inner }) => inner !== null && pages.includes(page))?.inner ?? null,
  }
}

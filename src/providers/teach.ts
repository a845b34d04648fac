import type { Field, Severity } from '../model/alert.ts'
import type { Span } from '../model/observable.ts'
import { type Anchor, ReaderDescription, type ReadField } from '../model/reader.ts'
import { readAnchor } from './anchors.ts'
import { readDescribed, readerOf, whyNot } from './described.ts'
import { nameWords } from './field-words.ts'
import type { JsonNode } from './json-text.ts'
import { contentLines, type Matter } from './matter.ts'
import { sureEnough } from './reader.ts'

/** A place in a message that a person marked, and what it is. */
export type Mark = Span & { readonly field: ReadField; readonly means?: Severity | undefined }

/** Other mails that are looked at while an anchor is chosen; the test after it looks at more. */
const othersMax = 20
/** Ways to say one place that are tried. */
const candidatesMax = 40
/** A line that stands above a value as its name is short. */
const nameCharactersMax = 60

type Cut = { readonly after?: string; readonly until?: string }

/** Runs of letters and digits, and what is between them. */
const piecesOf = (text: string): readonly string[] => text.match(/[\p{L}\p{N}]+|[^\p{L}\p{N}]+/gu) ?? []

/** Ways to cut a stretch out of its text by the words around it, the shortest first. `from` and `to` are without space at their ends. */
function cutsOf(text: string, from: number, to: number): readonly Cut[] {
  const before = text.slice(0, from)
  const behind = text.slice(to)
  const lead = piecesOf(before)
  const tail = piecesOf(behind)
  const starts: (string | undefined)[] = before.trim() === '' ? [undefined] : []
  for (let count = 1; count <= 3 && count <= lead.length; count += 1) {
    const words = lead.slice(-count).join('')
    if (words.trim() !== '' && words.length <= 120) starts.push(words)
  }
  const ends: (string | undefined)[] = behind.trim() === '' ? [undefined] : []
  for (let count = 1; count <= 2 && count <= tail.length; count += 1) {
    const words = tail.slice(0, count).join('')
    if (words.trim() !== '' && words.length <= 120) ends.push(words)
  }
  return starts.flatMap((after) =>
    ends.map((until) => ({ ...(after === undefined ? {} : { after }), ...(until === undefined ? {} : { until }) })),
  )
}

/** The path of the JSON value that holds a place; null where none does. */
function pathTo(node: JsonNode | null, span: Span): { readonly path: string; readonly span: Span } | null {
  if (node === null || node.span.start > span.start || node.span.end < span.end) return null
  if (node.kind === 'value') return { path: '', span: node.span }
  const members: readonly (readonly [string, JsonNode])[] =
    node.kind === 'object' ? [...node.members] : node.items.map((item, index) => [String(index), item])
  for (const [name, member] of members) {
    const found = pathTo(member, span)
    if (found !== null) return { path: found.path === '' ? name : `${name}.${found.path}`, span: found.span }
  }
  return null
}

const textOf = (matter: Matter, part: string): string =>
  part === 'subject' ? matter.letter.subject : (matter.pages.find((page) => page.part === part)?.text ?? '')

function jsonAnchors(matter: Matter, mark: Span): readonly Anchor[] {
  const found = matter.json?.span.part === mark.part ? pathTo(matter.json, mark) : null
  if (found === null) return []
  const text = textOf(matter, mark.part).slice(found.span.start, found.span.end)
  const cuts = cutsOf(text, mark.start - found.span.start, mark.end - found.span.start)
  return [{ json: found.path }, ...cuts.map((cut) => ({ json: found.path, ...cut }))]
}

function labelAnchors(matter: Matter, mark: Span): readonly Anchor[] {
  const holding = matter.pairs
    .filter(({ span }) => span.part === mark.part && span.start <= mark.start && span.end >= mark.end)
    .toSorted((a, b) => a.span.end - a.span.start - (b.span.end - b.span.start))
  return holding.slice(0, 3).flatMap((pair): readonly Anchor[] => {
    const same = matter.pairs.filter((one) => nameWords(one.name) === nameWords(pair.name))
    const nth = same.indexOf(pair)
    if (nth > 9 || pair.name.length > 120 || nameWords(pair.name) === '') return []
    const label = { label: pair.name, ...(nth === 0 ? {} : { nth }) }
    const text = textOf(matter, mark.part).slice(pair.span.start, pair.span.end).split('\n')[0] ?? ''
    const cuts = cutsOf(text, mark.start - pair.span.start, mark.end - pair.span.start)
    return [label, ...cuts.map((cut) => ({ ...label, ...cut }))]
  })
}

function lineAnchors(matter: Matter, mark: Span): readonly Anchor[] {
  if (mark.part === 'subject') {
    const { core, at } = matter.subject
    return cutsOf(core, mark.start - at, mark.end - at).map((cut) => ({ in: 'subject' as const, ...cut }))
  }
  const page = matter.pages.find((one) => one.part === mark.part)
  const lines = page === undefined ? [] : contentLines(page).filter(({ text }) => text.trim() !== '')
  const index = lines.findIndex((line) => line.start <= mark.start && line.end >= mark.end)
  const line = lines[index]
  if (line === undefined) return []
  const cuts = cutsOf(line.text, mark.start - line.start, mark.end - line.start)
  const above = lines[index - 1]?.text.trim() ?? ''
  const named = above.length > 0 && above.length <= nameCharactersMax && nameWords(above) !== ''
  const inside = cuts.flatMap((cut) =>
    cut.after === undefined ? [] : [{ in: 'body' as const, ...cut, after: cut.after }],
  )
  const isWord = ({ after }: { readonly after: string }): boolean => /\p{L}{2}/u.test(after)
  return [
    // A value that begins its line is told by the line above; one within a sentence by the words before it, signs alone last.
    ...(named ? cuts.filter(({ after }) => after === undefined).map((cut) => ({ below: above, ...cut })) : []),
    ...inside.filter(isWord),
    ...inside.filter((one) => !isWord(one)),
  ]
}

const samePlace = (field: Field | null, mark: Span): boolean =>
  field?.span?.part === mark.part && field.span.start === mark.start && field.span.end === mark.end

/**
 * How a marked place can be found again: of all ways that find just this place here, the one that finds something fitting in most of
 * the other mails; of two the simpler one. Null where no way finds it.
 */
function anchorOf(
  matter: Matter,
  mark: Mark,
  others: readonly Matter[],
  description: ReaderDescription,
): Anchor | null {
  const here = [...jsonAnchors(matter, mark), ...labelAnchors(matter, mark), ...lineAnchors(matter, mark)]
    .filter((anchor) => samePlace(readAnchor(matter, anchor), mark))
    .slice(0, candidatesMax)
  const fits = (anchor: Anchor, other: Matter): boolean => {
    const field = readAnchor(other, anchor)
    return field !== null && whyNot(description, other, mark.field, field) === null
  }
  const scored = here.map((anchor) => ({ anchor, score: others.filter((other) => fits(anchor, other)).length }))
  return (
    scored.reduce<{ anchor: Anchor; score: number } | null>(
      (best, one) => (best === null || one.score > best.score ? one : best),
      null,
    )?.anchor ?? null
  )
}

/** The place without space and punctuation that a hand takes along; null where nothing is left. */
function tidied(matter: Matter, mark: Mark): Mark | null {
  const text = textOf(matter, mark.part).slice(mark.start, mark.end)
  const lead = /^[\s*_`"'“”„«»]*/.exec(text)?.[0].length ?? 0
  const tail = /[\s*_`"'“”„«»]*$/.exec(text.slice(lead))?.[0].length ?? 0
  const tidy = { ...mark, start: mark.start + lead, end: mark.end - tail }
  return tidy.end > tidy.start ? tidy : null
}

export type Derived = {
  readonly description: ReaderDescription
  /** What could not be made an anchor of, and why. */
  readonly problems: readonly { readonly field: ReadField; readonly why: string }[]
}

/** What a message must have to be this reader's: the names of the thing, where they are marked. */
function needsOf(fields: readonly ReadField[]): ReadField[] {
  const telling = fields.filter((name) => name === 'ticket' || name === 'rule' || name === 'title')
  return telling.length > 0 ? telling : [...fields]
}

/** Makes a reader of the places that a person marked in one message. `others` are other messages of the same sender, newest first. Pure. */
export function deriveReader(
  matter: Matter,
  marks: readonly Mark[],
  others: readonly Matter[],
  named: {
    readonly id: string
    readonly title: string
    readonly from: readonly string[]
    readonly provider: string | null
  },
): Derived {
  const means = marks.flatMap((mark) =>
    mark.field === 'severity' && mark.means !== undefined
      ? [[textOf(matter, mark.part).slice(mark.start, mark.end).trim(), mark.means] as const]
      : [],
  )
  const base = ReaderDescription.parse({
    ...{ reader: 1, id: named.id, title: named.title, from: [...named.from] },
    ...(named.provider === null ? {} : { provider: named.provider }),
    severities: Object.fromEntries(means.filter(([word]) => word !== '' && word.length <= 40)),
  })
  const fields: Partial<Record<ReadField, Anchor>> = {}
  const problems: { field: ReadField; why: string }[] = []
  for (const mark of marks) {
    const tidy = tidied(matter, mark)
    const anchor = tidy === null ? null : anchorOf(matter, tidy, others.slice(0, othersMax), base)
    if (anchor === null) {
      problems.push({ field: mark.field, why: 'nothing around this place says where it is; mark it in another place' })
      continue
    }
    fields[mark.field] = anchor
    const field = readAnchor(matter, anchor)
    const wrong = field === null ? null : whyNot(base, matter, mark.field, field)
    if (wrong !== null) problems.push({ field: mark.field, why: wrong })
  }
  const found = Object.keys(fields) as ReadField[]
  return { description: { ...base, fields, needs: needsOf(found) }, problems }
}

/** An anchor in words, for the sentence that says what was not found. */
function anchorWords(anchor: Anchor): string {
  if ('label' in anchor) return `nothing beside “${anchor.label}”`
  if ('json' in anchor) return `no value at ${anchor.json}`
  if ('below' in anchor) return `no line “${anchor.below}” with one below it`
  const words = [anchor.after, anchor.until].filter((one) => one !== undefined).map((one) => `“${one}”`)
  const place = anchor.in === 'subject' ? 'the subject' : 'the text'
  return words.length === 0 ? `nothing in ${place} fits` : `${place} does not have ${words.join(' … ')}`
}

export type Tried = {
  readonly green: boolean
  /** It is this reader's, even where a field that it does not need is missing. */
  readonly own: boolean
  readonly fields: Readonly<Partial<Record<ReadField, Field>>>
  readonly why: readonly { readonly field: ReadField; readonly why: string }[]
}

/** What a description makes of a message: green where it is this reader's and every field is there; else what is not, and why. Pure. */
export function tryReader(description: ReaderDescription, matter: Matter): Tried {
  const fields = readDescribed(description, matter)
  const why = (Object.entries(description.fields) as [ReadField, Anchor | Anchor[]][]).flatMap(([field, anchors]) => {
    if (fields[field] !== undefined) return []
    const list = [anchors].flat()
    const found = list.map((anchor) => readAnchor(matter, anchor)).find((one) => one !== null)
    const wrong = found === undefined ? null : whyNot(description, matter, field, found)
    return [{ field, why: wrong ?? anchorWords(list[0] as Anchor) }]
  })
  const own = readerOf(description).recognise(matter) >= sureEnough
  return { green: own && why.length === 0, own, fields, why }
}

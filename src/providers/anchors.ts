import { RE2JS } from 're2js'
import type { Field } from '../model/alert.ts'
import type { Anchor } from '../model/reader.ts'
import { nameWords, saysNothing } from './field-words.ts'
import type { JsonNode } from './json-text.ts'
import { trimmed } from './lines.ts'
import { contentLines, type Matter } from './matter.ts'

/** What a pattern is tried on: re2js is linear, and slow enough that a megabyte would be seconds. */
const patternCharactersMax = 4000
/** Lines of a text in which an anchor is looked for: what stands further down is raw logs. */
const anchorLinesMax = 400
/** A longer line carries no field. */
const lineCharactersMax = 4000
/** JSON is not followed deeper; `json-text.ts` reads none that is deeper. */
const stepsMax = 40

type Stretch = { readonly text: string; readonly part: string; readonly start: number; readonly end: number }
export type Cut = {
  readonly after?: string | undefined
  readonly until?: string | undefined
  readonly take?: string | undefined
}

/** Patterns of descriptions; there are as many as descriptions have, and each is compiled once. */
const patterns = new Map<string, RE2JS>()
const patternsMax = 1000

/** Throws what RE2 says of a pattern that it does not take. */
export function patternOf(text: string): RE2JS {
  const known = patterns.get(text) ?? RE2JS.compile(text)
  if (patterns.size < patternsMax) patterns.set(text, known)
  return known
}

/** The stretch as a field, without space and decoration around it; null where nothing is left. Its text is the message's own. */
function fieldOfStretch({ text, part, start, end }: Stretch): Field | null {
  let place = trimmed(text, 0, text.length)
  const inner = text.slice(place.start, place.end)
  const lead = /^[*_`"'“”„«»]+/.exec(inner)?.[0].length ?? 0
  const tail = /[*_`"'“”„«»]+$/.exec(inner.slice(lead))?.[0].length ?? 0
  place = trimmed(text, place.start + lead, place.end - tail)
  const value = text.slice(place.start, place.end)
  if (value === '' || saysNothing(value)) return null
  // Where the text is not what stands there letter by letter (a JSON string with escapes), the whole is the place.
  const exact = text.length === end - start
  return { value, span: { part, start: exact ? start + place.start : start, end: exact ? start + place.end : end } }
}

function part(stretch: Stretch, from: number, to: number): Stretch {
  const exact = stretch.text.length === stretch.end - stretch.start
  return {
    ...stretch,
    text: stretch.text.slice(from, to),
    // A part of what is not there letter by letter keeps the place of the whole; its length then says that it is not exact.
    start: exact ? stretch.start + from : stretch.start,
    end: exact ? stretch.start + to : stretch.end,
  }
}

/** What of a stretch is meant; null where its words are not in it. */
export function cutOut(stretch: Stretch, { after, until, take }: Cut): Stretch | null {
  let cut = stretch
  if (after !== undefined) {
    const at = cut.text.indexOf(after)
    if (at < 0) return null
    cut = part(cut, at + after.length, cut.text.length)
  }
  if (until !== undefined) {
    const lead = cut.text.length - cut.text.trimStart().length
    const at = cut.text.indexOf(until, lead)
    if (at < 0) return null
    cut = part(cut, 0, at)
  }
  if (take === undefined) return cut
  const matcher = patternOf(take).matcher(cut.text.slice(0, patternCharactersMax))
  if (!matcher.find()) return null
  const group = matcher.groupCount() > 0 ? 1 : 0
  const from = matcher.start(group)
  return from < 0 ? null : part(cut, from, matcher.end(group))
}

function bodies(matter: Matter) {
  return matter.pages.filter((page) => !page.attachment)
}

/** Lines of the texts in which anchors are looked for, each as a stretch. */
function* lines(matter: Matter): Generator<Stretch> {
  for (const page of bodies(matter)) {
    let seen = 0
    for (const line of contentLines(page)) {
      seen += 1
      if (seen > anchorLinesMax) break
      if (line.text.length > lineCharactersMax) continue
      yield { text: line.text, part: page.part, start: line.start, end: line.end }
    }
  }
}

function subjectStretch(matter: Matter): Stretch {
  const { core, at } = matter.subject
  return { text: core, part: 'subject', start: at, end: at + core.length }
}

function atLabel(matter: Matter, label: string, nth: number): Stretch | null {
  const wanted = nameWords(label)
  const pair = matter.pairs.filter((one) => nameWords(one.name) === wanted)[nth]
  if (pair === undefined) return null
  const text = pair.value.split('\n')[0] ?? ''
  const whole = pair.value.length === pair.span.end - pair.span.start
  const isFirstLine = whole || pair.value.includes('\n')
  return { text, ...pair.span, end: isFirstLine ? pair.span.start + text.length : pair.span.end }
}

function below(matter: Matter, words: string): Stretch | null {
  const wanted = nameWords(words)
  let found = false
  for (const line of lines(matter)) {
    if (found && line.text.trim() !== '') return line
    if (nameWords(line.text) === wanted) found = true
  }
  return null
}

/** The first line (or the subject) in which the anchor's own words stand, cut. */
function inLines(matter: Matter, where: 'subject' | 'body', cut: Cut): Field | null {
  const places = where === 'subject' ? [subjectStretch(matter)] : lines(matter)
  for (const line of places) {
    const hit = cutOut(line, cut)
    const field = hit === null ? null : fieldOfStretch(hit)
    if (field !== null) return field
  }
  return null
}

/** What an anchor finds in a message; null where it finds nothing. Never throws for a message. */
export function readAnchor(matter: Matter, anchor: Anchor): Field | null {
  if ('in' in anchor) return inLines(matter, anchor.in, anchor)
  if ('json' in anchor) return readJsonAt(matter.json, anchor.json, anchor)
  const stretch = 'label' in anchor ? atLabel(matter, anchor.label, anchor.nth ?? 0) : below(matter, anchor.below)
  const hit = stretch === null ? null : cutOut(stretch, anchor)
  return hit === null ? null : fieldOfStretch(hit)
}

/** The value at a path of JSON, cut; null where there is none. */
export function readJsonAt(root: JsonNode | null, path: string, cut: Cut = {}): Field | null {
  const node = valueAt(root, path === '' ? [] : path.split('.'), 0)
  if (node?.kind !== 'value' || node.value === null) return null
  const hit = cutOut({ text: String(node.value), ...node.span }, cut)
  return hit === null ? null : fieldOfStretch(hit)
}

/**
 * The node that the steps lead to. A step is a member, a number, `*` (the first item from which the rest is found) or
 * `name=value` (the first such item of which that is true). A member whose name has dots in it is found by them.
 */
export function valueAt(node: JsonNode | null, steps: readonly string[], depth: number): JsonNode | null {
  const [step, ...rest] = steps
  if (node === null || step === undefined || depth > stepsMax) return node
  if (node.kind === 'array') {
    const [name, value] = step.includes('=')
      ? [step.slice(0, step.indexOf('=')), step.slice(step.indexOf('=') + 1)]
      : []
    if (step !== '*' && name === undefined) return valueAt(node.items[Number(step)] ?? null, rest, depth + 1)
    for (const item of node.items) {
      const said = name === undefined ? null : valueAt(item, [name], depth + 1)
      if (name !== undefined && !(said?.kind === 'value' && String(said.value) === value)) continue
      const found = valueAt(item, rest, depth + 1)
      if (found !== null) return found
    }
    return null
  }
  if (node.kind !== 'object') return null
  for (let taken = 1; taken <= steps.length; taken += 1) {
    const member = node.members.get(steps.slice(0, taken).join('.'))
    if (member === undefined) continue
    const found = valueAt(member, steps.slice(taken), depth + 1)
    if (found !== null) return found
  }
  return null
}

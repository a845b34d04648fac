import { lakeColumns, ocsfClasses } from '../../../../src/model/lake.ts'

/** The shortest name of a field that the search understands; the path itself where there is no shorter one. */
export function nameOfField(ocsf: string): string {
  return lakeColumns.find((column) => column.ocsf === ocsf)?.aliases[0] ?? ocsf
}

/** A value as the search reads it (docs/lake-search.md): in quotes where it holds anything but harmless characters. */
export function quoted(value: string): string {
  return /^[\p{L}\p{N}_\-/@+=;%&#~$!?.]+$/u.test(value) && !/^(?:AND|OR|NOT)$|\.\./.test(value)
    ? value
    : `"${value.replaceAll(/["\\*]/g, String.raw`\$&`)}"`
}

/** The query with one more condition, which is what a click on a value means. An empty value means: the field says nothing. Written once, it is not written twice. */
export function withCondition(query: string, field: string, value: string, not = false): string {
  const name = nameOfField(field)
  const says = value === '' ? `${name}:*` : `${name}:${quoted(value)}`
  const condition = (value === '') === not ? says : `NOT ${says}`
  const before = query.trim()
  if (before === '' || before === '*') return condition
  if (before === condition || before.endsWith(` ${condition}`) || before.startsWith(`${condition} `)) return before
  return `${hasOuterOr(before) ? `(${before})` : before} ${condition}`
}

/** An indicator, wherever in an event it stands. */
export function searchFor(value: string): string {
  return `observable:${quoted(value)}`
}

/** Lines that no parser read. */
export const unreadQuery = 'NOT parser:*'

/** Whether a condition set behind it would bind to the last part only: an OR outside of quotes and brackets. */
function hasOuterOr(query: string): boolean {
  const bare = query.replaceAll(/"(?:\\.|[^"\\])*"?/g, '""')
  let depth = 0
  for (const piece of bare.split(/([()\s]+)/)) {
    depth += piece.split('(').length - piece.split(')').length
    if (depth === 0 && piece === 'OR') return true
  }
  return false
}

export type Completion = { readonly insert: string; readonly says: string }

/** What may stand after "source:" and such, by the name of the field. */
export type Known = Readonly<Record<string, readonly Completion[]>>

const fieldNames: readonly Completion[] = lakeColumns.flatMap((column) => [
  ...column.aliases.map((alias) => ({ insert: `${alias}:`, says: column.ocsf })),
  { insert: `${column.ocsf}:`, says: column.kind },
])
const more: readonly Completion[] = [
  { insert: 'observable:', says: 'any address, host, account, hash, domain or URL of the event' },
  { insert: 'raw:', says: 'the line as it came' },
]
const classes: readonly Completion[] = Object.entries(ocsfClasses).map(([uid, name]) => ({ insert: uid, says: name }))

/** More than fit below the box. */
const completionsMax = 8

export type Completing = {
  /** Where the word begins that would be replaced, and where it ends (the caret). */
  readonly start: number
  readonly end: number
  readonly completions: readonly Completion[]
}

/** What could be meant by the word that ends at the caret: a field, or a value of a field whose values are known. */
export function completionsAt(query: string, caret: number, known: Known): Completing {
  const word = /[^\s()]*$/.exec(query.slice(0, caret))?.[0] ?? ''
  const bare = word.replace(/^-/, '')
  const start = caret - bare.length
  const colon = bare.indexOf(':')
  if (bare === '' || insideQuotes(query.slice(0, start))) return { start, end: caret, completions: [] }
  if (colon < 0) return { start, end: caret, completions: best([...fieldNames, ...more], bare) }
  const field = bare.slice(0, colon).toLowerCase()
  const values = field === 'class' || field === 'class_uid' ? classes : (known[field] ?? [])
  const typed = bare.slice(colon + 1)
  const valueStart = start + colon + 1
  const completions = best(values, typed)
    .filter((one) => one.insert !== typed)
    .map((one) => ({ ...one, insert: quoted(one.insert) }))
  return { start: valueStart, end: caret, completions }
}

/** Those that begin with it come before those that only hold it. */
function best(all: readonly Completion[], typed: string): Completion[] {
  const wanted = typed.toLowerCase()
  const begins = all.filter((one) => one.insert.toLowerCase().startsWith(wanted))
  const holds = all.filter(
    (one) => !begins.includes(one) && `${one.insert} ${one.says}`.toLowerCase().includes(wanted) && wanted.length > 1,
  )
  return [...begins, ...holds].slice(0, completionsMax)
}

function insideQuotes(text: string): boolean {
  return (text.replaceAll(/\\./g, '').split('"').length - 1) % 2 === 1
}

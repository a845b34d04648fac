import { filtered } from './filters.ts'

/** What values make of a template, or why they cannot. */
export type Filled<T> = { readonly value: T } | { readonly missing: string } | { readonly refused: string }

const place = /\{([A-Za-z]\w*)((?:\|[a-z0-9-]+)*)\}/g

export type Place = { readonly name: string; readonly filters: readonly string[] }

/** The places of a template, wherever in it they are. */
export function placesIn(template: unknown): readonly Place[] {
  if (typeof template === 'string')
    return [...template.matchAll(place)].map(([, name = '', filters = '']) => ({ name, filters: namesOf(filters) }))
  if (Array.isArray(template)) return template.flatMap(placesIn)
  return typeof template === 'object' && template !== null ? Object.values(template).flatMap(placesIn) : []
}

/** The place that a text is, when it is nothing else. */
export function onlyPlace(template: string): Place | null {
  const [first, ...more] = placesIn(template)
  return first !== undefined && more.length === 0 && template.replace(place, '') === '' ? first : null
}

type Values = Readonly<Record<string, unknown>>

/** A path: every value is one encoded piece of one segment. A segment that would climb ("..", also encoded) is refused. */
export function fillPath(template: string, values: Values): Filled<string> {
  const filled = fillText(template, values, encodeURIComponent)
  if (!('value' in filled)) return filled
  // The URL parser takes "%2e%2e" for ".." too, so encoding alone does not hold a value in its place.
  const climbing = filled.value.split('/').find((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))
  return climbing === undefined ? filled : { refused: `"${climbing}" cannot stand in a path` }
}

/**
 * Names and values of a query or form, templates filled; a list is its name several times. One whose field is not known is left out
 * where the question says that it need not be known. Any other is missing: a search without its condition finds everything.
 */
export function fillPairs(
  templates: Readonly<Record<string, string | readonly string[]>>,
  values: Values,
  optional: readonly string[] = [],
): Filled<URLSearchParams> {
  const pairs = new URLSearchParams()
  for (const [name, given] of Object.entries(templates)) {
    for (const template of [given].flat()) {
      const only = onlyPlace(template)
      const list = only === null || only.filters.length > 0 ? null : values[only.name]
      if (Array.isArray(list)) {
        for (const item of list) pairs.append(name, String(item))
        continue
      }
      const filled = fillText(template, values)
      if ('value' in filled) pairs.append(name, filled.value)
      else if ('refused' in filled || !optional.includes(filled.missing)) return filled
    }
  }
  return { value: pairs }
}

/** A JSON body: values go into its texts and are encoded by JSON.stringify, so none can end its text. A text that is one place keeps the value's type. */
export function fillBody(template: unknown, values: Values): Filled<unknown> {
  if (typeof template === 'string') {
    const only = onlyPlace(template)
    if (only === null) return fillText(template, values)
    if (isMissing(values[only.name])) return { missing: only.name }
    if (only.filters.length === 0) return { value: values[only.name] }
    const piece = filtered(values[only.name], only.filters)
    return 'refused' in piece ? piece : { value: piece.piece }
  }
  if (Array.isArray(template)) return all(template.map((item) => fillBody(item, values)))
  if (typeof template !== 'object' || template === null) return { value: template }
  const keys = Object.keys(template)
  const filled = all(Object.values(template).map((item) => fillBody(item, values)))
  return 'value' in filled ? { value: Object.fromEntries(keys.map((key, at) => [key, filled.value[at]])) } : filled
}

function all(items: readonly Filled<unknown>[]): Filled<readonly unknown[]> {
  const values: unknown[] = []
  for (const item of items) {
    if (!('value' in item)) return item
    values.push(item.value)
  }
  return { value: values }
}

/** A text; each piece goes through `encode` after its filters. */
export function fillText(
  template: string,
  values: Values,
  encode: (piece: string) => string = (piece) => piece,
): Filled<string> {
  let wrong: Filled<string> | null = null
  const value = template.replaceAll(place, (_all, name: string, filters: string) => {
    if (isMissing(values[name])) {
      wrong ??= { missing: name }
      return ''
    }
    const piece = filtered(values[name], namesOf(filters))
    if ('refused' in piece) {
      wrong ??= piece
      return ''
    }
    return encode(String(piece.piece))
  })
  return wrong ?? { value }
}

const namesOf = (filters: string): readonly string[] => filters.split('|').filter((name) => name !== '')

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

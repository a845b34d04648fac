import type { Span } from '../model/observable.ts'
import { type Pair, pairsMax } from './pairs.ts'

/** A value of a JSON text with its place. `span` of a string is inside its quotes. */
export type JsonNode =
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonNode>; readonly span: Span }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[]; readonly span: Span }
  | { readonly kind: 'value'; readonly value: string | number | boolean | null; readonly span: Span }

/** Deeper than this nobody nests an alert. */
const depthMax = 40
/** Larger JSON is not read as JSON: ten times the largest incident export we know of. */
export const jsonCharactersMax = 4_000_000

/** Reads a JSON text with places; null when it is no JSON, is too large or too deep. `offset` is where the text begins in its part. */
export function readJsonText(text: string, part: string, offset = 0): JsonNode | null {
  if (text.length > jsonCharactersMax || !/^\s*[{[]/.test(text)) return null
  try {
    JSON.parse(text)
  } catch {
    return null
  }
  let at = 0
  const skip = () => {
    while (/\s/.test(text[at] ?? 'x')) at += 1
  }
  // The text is known to be well-formed, so the walk only has to find where things are.
  const token = (): { start: number; end: number } => {
    const start = at
    if (text[at] === '"') {
      at += 1
      while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
      at += 1
    } else while (at < text.length && !/[\s,\]}:]/.test(text[at] ?? '')) at += 1
    return { start, end: at }
  }
  const node = (depth: number): JsonNode => {
    if (depth > depthMax) throw new RangeError('too deep')
    skip()
    const start = at
    const span = (): Span => ({ part, start: offset + start, end: offset + at })
    if (text[at] === '{' || text[at] === '[') {
      const object = text[at] === '{'
      const members = new Map<string, JsonNode>()
      const items: JsonNode[] = []
      at += 1
      for (skip(); text[at] !== '}' && text[at] !== ']'; skip()) {
        if (text[at] === ',') {
          at += 1
          continue
        }
        if (object) {
          const name = token()
          skip()
          at += 1
          members.set(JSON.parse(text.slice(name.start, name.end)) as string, node(depth + 1))
        } else items.push(node(depth + 1))
      }
      at += 1
      return object ? { kind: 'object', members, span: span() } : { kind: 'array', items, span: span() }
    }
    const place = token()
    const value = JSON.parse(text.slice(place.start, place.end)) as string | number | boolean | null
    const quote = typeof value === 'string' ? 1 : 0
    return {
      kind: 'value',
      value,
      span: { part, start: offset + place.start + quote, end: offset + place.end - quote },
    }
  }
  try {
    return node(0)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** The node at a path like "properties.owner.email" or "alerts.0.title"; null where there is none. */
export function nodeAt(root: JsonNode | null, path: string): JsonNode | null {
  let node = root
  for (const step of path.split('.')) {
    if (node?.kind === 'object') node = node.members.get(step) ?? null
    else if (node?.kind === 'array') node = node.items[Number(step)] ?? null
    else return null
  }
  return node
}

/** The text at the first of these paths that has one (numbers and booleans as JSON writes them). */
export function textAt(
  root: JsonNode | null,
  ...paths: string[]
): { readonly value: string; readonly span: Span } | null {
  for (const path of paths) {
    const node = nodeAt(root, path)
    if (node?.kind === 'value' && node.value !== null && String(node.value).trim() !== '')
      return { value: String(node.value).trim(), span: node.span }
  }
  return null
}

/** The things in an array at a path; empty where there is none. */
export function itemsAt(root: JsonNode | null, path: string): readonly JsonNode[] {
  const node = path === '' ? root : nodeAt(root, path)
  return node?.kind === 'array' ? node.items : []
}

/** Every value with the name of its member ("alerts.0.severity" gives name "severity"), nearest to the root first. */
export function jsonPairs(root: JsonNode): readonly Pair[] {
  const pairs: Pair[] = []
  let level: { name: string; node: JsonNode }[] = [{ name: '', node: root }]
  while (level.length > 0 && pairs.length < pairsMax) {
    const next: { name: string; node: JsonNode }[] = []
    for (const { name, node } of level) {
      if (node.kind === 'object') for (const [key, member] of node.members) next.push({ name: key, node: member })
      else if (node.kind === 'array') for (const item of node.items) next.push({ name, node: item })
      else if (node.value !== null && String(node.value).trim() !== '' && pairs.length < pairsMax) {
        pairs.push({ name, value: String(node.value).trim(), span: node.span })
      }
    }
    level = next
  }
  return pairs
}

import type { Split } from '../../model/log-parser.ts'
import { name, text, texts } from './sql-text.ts'
import { fieldsType, type Step, type Taken } from './taken.ts'

type Leaf = 'String' | 'Map(String, String)' | 'Map(String, Map(String, String))'
/** What is wanted of a document; a list has the one child `*`, because the engine reads its elements as one type. */
type Node = { leaf: Leaf | null; readonly children: Map<string, Node> }

const isNumber = (segment: string): boolean => /^\d+$/.test(segment)
const element = '*'
const newNode = (): Node => ({ leaf: null, children: new Map() })

/** The type of everything that is wanted below a node, so that the engine walks the document once for all of it. */
function typeOf(node: Node): string {
  if (node.leaf !== null) return node.leaf
  const list = node.children.get(element)
  if (list !== undefined) return `Array(${typeOf(list)})`
  return `Tuple(${[...node.children].map(([key, child]) => `${name(key)} ${typeOf(child)}`).join(', ')})`
}

/** Puts a path into a tree; false (and nothing changed) where a value would have to be text and be gone into at once. */
function planted(tree: Node, segments: readonly string[], leaf: Leaf): boolean {
  const keys = segments.map((segment) => (isNumber(segment) ? element : segment))
  let node = tree
  for (const [depth, key] of keys.entries()) {
    if (node.leaf !== null || (node.children.size > 0 && (key === element) !== node.children.has(element))) return false
    const next = node.children.get(key)
    if (next === undefined) break
    if (depth === keys.length - 1) return next.leaf === leaf
    node = next
  }
  node = tree
  for (const key of keys) {
    const next = node.children.get(key) ?? newNode()
    node.children.set(key, next)
    node = next
  }
  node.leaf = leaf
  return true
}

/** The trees of one parser: as few as its paths allow, each one walk of the document. */
function forest(): { readonly place: (path: string, leaf: Leaf) => string; readonly walks: () => readonly Step[] } {
  const trees: Node[] = []
  return {
    place: (path, leaf) => {
      const segments = path.split('.')
      let at = trees.findIndex((tree) => planted(tree, segments, leaf))
      if (at === -1) {
        at = trees.length
        trees.push(newNode())
        planted(trees[at] as Node, segments, leaf)
      }
      return segments.reduce(
        (from, segment) =>
          isNumber(segment) ? `(${from})[${Number(segment) + 1}]` : `tupleElement(${from}, ${text(segment)})`,
        `j${at}`,
      )
    },
    walks: () => trees.map((tree, at) => [`j${at}`, `JSONExtract(object, ${text(typeOf(tree))})`]),
  }
}

/**
 * Half of a character (RFC 8259, 8.2), which makes the engine refuse the whole document: a program that is started with one in its command
 * line would be seen by no rule, no question and no hunt. Halves that stand alone are left out; what is escaped by a backslash, and whole
 * pairs, are kept by the group.
 */
const halves = String.raw`(\\(?:\\|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))|\\u[dD][89a-fA-F][0-9a-fA-F]{2}`
const half = ['\\ud', '\\uD'].map((begin) => `position(document, ${text(begin)}) > 0`).join(' OR ')
const withoutHalves = `if(${half}, replaceRegexpAll(document, ${text(halves)}, ${text('\\1')}), document)`

/**
 * A JSON object. Its own keys become fields (nested values as JSON text), those of `spread` objects too, and `paths` under their dotted
 * names. One walk for all keys and one for all nested values, whatever their number.
 */
export function splitJson(split: Extract<Split, { kind: 'json' }>): Taken {
  const { place, walks } = forest()
  // "a.*": the first object in a, whatever its name (the UserData of a Windows event has one, named after the kind of event).
  const spreads = split.spread.map((path) =>
    path.endsWith('.*')
      ? `mapValues(${place(path.slice(0, -2), 'Map(String, Map(String, String))')})[1]`
      : place(path, 'Map(String, String)'),
  )
  const paths = new Map(split.paths.map((path) => [path, place(path, 'String')]))
  // What is spread out need not stand there a second time as the text of its object.
  const heads = [...new Set(split.spread.map((path) => path.split('.')[0] ?? path))]
  const own = `JSONExtract(object, 'Map(String, String)')`
  const top = heads.length === 0 ? own : `mapFilter((k, v) -> k NOT IN (${heads.map(text).join(', ')}), ${own})`
  const parts = ['f0', ...spreads]
  if (paths.size > 0)
    parts.push(
      `mapFilter((k, v) -> v != '', mapFromArrays(${texts([...paths.keys()])}, [${[...paths.values()].join(', ')}]))`,
    )
  return {
    layers: [
      // What stands before the object (a program's prefix) is no part of it.
      [['document', `if(startsWith(body, '{'), body, substring(body, greatest(1, position(body, '{'))))`]],
      [['object', withoutHalves]],
      [['f0', top], ...walks()],
      [['f', parts.length === 1 ? 'f0' : `mapConcat(${parts.join(', ')})`]],
    ],
    field: (field) => paths.get(field) ?? `f[${text(field)}]`,
    fields: `CAST(f, '${fieldsType}')`,
  }
}

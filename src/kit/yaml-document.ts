import { isMap, isNode, LineCounter, parseDocument, visit } from 'yaml'

/** What is wrong with a text and where, line and column from 1; `where` is the path of the field, '' for the whole. */
export type Issue = { readonly line: number; readonly column: number; readonly where: string; readonly problem: string }
export type Place = readonly PropertyKey[]
export type Report = (place: Place, problem: string) => void

type Document = ReturnType<typeof parseDocument>

/** A document without a fault so far (`report` adds one, to `issues`), or what is wrong with it. */
export type ReadYaml =
  | { readonly ok: true; readonly plain: unknown; readonly report: Report; readonly issues: readonly Issue[] }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/** Reads a YAML text whose schema somebody else checks. `kind` names such texts in a problem ("playbooks"). Never throws for its content. */
export function readYamlDocument(text: string, kind: string, charsMax: number): ReadYaml {
  if (text.length > charsMax)
    return { ok: false, issues: [{ line: 1, column: 1, where: '', problem: `longer than ${charsMax} characters` }] }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, strict: true, uniqueKeys: true, merge: false })
  const issues: Issue[] = []
  const at = (offset: number, where: string, problem: string): void => {
    const { line, col } = lines.linePos(offset)
    issues.push({ line, column: col, where, problem })
  }
  for (const error of document.errors) at(error.pos[0], '', error.message.split('\n')[0] ?? '')
  // Nothing of ours needs `*alias`, and a short text of them can mean gigabytes.
  visit(document, {
    Alias: (_key, node) => {
      at(node.range?.[0] ?? 0, '', `aliases (*${node.source}) are not taken in ${kind}`)
    },
  })
  if (issues.length > 0) return { ok: false, issues }
  const report: Report = (place, problem) => at(offsetOf(document, place), place.map(String).join('.'), problem)
  return { ok: true, plain: document.toJS(), report, issues }
}

/** Where in the text this place stands; the nearest parent that is there. */
function offsetOf(document: Document, place: Place): number {
  for (let length = place.length; length > 0; length -= 1) {
    const parent: unknown = document.getIn(place.slice(0, length - 1), true)
    const key = place[length - 1]
    const pair = isMap(parent)
      ? parent.items.find((item) => isNode(item.key) && String(item.key) === String(key))
      : undefined
    if (pair !== undefined && isNode(pair.key) && pair.key.range) return pair.key.range[0]
    const node: unknown = document.getIn(place.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

/**
 * Case-insensitive comparison that keeps lengths: offsets in the folded text are offsets in the text. A character whose
 * lower case has another length ("İ") stays as it is.
 */
export function foldCase(text: string): string {
  const lower = text.toLowerCase()
  if (lower.length === text.length) return lower
  let folded = ''
  for (const unit of text.split('')) folded += unit.toLowerCase().length === 1 ? unit.toLowerCase() : unit
  return folded
}

const wordUnit = /[\p{L}\p{N}]/u

/** True when no letter or digit touches the place from outside: "srv1" stands in "srv1.example" but not in "srv12". */
export function standsAlone(text: string, start: number, end: number): boolean {
  const touches = (inside: number, outside: number) =>
    wordUnit.test(text.charAt(inside)) && outside >= 0 && outside < text.length && wordUnit.test(text.charAt(outside))
  return !touches(start, start - 1) && !touches(end - 1, end)
}

type Node = { readonly next: Map<number, number>; fail: number; readonly ends: number[]; readonly up: number[] }
export type Occurrence = { readonly which: number; readonly start: number; readonly end: number }

/**
 * Finds many strings in one pass over the text (Aho and Corasick, 1975): the cost is the length of the text plus the hits,
 * however many strings there are. Comparison is case-insensitive.
 */
export function manyStrings(strings: readonly string[]): (text: string) => Occurrence[] {
  const nodes: Node[] = [{ next: new Map(), fail: 0, ends: [], up: [] }]
  const lengths = strings.map((string) => string.length)
  for (const [which, string] of strings.entries()) {
    if (string === '') continue
    let at = 0
    const folded = foldCase(string)
    for (let i = 0; i < folded.length; i++) {
      const unit = folded.charCodeAt(i)
      const found = nodes[at]?.next.get(unit)
      if (found === undefined) {
        nodes.push({ next: new Map(), fail: 0, ends: [], up: [] })
        nodes[at]?.next.set(unit, nodes.length - 1)
        at = nodes.length - 1
      } else at = found
    }
    nodes[at]?.ends.push(which)
  }
  linkFailures(nodes)
  return (text) => search(nodes, lengths, foldCase(text))
}

function linkFailures(nodes: Node[]): void {
  const queue = [0]
  for (let head = 0; head < queue.length; head++) {
    const at = queue[head] ?? 0
    const node = nodes[at]
    if (node === undefined) continue
    for (const [unit, to] of node.next) {
      const child = nodes[to]
      if (child === undefined) continue
      child.fail = at === 0 ? 0 : step(nodes, node.fail, unit)
      // A node reports its own strings and those of the longest suffix that ends one, which reports the rest in turn.
      const suffix = nodes[child.fail]
      if (suffix !== undefined) child.up.push(...(suffix.ends.length > 0 ? [child.fail] : suffix.up))
      queue.push(to)
    }
  }
}

function step(nodes: readonly Node[], from: number, unit: number): number {
  let at = from
  for (;;) {
    const to = nodes[at]?.next.get(unit)
    if (to !== undefined) return to
    if (at === 0) return 0
    at = nodes[at]?.fail ?? 0
  }
}

function search(nodes: readonly Node[], lengths: readonly number[], folded: string): Occurrence[] {
  const hits: Occurrence[] = []
  let at = 0
  for (let i = 0; i < folded.length; i++) {
    at = step(nodes, at, folded.charCodeAt(i))
    let report: number | undefined = (nodes[at]?.ends.length ?? 0) > 0 ? at : nodes[at]?.up[0]
    while (report !== undefined) {
      const node: Node | undefined = nodes[report]
      for (const which of node?.ends ?? []) hits.push({ which, start: i + 1 - (lengths[which] ?? 0), end: i + 1 })
      report = node?.up[0]
    }
  }
  return hits
}

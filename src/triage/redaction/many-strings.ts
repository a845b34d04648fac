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

export type Occurrence = { readonly which: number; readonly start: number; readonly end: number }

/** Nodes are numbers; all edges are in one Map, because a Map for each node took 100 ms for a text of 50,000 characters. */
class Automaton {
  readonly #edges = new Map<number, number>()
  readonly #parent: number[] = [0]
  readonly #unit: number[] = [0]
  readonly #depth: number[] = [0]
  readonly #fail: number[] = [0]
  /** The next node up the chain of failures that ends a string; -1 for none. */
  readonly #up: number[] = [-1]
  readonly #ends = new Map<number, number[]>()

  add(which: number, folded: string): void {
    let at = 0
    for (let i = 0; i < folded.length; i++) {
      const unit = folded.charCodeAt(i)
      const key = at * 65_536 + unit
      let to = this.#edges.get(key)
      if (to === undefined) {
        to = this.#parent.length
        this.#edges.set(key, to)
        this.#parent.push(at)
        this.#unit.push(unit)
        this.#depth.push(i + 1)
        this.#fail.push(0)
        this.#up.push(-1)
      }
      at = to
    }
    const ends = this.#ends.get(at)
    if (ends === undefined) this.#ends.set(at, [which])
    else ends.push(which)
  }

  /** From the root down: the failure of a node is found from that of its parent. */
  link(): void {
    const byDepth: number[][] = []
    for (let node = 1; node < this.#parent.length; node++) {
      const depth = this.#depth[node] ?? 0
      const same = byDepth[depth]
      if (same === undefined) byDepth[depth] = [node]
      else same.push(node)
    }
    for (const node of byDepth.flat()) {
      const parent = this.#parent[node] ?? 0
      const fail = parent === 0 ? 0 : this.step(this.#fail[parent] ?? 0, this.#unit[node] ?? 0)
      this.#fail[node] = fail
      this.#up[node] = this.#ends.has(fail) ? fail : (this.#up[fail] ?? -1)
    }
  }

  step(from: number, unit: number): number {
    let at = from
    for (;;) {
      const to = this.#edges.get(at * 65_536 + unit)
      if (to !== undefined) return to
      if (at === 0) return 0
      at = this.#fail[at] ?? 0
    }
  }

  /** Calls back for every string that ends at this node. */
  endsAt(node: number, found: (which: number) => void): void {
    for (let at = this.#ends.has(node) ? node : (this.#up[node] ?? -1); at !== -1; at = this.#up[at] ?? -1) {
      for (const which of this.#ends.get(at) ?? []) found(which)
    }
  }
}

/** A longer string (a private key) is looked for by its beginning and then compared: no automaton over all of it. */
const keyUnitsMax = 64

/**
 * Finds many strings in one pass over the text (Aho and Corasick, 1975): the cost is the length of strings and text plus
 * the hits, however many strings there are. Comparison is case-insensitive.
 */
export function manyStrings(strings: readonly string[]): (text: string) => Occurrence[] {
  const automaton = new Automaton()
  const sought = strings.map(foldCase)
  for (const [which, string] of sought.entries()) if (string !== '') automaton.add(which, string.slice(0, keyUnitsMax))
  automaton.link()
  return (text) => {
    const folded = foldCase(text)
    const hits: Occurrence[] = []
    let at = 0
    for (let i = 0; i < folded.length; i++) {
      at = automaton.step(at, folded.charCodeAt(i))
      automaton.endsAt(at, (which) => {
        const string = sought[which] ?? ''
        const start = i + 1 - Math.min(string.length, keyUnitsMax)
        const whole = string.length <= keyUnitsMax || folded.startsWith(string, start)
        if (whole) hits.push({ which, start, end: start + string.length })
      })
    }
    return hits
  }
}

import { Trouble, wordsOf } from './errors.ts'

const quote = 34
const backslash = 92
const open = 123
const close = 125

/**
 * Cuts the objects out of a JSON text that comes in pieces, so that a file of any size is read with the memory of one object. `depth` 1 are
 * objects that stand in nothing but arrays ("[{...},{...}]", JSON lines); 2 those within one object (`{"value": [{...}]}`).
 * Braces are counted outside of strings only. Throws Trouble('file.invalid') for what is no JSON or ends in the middle, and
 * 'input.too-large' for an object of more than `charsMax`.
 */
export function jsonObjectCutter({ depth, charsMax }: { readonly depth: number; readonly charsMax: number }): {
  readonly write: (piece: string) => unknown[]
  readonly end: () => void
} {
  let at = 0
  let isInText = false
  let isEscaped = false
  let kept = ''
  const write = (piece: string): unknown[] => {
    const objects: unknown[] = []
    let start = at >= depth ? 0 : -1
    for (let place = 0; place < piece.length; place += 1) {
      const code = piece.charCodeAt(place)
      if (isEscaped) isEscaped = false
      else if (isInText) {
        if (code === backslash) isEscaped = true
        else if (code === quote) isInText = false
      } else if (code === quote) isInText = true
      else if (code === open) {
        at += 1
        if (at === depth) start = place
      } else if (code === close) {
        if (at === depth) {
          objects.push(parsed(kept + piece.slice(start, place + 1)))
          kept = ''
          start = -1
        }
        at -= 1
        if (at < 0) throw broken('a } too many')
      }
    }
    if (start >= 0) kept += piece.slice(start)
    if (kept.length > charsMax) throw new Trouble('input.too-large', { part: 'one object of the JSON', most: charsMax })
    return objects
  }
  const end = (): void => {
    if (at !== 0 || isInText) throw broken('it ends in the middle')
  }
  return { write, end }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw broken(wordsOf(error), error)
  }
}

function broken(problem: string, cause?: unknown): Trouble {
  return new Trouble('file.invalid', { problem: `this JSON is broken: ${problem}` }, cause)
}

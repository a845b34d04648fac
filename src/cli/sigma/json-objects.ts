import { Trouble, wordsOf } from '../../kit/errors.ts'

/** The JSON objects that stand one after the other in a text, without their line breaks. Throws Trouble('input.invalid'). */
export function jsonObjectsOf(text: string): readonly string[] {
  const objects: string[] = []
  let depth = 0
  let start = 0
  let inText = false
  for (let at = 0; at < text.length; at += 1) {
    const letter = text.charAt(at)
    if (inText) {
      if (letter === '\\') at += 1
      else if (letter === '"') inText = false
    } else if (letter === '"') inText = true
    else if (letter === '{' && depth++ === 0) start = at
    else if (letter === '}' && --depth === 0) objects.push(compact(text.slice(start, at + 1)))
  }
  return objects
}

function compact(object: string): string {
  try {
    return JSON.stringify(JSON.parse(object))
  } catch (error) {
    throw new Trouble('input.invalid', { problem: `an event is no JSON: ${wordsOf(error)}` }, error)
  }
}

import { Parser } from 'htmlparser2'

export type Writing = 'json' | 'json-lines' | 'xml'

/** Elements inside of elements: responses of APIs have a dozen levels; a text of nothing but "<a>" would be a stack overflow later. */
const depthMax = 100

/** A response read as it is written: an empty one is null; one that is not of that writing, undefined. */
export function readBody(text: string, writing: Writing): unknown {
  if (text.trim() === '') return writing === 'json-lines' ? [] : null
  switch (writing) {
    case 'json':
      return json(text)
    case 'json-lines': {
      const lines = text.split('\n').filter((line) => line.trim() !== '')
      const values = lines.map(json)
      return values.includes(undefined) ? undefined : values
    }
    case 'xml':
      return xml(text)
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined // What that means depends on the status, and is said by who asked.
  }
}

/** An element: a text when it has nothing else, or its attributes as @name, its own text as #text, and its children as lists by name. */
type Element = { readonly [name: string]: string | readonly (Element | string)[] }
type Open = { readonly name: string; readonly fields: Map<string, string | (Element | string)[]>; text: string }

/**
 * XML as data. Every child is in a list, also an only one, so that a mapping does not change with their number. Entities of a document
 * type are not expanded, and nothing is ever fetched. What was cut off is no XML.
 */
function xml(text: string): unknown {
  const root: Open = { name: '', fields: new Map(), text: '' }
  const open: Open[] = [root]
  let broken = false
  const parser = new Parser(
    {
      onopentag: (name, attributes) => {
        if (open.length > depthMax) broken = true
        const fields = new Map<string, string>(Object.entries(attributes).map(([key, value]) => [`@${key}`, value]))
        if (!broken) open.push({ name, fields, text: '' })
      },
      ontext: (more) => {
        const last = open.at(-1)
        if (last !== undefined) last.text += more
      },
      onclosetag: (name) => {
        if (broken) return
        const done = open.pop()
        const parent = open.at(-1)
        if (done === undefined || parent === undefined) return
        const children = parent.fields.get(name)
        if (Array.isArray(children)) children.push(closed(done))
        else parent.fields.set(name, [closed(done)])
      },
    },
    { xmlMode: true, decodeEntities: true },
  )
  parser.write(text)
  // What is still open here was cut off; the parser would close it for us.
  const isWhole = open.length === 1
  parser.end()
  if (broken || !isWhole || root.fields.size !== 1 || root.text.trim() !== '') return undefined
  return Object.fromEntries([...root.fields].map(([name, elements]) => [name, elements[0]]))
}

function closed({ fields, text }: Open): Element | string {
  if (fields.size === 0) return text.trim()
  const own = text.trim()
  return Object.fromEntries(own === '' ? fields : [...fields, ['#text', own]])
}

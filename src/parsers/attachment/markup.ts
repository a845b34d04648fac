import { Parser } from 'htmlparser2'
import { Blocked } from './block.ts'
import { elementsDeepMax } from './limits.ts'

/** Between what does not belong together: a word that ends one is never read on into the next. */
export const apart = '\n\n'

/** Elements after which a new line begins, in documents, sheets, slides and pages. */
const lineAfter =
  /^(?:w:p|w:br|a:p|row|si|comment|text:p|p|br|div|tr|li|ul|ol|table|h[1-6]|title|section|article|pre|blockquote|script|style|dt|dd)$/
/** Elements between which a cell ends. */
const cellAfter = /^(?:w:tab|w:tc|c|td|th)$/
/** Attributes that say nothing of anybody: numbers and names of the format itself. What is not plainly one of these is looked through. */
const isNoise = (name: string, value: string) =>
  /^(?:xmlns|rsid|w:rsid|w14:|mc:|r:id$|r:embed$|contenttype$|partname$)/i.test(name) ||
  /^(?:http:\/\/(?:schemas\.|purl\.|www\.w3\.org)|application\/|-?\d{0,7}(?:\.\d+)?%?$|rId\d+$|[A-Z]{1,3}\d+(?::[A-Z]{1,3}\d+)?$|\{?[\dA-F]{8}(?:-[\dA-F]{4}){3}-[\dA-F]{12}\}?$)/i.test(
    value,
  )

type Hooks = {
  /** Text of a cell of a sheet: what its number stands for. */
  readonly cell?: (type: string, text: string) => string
}

/**
 * Everything that can be read in a piece of XML or HTML: its text as it is read, and, below, what stands in attributes and comments. Words
 * that formatting breaks into pieces are whole again.
 */
export function textOfMarkup(source: string, xmlMode: boolean, hooks: Hooks = {}): string {
  const pieces: string[] = []
  const aside = new Set<string>()
  const open: string[] = []
  let cellType = ''
  let value: string | null = null
  const parser = new Parser(
    {
      onopentag: (name, attributes) => {
        open.push(name)
        if (open.length > elementsDeepMax)
          throw new Blocked(
            `Elements stand more than ${elementsDeepMax} deep in each other.`,
            'Export the text alone, and attach that.',
          )
        for (const [key, one] of Object.entries(attributes)) if (!isNoise(key, one)) aside.add(one)
        if (name === 'c') cellType = attributes['t'] ?? ''
        if (name === 'v' && hooks.cell !== undefined) value = ''
      },
      ontext: (text) => {
        if (value === null) pieces.push(text)
        else value += text
      },
      oncomment: (text) => aside.add(text),
      onprocessinginstruction: (name, text) => {
        if (!/^(?:\?xml|!doctype)$/i.test(name)) aside.add(text)
      },
      onclosetag: (name) => {
        open.pop()
        if (name === 'v' && value !== null) {
          pieces.push(hooks.cell?.(cellType, value) ?? value)
          value = null
        }
        if (lineAfter.test(name)) pieces.push('\n')
        else if (cellAfter.test(name)) pieces.push('\t')
      },
    },
    { xmlMode, decodeEntities: true },
  )
  parser.write(source)
  parser.end()
  const text = pieces
    .join('')
    .replace(/[ \t]*\n(?:[ \t]*\n)+/g, '\n')
    .trim()
  return [text, ...aside].filter((piece) => piece.trim() !== '').join(apart)
}

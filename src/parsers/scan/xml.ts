import { Parser } from 'htmlparser2'
import { Trouble } from '../../kit/errors.ts'

/** Elements within elements: the deepest report has 15. Deeper is a trap, and the parser's stack would grow with it. */
const depthMax = 100
/** Text of one element that is kept; scanner output of a megabyte is read past. */
const textCharsMax = 16 * 1024
/** What one comment, attribute or CDATA section may hold back before it is no report any more. */
const tokenCharsMax = 8 * 1024 * 1024

/** What a reader of a format sees. Attributes have the case of the file. */
export type XmlElements = {
  /** Elements whose own text is wanted; the text of others is passed over. */
  readonly texts: ReadonlySet<string>
  /** Elements whose text is wanted with that of all that is inside them (a remedy in paragraphs). */
  readonly deepTexts?: ReadonlySet<string>
  readonly open: (name: string, attributes: Readonly<Record<string, string>>, parent: string) => void
  /** `text`: only of elements of `texts` and `deepTexts`, else empty. */
  readonly close: (name: string, text: string, parent: string) => void
}

/**
 * Reads XML piece by piece and calls back; after each piece the caller may take what came of it. Only the five entities of XML and
 * numbers are known, so none can grow ("billion laughs"), and no file or address is ever opened. Throws Trouble('file.invalid') for a text
 * that ends before its root does: half a report would close what it no longer names.
 */
export function xmlReader(elements: XmlElements): {
  readonly write: (piece: string) => void
  readonly end: () => void
} {
  const path: string[] = []
  const texts: { readonly isDeep: boolean; readonly depth: number; text: string }[] = []
  let waiting = 0
  let isOver = false
  let openedAt = -1
  const parser: Parser = new Parser(
    {
      onopentag: (name, attributes) => {
        waiting = 0
        if (isOver) throw broken('it goes on after its end')
        if (path.length >= depthMax) throw broken(`elements stand more than ${depthMax} deep in each other`)
        const parent = path.at(-1) ?? ''
        path.push(name)
        openedAt = parser.endIndex
        const isDeep = elements.deepTexts?.has(name) === true
        if (isDeep || elements.texts.has(name)) texts.push({ isDeep, depth: path.length, text: '' })
        elements.open(name, attributes, parent)
      },
      ontext: (text) => {
        waiting = 0
        for (const one of texts) {
          if (one.text.length < textCharsMax && (one.isDeep || one.depth === path.length))
            one.text += text.slice(0, textCharsMax - one.text.length)
        }
      },
      onclosetag: (name, isImplied) => {
        waiting = 0
        // The parser calls the end of <a/> implied as well; there it stands where the element began.
        if (isImplied && parser.endIndex !== openedAt) throw broken(`<${name}> has no end`)
        const last = texts.at(-1)
        const text = last !== undefined && last.depth === path.length ? (texts.pop()?.text ?? '') : ''
        path.pop()
        elements.close(name, text, path.at(-1) ?? '')
        isOver = path.length === 0
      },
    },
    { xmlMode: true, decodeEntities: true },
  )
  return {
    write: (piece) => {
      waiting += piece.length
      if (waiting > tokenCharsMax)
        throw new Trouble('input.too-large', { part: 'one token of the XML', most: tokenCharsMax })
      parser.write(piece)
    },
    end: () => {
      parser.end()
      if (!isOver) throw broken('it ends before its root does')
    },
  }
}

function broken(problem: string): Trouble {
  return new Trouble('file.invalid', { problem: `this XML is broken: ${problem}` })
}

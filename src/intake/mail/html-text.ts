import { Tokenizer } from 'htmlparser2'
import { storable } from './charset.ts'

const blocks = new Set(
  'address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend main menu nav ol p pre section summary tbody tfoot thead ul caption'.split(
    ' ',
  ),
)
/** Content that is no text for people. Tokenizer reads the inside of script, style and the like as raw text, so it is only left out. */
const silent = new Set([
  'script',
  'style',
  'noscript',
  'template',
  'iframe',
  'object',
  'noembed',
  'noframes',
  'title',
  'svg',
  'math',
  'select',
  'xml',
])
/** Elements that the next of their kind ends (HTML section 13.1.2.4), so that a hidden one without an end tag does not swallow the rest. */
const endsItself = new Set(['p', 'li', 'td', 'th', 'tr', 'dt', 'dd', 'option'])
const voids = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '))

/** Attribute values are looked at for links and for hiding; longer ones are data: URIs and the like. */
const attributeCharactersMax = 8192
/** Empty cells in a row that still keep their column. Wider gaps are lay-out. */
const emptyCellsMax = 20

/** What stands between the last text and the next; the strongest wins. */
type Gap = 'none' | 'space' | 'line' | 'cell'

class TextWriter {
  private readonly pieces: string[] = []
  private gap: Gap = 'none'
  private tabs = 0
  private started = false
  private pre = 0
  /** For every open table: cells begun in its row, and whether the row has text. */
  private readonly rows: { cells: number; text: boolean }[] = []
  length = 0

  text(text: string): void {
    if (this.pre > 0) {
      const lines = text.split(/\r\n?|\n/)
      lines.forEach((line, index) => {
        if (index > 0) this.write('\n')
        if (line !== '') this.words(line)
      })
      return
    }
    const plain = text.replace(/[\u00AD\u200B-\u200D\u2060\uFEFF]/g, '').replace(/[\s\u00A0]+/g, ' ')
    if (plain === '') return
    if (plain === ' ') {
      this.space()
      return
    }
    if (plain.startsWith(' ')) this.space()
    this.words(plain.trim())
    if (plain.endsWith(' ')) this.space()
  }

  private words(words: string): void {
    if (this.gap === 'cell') this.write('\t'.repeat(this.tabs))
    else if (this.gap === 'line' && this.started) this.write('\n')
    else if (this.gap === 'space' && this.started) this.write(' ')
    this.gap = 'none'
    this.tabs = 0
    this.started = true
    this.write(words)
    const row = this.rows.at(-1)
    if (row !== undefined) row.text = true
  }

  private write(text: string): void {
    this.pieces.push(text)
    this.length += text.length
  }

  space(): void {
    if (this.gap === 'none') this.gap = 'space'
  }

  /** A break of line; inside a cell that has no text yet it changes nothing, so that a name and its value stay on one line. */
  line(): void {
    if (this.gap !== 'cell') this.gap = 'line'
  }

  br(): void {
    if (this.gap === 'cell') return
    if (this.gap === 'line' && this.started) this.write('\n')
    this.gap = 'line'
  }

  openTable(): void {
    this.gap = 'line'
    this.tabs = 0
    this.rows.push({ cells: 0, text: false })
  }

  closeTable(): void {
    this.rows.pop()
    this.gap = 'line'
    this.tabs = 0
  }

  row(): void {
    const row = this.rows.at(-1)
    if (row !== undefined) {
      row.cells = 0
      row.text = false
    }
    this.gap = 'line'
    this.tabs = 0
  }

  cell(): void {
    const row = this.rows.at(-1)
    if (row === undefined) {
      this.line()
      return
    }
    row.cells++
    // The first cell begins a line; every further one is a tab away from it, as long as the row has text to be apart from.
    if (row.cells === 1) this.gap = 'line'
    else if (row.text || this.gap === 'cell') {
      this.gap = 'cell'
      this.tabs = Math.min(this.tabs + 1, emptyCellsMax)
    }
  }

  openPre(): void {
    this.pre++
    this.line()
  }

  closePre(): void {
    this.pre = Math.max(0, this.pre - 1)
    this.line()
  }

  done(): string {
    return storable(
      this.pieces
        .join('')
        .replace(/[ \t]+$/gm, '')
        .replace(/\n{3,}/g, '\n\n')
        .trim(),
    )
  }
}

/** Is it hidden from whoever reads the mail? Text that nobody sees is no evidence, and a way to smuggle. */
function hides(attributes: ReadonlyMap<string, string>): boolean {
  if (attributes.has('hidden')) return true
  const style = (attributes.get('style') ?? '').toLowerCase().replace(/\s+/g, '')
  return /display:none|visibility:hidden|mso-hide:all|font-size:0(?:px|pt|em|%)?(?:;|!|$)/.test(style)
}

function sameTarget(text: string, href: string): boolean {
  const bare = (value: string) =>
    value
      .trim()
      .toLowerCase()
      .replace(/^mailto:/, '')
      .replace(/^https?:\/\//, '')
      .replace(/\/$/, '')
  return bare(text) === bare(href)
}

/** Follows the tokens of one HTML text. Its state is a few counters: nothing is ever looked up among open elements. */
class HtmlReader {
  private readonly html: string
  private readonly writer = new TextWriter()
  private tag = ''
  private attribute = ''
  private value = ''
  private attributes = new Map<string, string>()
  private skipping: { readonly tag: string; depth: number } | null = null
  private link: { readonly href: string; text: string } | null = null

  constructor(html: string) {
    this.html = html
  }

  read(): string {
    const tokenizer = new Tokenizer({ decodeEntities: true }, this.callbacks())
    tokenizer.write(this.html)
    tokenizer.end()
    return this.writer.done()
  }

  private callbacks(): ConstructorParameters<typeof Tokenizer>[1] {
    const { html } = this
    const name = (start: number, end: number) =>
      html
        .slice(start, Math.min(end, start + 100))
        .trim()
        .toLowerCase()
    return {
      onattribdata: (start, end) => this.addValue(html.slice(start, Math.min(end, start + attributeCharactersMax))),
      onattribentity: (codePoint) => this.addValue(String.fromCodePoint(codePoint)),
      onattribend: () => {
        if (!this.attributes.has(this.attribute) && this.attributes.size < 100)
          this.attributes.set(this.attribute, this.value)
        this.value = ''
      },
      onattribname: (start, end) => {
        this.attribute = name(start, end)
        this.value = ''
      },
      oncdata: (start, end, offset) => this.say(html.slice(start, end - offset)),
      onclosetag: (start, end) => this.closed(name(start, end)),
      oncomment: () => undefined,
      ondeclaration: () => undefined,
      onend: () => this.closeLink(),
      onopentagend: () => this.opened(false),
      onopentagname: (start, end) => {
        this.tag = name(start, end)
        this.attributes = new Map()
      },
      onprocessinginstruction: () => undefined,
      onselfclosingtag: () => this.opened(voids.has(this.tag)),
      ontext: (start, end) => this.say(html.slice(start, end)),
      ontextentity: (codePoint) => this.say(String.fromCodePoint(codePoint)),
    }
  }

  private addValue(text: string): void {
    if (this.value.length < attributeCharactersMax) this.value += text
  }

  private say(text: string): void {
    if (this.skipping !== null) return
    if (this.link !== null && this.link.text.length < attributeCharactersMax) this.link.text += text
    this.writer.text(text)
  }

  private closeLink(): void {
    if (this.link === null) return
    const { href, text } = this.link
    this.link = null
    if (/^(?:https?|ftp|mailto):/i.test(href) && !sameTarget(text, href))
      this.writer.text(` <${href.replace(/[\s<>]+/g, '')}>`)
  }

  private opened(selfClosing: boolean): void {
    const { tag, attributes } = this
    if (this.skipping !== null && !(tag === this.skipping.tag && endsItself.has(tag))) {
      if (tag === this.skipping.tag && !selfClosing) this.skipping.depth++
      return
    }
    this.skipping = null
    if (!voids.has(tag) && !selfClosing && (silent.has(tag) || hides(attributes))) {
      this.skipping = { tag, depth: 1 }
      return
    }
    this.begin(tag, attributes)
  }

  private begin(tag: string, attributes: ReadonlyMap<string, string>): void {
    const { writer } = this
    if (tag === 'br') writer.br()
    else if (tag === 'table') writer.openTable()
    else if (tag === 'tr') writer.row()
    else if (tag === 'td' || tag === 'th') writer.cell()
    else if (tag === 'pre') writer.openPre()
    else if (tag === 'li') {
      writer.line()
      this.say('- ')
    } else if (tag === 'a') {
      this.closeLink()
      this.link = { href: (attributes.get('href') ?? '').trim(), text: '' }
    } else if (tag === 'img' && !hides(attributes)) this.say(attributes.get('alt') ?? '')
    else if (blocks.has(tag)) writer.line()
  }

  private closed(name: string): void {
    if (this.skipping !== null) {
      if (name === this.skipping.tag && --this.skipping.depth === 0) this.skipping = null
      return
    }
    if (name === 'a') this.closeLink()
    else if (name === 'table') this.writer.closeTable()
    else if (name === 'pre') this.writer.closePre()
    else if (name === 'tr' || name === 'li' || blocks.has(name)) this.writer.line()
  }
}

/**
 * HTML of a mail as text, in one pass without a tree: a line for a block, a tab between table cells ("name<TAB>value"), links as
 * "text <url>" where they differ, nothing of what is hidden, scripted or remote. Time is linear for any input.
 */
export function htmlToText(html: string): string {
  return new HtmlReader(html).read()
}

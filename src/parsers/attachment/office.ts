import type { Entry } from './archive.ts'
import { Blocked } from './block.ts'
import { apart, textOfMarkup } from './markup.ts'
import { plainText } from './plain.ts'

const asPdf = 'Remove it there, or attach the text alone.'
const words = { 'docProps/core.xml': 'author, dates and title', 'docProps/app.xml': 'program and company' } as const

/** Which office file these parts make, or null. */
export function officeKind(entries: readonly Entry[]): 'document' | 'workbook' | null {
  const has = (name: string) => entries.some((entry) => entry.name === name)
  if (!has('[Content_Types].xml')) return null
  if (has('word/document.xml')) return 'document'
  return has('xl/workbook.xml') ? 'workbook' : null
}

/** Throws Blocked for a presentation, a drawing or an OpenDocument file: read as loose files, formatting would break its words into pieces. */
export function refuseOtherOffice(entries: readonly Entry[]): void {
  const isOpenDocument = /opendocument|vnd\.sun\.xml/i.test(textOfPart(entries, 'mimetype'))
  const isContent =
    entries.some(({ name }) => name === 'content.xml') && entries.some(({ name }) => name === 'META-INF/manifest.xml')
  if (isOpenDocument || isContent || entries.some(({ name }) => name === '[Content_Types].xml'))
    throw new Blocked(
      'It is a presentation, a drawing or an OpenDocument file, which nobody here can look into.',
      'Save it as PDF, .docx or .xlsx.',
    )
}

/** Throws Blocked for what runs by itself, or fetches from elsewhere what nobody saw. */
export function refuseActive(entries: readonly Entry[]): void {
  const types = textOfPart(entries, '[Content_Types].xml')
  const macro = entries.find(({ name }) => /vbaProject|\/macrosheets\/|vbaData/i.test(name))
  if (macro !== undefined || /macroEnabled/i.test(types))
    throw new Blocked('It holds macros: a program that nobody looked into.', 'Save it without macros (.docx or .xlsx).')
  const active = entries.find(({ name }) => /\/(?:activeX|ctrlProps)\//i.test(name))
  if (active !== undefined) throw new Blocked(`It holds a control (${active.name}).`, asPdf)
}

function textOfPart(entries: readonly Entry[], name: string): string {
  return entries.find((entry) => entry.name === name)?.bytes.toString('utf8') ?? ''
}

const isProperty = (name: string) => name.startsWith('docProps/') || /(?:^|\/)printerSettings\d*\.bin$/.test(name)
const isXml = (name: string) => /\.(?:xml|rels|vml)$/i.test(name) || name === '[Content_Types].xml'

/**
 * The parts without what tells of who made the file: properties, small picture, printers, and the names of those who commented and changed.
 * Relations and types of what went go too, so that Word and Excel open it as whole.
 */
export function withoutProperties(entries: readonly Entry[]): {
  readonly entries: readonly Entry[]
  readonly stripped: readonly string[]
} {
  const stripped = new Set<string>()
  const kept: Entry[] = []
  for (const { name, bytes } of entries) {
    if (isProperty(name)) {
      if (name.endsWith('.rels')) continue
      stripped.add(
        name.startsWith('docProps/')
          ? (words[name as keyof typeof words] ?? 'other properties, small picture')
          : 'printer settings',
      )
      continue
    }
    if (!isXml(name)) {
      kept.push({ name, bytes })
      continue
    }
    const before = markupOf(name, bytes)
    const after = withoutNames(withoutRelations(before))
    if (after.named) stripped.add('names of who commented or changed')
    kept.push({ name, bytes: Buffer.from(after.text) })
  }
  return { entries: kept, stripped: [...stripped] }
}

function withoutRelations(text: string): string {
  return text
    .replace(
      /<Relationship\b[^>]*\/(?:metadata\/core-properties|extended-properties|custom-properties|metadata\/thumbnail|printerSettings)["'][^>]*\/>/g,
      '',
    )
    .replace(/<Override\b[^>]*PartName=["']\/docProps\/[^>]*\/>/g, '')
    .replace(/(<pageSetup\b[^>]*?)\s+r:id=(?:"[^"]*"|'[^']*')/g, '$1')
}

function withoutNames(text: string): { readonly text: string; readonly named: boolean } {
  let named = false
  const put = (before: string, name: string, after: string) => {
    named ||= name !== 'Author'
    return `${before}Author${after}`
  }
  const anonymous = text
    .replace(
      /\b((?:w|w15):(?:author|initials|userId))=(?:"([^"]*)"|'([^']*)')/g,
      (_all, key: string, one?: string, two?: string) => put(`${key}="`, one ?? two ?? '', '"'),
    )
    .replace(/(<author(?:\s[^>]*)?>)([^<]*)(<\/author>)/g, (_all, open: string, name: string, close: string) =>
      put(open, name, close),
    )
  return { text: anonymous, named }
}

/** XML of a part. Throws Blocked for one in an encoding that is not read: Office writes UTF-8. */
function markupOf(name: string, bytes: Buffer): string {
  const text = plainText(bytes)
  if (text === null) throw new Blocked(`${name} in it is no text, though it should be.`, asPdf)
  return text
}

/** Everything that can be read in the parts of XML; rows of a workbook with the texts that their cells share. */
export function textOfOffice(entries: readonly Entry[]): string {
  const shared = sharedTexts(textOfPart(entries, 'xl/sharedStrings.xml'))
  const used = new Set<number>()
  const cell = (type: string, value: string) => {
    if (type !== 's') return value
    used.add(Number(value))
    return shared[Number(value)] ?? value
  }
  const pieces = entries
    .filter(({ name }) => isXml(name) && name !== '[Content_Types].xml' && name !== 'xl/sharedStrings.xml')
    .map(({ name, bytes }) =>
      textOfMarkup(markupOf(name, bytes), true, name.startsWith('xl/worksheets/') ? { cell } : {}),
    )
  const unused = shared.filter((_text, index) => !used.has(index))
  return [...pieces, ...unused].filter((piece) => piece !== '').join(apart)
}

/** Texts that cells share, by their number: one for each item, empty ones too. */
function sharedTexts(source: string): string[] {
  return [...source.matchAll(/<si\b[^>]*?(?:\/>|>([\s\S]*?)<\/si>)/g)].map(([, inner]) =>
    textOfMarkup(inner ?? '', true),
  )
}

/** The parts that are no XML: pictures and files put into it. */
export function otherParts(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ name }) => !isXml(name))
}

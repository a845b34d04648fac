import {
  EncryptedPDFError,
  PDFArray,
  PDFDict,
  PDFDocument,
  PDFHexString,
  PDFName,
  type PDFObject,
  PDFRawStream,
  PDFRef,
  PDFStream,
  PDFString,
} from '@cantoo/pdf-lib'
import { extractText, getDocumentProxy } from 'unpdf'
import type { Inspected } from '../../model/attachment.ts'
import { Blocked } from './block.ts'
import { textCharsMax } from './limits.ts'
import { apart } from './markup.ts'
import { strippedJpeg } from './picture.ts'

/** A report of 500 pages has some 20,000 objects. */
const objectsMax = 100_000
const print = 'Print it to a new PDF without them, or attach the text alone.'

/** Entries that tell of who made a part of it, with what, and when; nothing shows them on a page. */
const properties = ['Metadata', 'PieceInfo', 'LastModified', 'Thumb'].map((name) => PDFName.of(name))
/** What runs, fetches, or is a file of its own. */
const active: readonly (readonly [PDFName, string])[] = [
  [PDFName.of('JS'), 'a script'],
  [PDFName.of('EF'), 'attached files'],
  [PDFName.of('XFA'), 'a form that is made while it is read (XFA)'],
  [PDFName.of('RichMedia'), 'sound or film'],
]

/**
 * Looks into a PDF: it is written anew with only what its pages reach, so that properties, earlier versions and remains go, and what is read is what
 * would leave. Its text layer and every other text in it are read; how its pages look is left to a person, since letters can be drawn.
 */
export async function inspectPdf(bytes: Uint8Array): Promise<Inspected> {
  try {
    const pdf = await opened(bytes)
    const found = reached(pdf)
    for (const one of found.objects) refuseActive(one)
    const pictures = found.objects.filter((one) => strippedInside(pdf, one)).length
    delete pdf.context.trailerInfo.Info
    for (const [ref] of pdf.context.enumerateIndirectObjects()) if (!found.refs.has(ref)) pdf.context.delete(ref)
    const made = await pdf.save({ useObjectStreams: false, addDefaultPage: false, updateFieldAppearances: false })
    const text = [await textLayer(made), ...found.objects.flatMap(textsOf)].join(apart)
    if (text.length > textCharsMax)
      throw new Blocked(`It has ${text.length} characters of text, which is too much.`, 'Attach the pages they need.')
    return {
      ...{ kind: 'pdf', type: 'application/pdf', bytes: made, text, isPlain: false },
      unread: ['the pages as they look'],
      stripped: [
        'properties (author, program, dates), XMP, earlier versions and remains',
        ...(pictures > 0 ? ['EXIF and the like of its pictures'] : []),
      ],
    }
  } catch (error) {
    if (error instanceof Blocked) return error.asValue()
    throw error
  }
}

async function opened(bytes: Uint8Array): Promise<PDFDocument> {
  try {
    return await PDFDocument.load(bytes, { updateMetadata: false, throwOnInvalidObject: true })
  } catch (error) {
    if (error instanceof EncryptedPDFError)
      throw new Blocked('It is a PDF with a password or rights.', 'Save it without, or attach the text alone.')
    throw new Blocked('It is a PDF that is broken.', 'Print it to a new PDF, or attach the text alone.')
  }
}

type Reached = { readonly refs: ReadonlySet<PDFRef>; readonly objects: readonly PDFObject[] }

/** Everything that can be reached from the catalogue, with properties already left out. */
function reached(pdf: PDFDocument): Reached {
  const { context } = pdf
  const refs = new Set<PDFRef>()
  const objects: PDFObject[] = []
  const waiting: PDFObject[] = [context.trailerInfo.Root ?? pdf.catalog]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next instanceof PDFRef) {
      if (refs.has(next)) continue
      refs.add(next)
      const object = context.lookup(next)
      if (object !== undefined) waiting.push(object)
      continue
    }
    objects.push(next)
    if (objects.length > objectsMax * 10 || refs.size > objectsMax)
      throw new Blocked('It has too many objects.', 'Attach the pages they need.')
    const dict = next instanceof PDFStream ? next.dict : next
    if (dict instanceof PDFArray) waiting.push(...dict.asArray())
    if (!(dict instanceof PDFDict)) continue
    for (const name of properties) dict.delete(name)
    waiting.push(...dict.values())
  }
  return { refs, objects }
}

function refuseActive(object: PDFObject): void {
  const dict = object instanceof PDFStream ? object.dict : object
  if (!(dict instanceof PDFDict)) return
  const found = active.find(([name]) => dict.has(name))
  if (found !== undefined) throw new Blocked(`It is a PDF with ${found[1]}.`, print)
  const kind = dict.get(PDFName.of('S'))
  if (kind === PDFName.of('Launch') || kind === PDFName.of('JavaScript'))
    throw new Blocked('It is a PDF that starts something.', print)
}

/** Takes EXIF out of a JPEG in it; true where there was any. Throws Blocked for a picture in a form that carries more than the picture. */
function strippedInside(pdf: PDFDocument, object: PDFObject): boolean {
  if (!(object instanceof PDFRawStream)) return false
  const filter = object.dict.lookup(PDFName.of('Filter'))
  const last = filter instanceof PDFArray ? filter.asArray().at(-1) : filter
  if (last === PDFName.of('JPXDecode')) throw new Blocked('It is a PDF with a JPEG 2000 picture.', print)
  if (last !== PDFName.of('DCTDecode')) return false
  if (filter instanceof PDFArray && filter.size() > 1)
    throw new Blocked('It is a PDF with a picture that is packed twice.', print)
  const made = strippedJpeg(Buffer.from(object.contents))
  if (made.stripped.length === 0) return false
  const ref = pdf.context.getObjectRef(object)
  if (ref === undefined) throw new Blocked('It is a PDF that is broken.', print)
  object.dict.delete(PDFName.of('Length'))
  pdf.context.assign(ref, PDFRawStream.of(object.dict, made.bytes))
  return true
}

/** Texts of notes, fields, bookmarks, links and what is said for those who do not see. */
function textsOf(object: PDFObject): string[] {
  if (!(object instanceof PDFString || object instanceof PDFHexString)) return []
  const text = object.decodeText()
  return /[\p{L}\p{N}]{3}/u.test(text) ? [text] : []
}

async function textLayer(bytes: Uint8Array): Promise<string> {
  const pdf = await getDocumentProxy(new Uint8Array(bytes), {
    useSystemFonts: false,
    verbosity: 0,
  })
  const { text } = await extractText(pdf, { mergePages: false })
  return text.join(apart)
}

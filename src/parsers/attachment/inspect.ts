import type { AttachmentKind, Inspected } from '../../model/attachment.ts'
import { type Budget, type Entry, unzip, zip } from './archive.ts'
import { Blocked } from './block.ts'
import { dataInText } from './data-in-text.ts'
import { depthMax, partsMax, pdfsMax, textCharsMax, unpackedBytesMax } from './limits.ts'
import { type MailApart, mailAnew } from './mail.ts'
import { apart, textOfMarkup } from './markup.ts'
import { officeKind, otherParts, refuseActive, refuseOtherOffice, textOfOffice, withoutProperties } from './office.ts'
import { isJpeg, isPng, strippedJpeg, strippedPng } from './picture.ts'
import { plainText } from './plain.ts'

type Apart = {
  readonly mail: (bytes: Buffer) => MailApart
  /** Never throws: what cannot be looked into is blocked. */
  readonly pdf: (bytes: Uint8Array) => Promise<Inspected>
}

type Looked = {
  readonly kind: AttachmentKind
  readonly type: string
  readonly bytes: Buffer
  readonly text: string
  readonly unread: readonly string[]
  readonly isPlain: boolean
  readonly stripped: readonly string[]
}
type Looking = Apart & { readonly budget: Budget }
type Inner = { readonly name: string; readonly looked: Looked }

/**
 * Looks into a file: what it is by its bytes, all that can be read in it, what cannot be, and its bytes without what tells of who made it. A kind that
 * cannot be looked into, or that goes over a limit, is blocked with the reason.
 */
export async function inspectFile(name: string, bytes: Uint8Array, reading: Apart): Promise<Inspected> {
  try {
    const budget = { bytesLeft: unpackedBytesMax, partsLeft: partsMax, pdfsLeft: pdfsMax }
    const looked = await look({ name, bytes: Buffer.from(bytes) }, 0, { ...reading, budget })
    if (looked.text.length > textCharsMax)
      throw new Blocked(
        `It has ${looked.text.length.toLocaleString('en')} characters of text; up to ${textCharsMax.toLocaleString('en')} are looked through.`,
        'Attach the part that they need.',
      )
    return looked
  } catch (error) {
    if (error instanceof Blocked) return error.asValue()
    throw error
  }
}

async function look(file: Entry, depth: number, looking: Looking): Promise<Looked> {
  const { name, bytes } = file
  if (depth > depthMax)
    throw new Blocked(`Files lie more than ${depthMax} deep in each other.`, 'Attach the inner files themselves.')
  if (bytes.length === 0) return { ...plain, kind: 'text', type: 'text/plain', bytes, text: '' }
  if (isPng(bytes)) return picture(name, 'image/png', strippedPng(bytes))
  if (isJpeg(bytes)) return picture(name, 'image/jpeg', strippedJpeg(bytes))
  if (bytes.length > 21 && bytes.readUInt16BE(0) === 0x504b) return packed(bytes, depth, looking)
  if (bytes.toString('latin1', 0, 5) === '%PDF-') return pdf(file, depth, looking)
  const foreign = foreignKind(bytes)
  if (foreign !== null) throw new Blocked(`${foreign}, which nobody here can look into.`, other)
  const text = plainText(bytes)
  if (text === null) throw new Blocked('It is of a kind that nobody here can look into.', other)
  if (/-----BEGIN (?:PGP MESSAGE|PKCS7|CMS)-----/.test(text))
    throw new Blocked('It is encrypted: nobody here can look into it.', 'Attach what it says, unencrypted.')
  const isPage = /^\s*(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)\b/i.test(text) || /\.x?html?$/i.test(name)
  if (!isPage && isMail(name, text)) return mail(bytes, depth, looking)
  const cleared = readable(name, bytes, text)
  return isPage
    ? { ...opaque, kind: 'web-page', type: 'text/html', ...cleared, text: page(cleared.text) }
    : { ...plain, kind: 'text', type: typeOfText(name), ...cleared }
}

type Readable = Pick<Looked, 'text' | 'bytes' | 'unread' | 'stripped'>

/** A text, with what pictures written into it say beside the picture taken out. */
function readable(name: string, bytes: Buffer, text: string): Readable {
  const found = dataInText(bytes, text)
  const isSame = found.bytes === bytes
  return {
    ...{ bytes: found.bytes, stripped: found.stripped, text: isSame ? text : (plainText(found.bytes) ?? text) },
    unread: found.unread ? [`data written as letters in ${name}`] : [],
  }
}

const other = 'Attach it as text, CSV, JSON, a web page, a mail, .docx, .xlsx, PDF, PNG or JPEG, or a ZIP of those.'
const plain = { unread: [], isPlain: true, stripped: [] }
const opaque = { unread: [], isPlain: false, stripped: [] }

function typeOfText(name: string): string {
  if (/\.csv$/i.test(name)) return 'text/csv'
  return /\.json$/i.test(name) ? 'application/json' : 'text/plain'
}

/** The source, with all its attributes, scripts and comments, and how it reads. */
const page = (source: string): string => `${source}${apart}${textOfMarkup(source, false)}`

/** Kinds that are known and closed, to say so; by their first bytes. */
function foreignKind(bytes: Buffer): string | null {
  const begins = bytes.toString('latin1', 0, 1024)
  if (begins.includes('%PDF-')) return 'It is a PDF behind other data'
  if (begins.startsWith('\xd0\xcf\x11\xe0')) return 'It is a file of old Office or Outlook, or one with a password'
  if (/^(?:\x1f\x8b|7z\xbc\xaf|Rar!|BZh|\xfd7zXZ|\x28\xb5\x2f\xfd)/.test(begins))
    return 'It is an archive other than ZIP'
  if (/^(?:GIF8|BM|RIFF|II\*\0|MM\0\*)/.test(begins)) return 'It is a picture other than PNG or JPEG'
  if (/^(?:MZ|\x7fELF|\xcf\xfa\xed\xfe)/.test(begins)) return 'It is a program'
  if (begins.startsWith('\x78\x9f\x3e\x22')) return 'It is a winmail.dat of Outlook (TNEF)'
  // DER of a SEQUENCE with an object identifier first: a signature, an envelope, a chain of certificates.
  if (/^\x30(?:\x80|[\x81-\x84][^]{1,4}?)\x06\x09\x2a\x86\x48/.test(begins))
    return 'It is a signature, a certificate store or encrypted (PKCS)'
  // Behind blanks or the mark of UTF-8 it is still opened as one.
  return /^(?:\xef\xbb\xbf)?\s*\{\\rt/.test(begins) ? 'It is an RTF document' : null
}

function picture(name: string, type: string, made: { bytes: Buffer; stripped: readonly string[] }): Looked {
  return { ...opaque, kind: 'picture', type, text: '', bytes: made.bytes, stripped: made.stripped, unread: [name] }
}

const office = 'application/vnd.openxmlformats-officedocument.'
const officeTypes = {
  document: `${office}wordprocessingml.document`,
  workbook: `${office}spreadsheetml.sheet`,
}

/** Written anew wherever it lies. What keeps it here says which file it is. */
async function pdf({ name, bytes }: Entry, depth: number, { pdf: read, budget }: Looking): Promise<Looked> {
  budget.pdfsLeft -= 1
  if (budget.pdfsLeft < 0)
    throw new Blocked(`There are more than ${pdfsMax} PDFs in it.`, 'Attach only those that are needed.')
  const made = await read(bytes)
  if (made.kind === 'blocked') throw new Blocked(depth === 0 ? made.why : `${name}: ${made.why}`, made.next)
  return { ...made, bytes: Buffer.from(made.bytes) }
}

async function lookInside(entries: readonly Entry[], depth: number, looking: Looking): Promise<readonly Inner[]> {
  const inner: Inner[] = []
  for (const entry of entries) inner.push({ name: entry.name, looked: await look(entry, depth + 1, looking) })
  return inner
}

async function packed(bytes: Buffer, depth: number, looking: Looking): Promise<Looked> {
  const entries = unzip(bytes, looking.budget)
  const kind = officeKind(entries)
  if (kind === null) refuseOtherOffice(entries)
  if (kind === null) return archive(entries, depth, looking)
  refuseActive(entries)
  const bare = withoutProperties(entries)
  const inner = await lookInside(otherParts(bare.entries), depth, looking)
  const changed = new Map(inner.map(({ name, looked }) => [name, looked.bytes]))
  return {
    ...{ kind, type: officeTypes[kind], isPlain: false },
    bytes: zip(bare.entries.map(({ name, bytes: own }) => ({ name, bytes: changed.get(name) ?? own }))),
    ...together(inner, textOfOffice(bare.entries), bare.stripped),
  }
}

async function archive(entries: readonly Entry[], depth: number, looking: Looking): Promise<Looked> {
  const inner = await lookInside(entries, depth, looking)
  return {
    ...{ kind: 'archive', type: 'application/zip', isPlain: false },
    bytes: zip(inner.map(({ name, looked }) => ({ name, bytes: looked.bytes }))),
    ...together(inner, '', ['dates, comments and anything between the packed files']),
  }
}

/** Text of a file and of what is in it, each under its name; names are looked through like everything else. */
function together(
  inner: readonly Inner[],
  own: string,
  stripped: readonly string[],
): Pick<Looked, 'text' | 'unread' | 'stripped'> {
  return {
    text: [own, ...inner.map(({ name, looked }) => `${name}${apart}${looked.text}`)]
      .filter((one) => one !== '')
      .join(apart),
    unread: inner.flatMap(({ name, looked }) =>
      looked.unread.map((one) => (one === name || looked.kind === 'picture' ? name : `${name}/${one}`)),
    ),
    stripped: [...new Set([...stripped, ...inner.flatMap(({ looked }) => looked.stripped)])],
  }
}

/** By its name, or by two fields of a header at its very beginning. */
function isMail(name: string, text: string): boolean {
  if (/\.(?:eml|mht|mhtml)$/i.test(name)) return true
  const [head = ''] = text.slice(0, 64 * 1024).split(/\r?\n\r?\n/, 1)
  const fields = head.match(/^(?:from|to|subject|date|received|message-id|mime-version|content-type|return-path):/gim)
  return /^[\w-]+:/.test(head) && (fields?.length ?? 0) >= 2
}

/** Its parts are looked into like files of an archive; what is taken out of one is taken out of the mail. */
async function mail(bytes: Buffer, depth: number, looking: Looking): Promise<Looked> {
  const taken = looking.mail(bytes)
  const { head, parts, problem } = taken
  if (problem !== null) throw new Blocked(`The mail is not whole: ${problem}.`, 'Attach its text, or save it anew.')
  looking.budget.partsLeft -= parts.length
  if (looking.budget.partsLeft < 0) throw new Blocked('The mail has too many parts.', 'Attach only what is needed.')
  const inner = await lookInside(parts, depth, looking)
  const anew = inner.map(({ name, looked }) => ({ name, bytes: looked.bytes, stripped: looked.stripped }))
  const made = mailAnew(bytes, taken, anew, looking.mail)
  const told = together(inner, head, [])
  // What was not changed carried nothing: an archive that is packed as we pack it.
  const stripped = made === bytes ? [] : told.stripped
  return { ...opaque, kind: 'mail', type: 'message/rfc822', bytes: made, ...told, stripped }
}

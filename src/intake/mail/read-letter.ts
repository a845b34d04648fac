import { Buffer } from 'node:buffer'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import type { Attachment, DeliveryStatus, Letter, Mailbox, TextPart } from '../../model/letter.ts'
import { mailBytesMax } from '../../model/message.ts'
import { mailboxesOf } from './addresses.ts'
import { autoKindOf } from './auto-kind.ts'
import { decodeText, storable } from './charset.ts'
import { readDeliveryStatus } from './delivery-status.ts'
import type { Field, Parameters } from './header-fields.ts'
import { decodeWords, lastOf, parseParameters, unfold } from './header-fields.ts'
import { htmlToText } from './html-text.ts'
import {
  addressesMax,
  headersMax,
  htmlBytesMax,
  lettersCharactersMax,
  referencesMax,
  signaturesMax,
  statusRecipientsMax,
  textAttachmentBytesMax,
  textBytesMax,
} from './limits.ts'
import { mailDate } from './mail-date.ts'
import type { MimePart } from './mime-tree.ts'
import { readMimeTree } from './mime-tree.ts'
import { decodeTransfer } from './transfer-encoding.ts'

/**
 * Fields that a mail has once. With a second one, what was signed and what is shown can be two different things (seen with every
 * parser tried), so authentication refuses such a mail.
 */
export const onlyOnce = [
  'from',
  'subject',
  'date',
  'to',
  'reply-to',
  'message-id',
  'content-type',
  'content-transfer-encoding',
  'mime-version',
  'in-reply-to',
  'references',
] as const

/** Which of them came more than once. */
export function doubledFields(fields: readonly Field[]): string[] {
  return onlyOnce.filter((name) => fields.filter((field) => field.name === name).length > 1)
}

/** The fields of a mail's own header, bounded by `headerBytesMax`, whether the header was longer than that, and how many lines it has. */
export function headerOf(bytes: Uint8Array): { fields: readonly Field[]; cut: boolean; lines: number } {
  const { root, headerCut } = readMimeTree(headOnly(mailStart(asBuffer(bytes))))
  const lines = root.fields.reduce((sum, field) => sum + field.raw.split('\n').length, 0)
  return { fields: root.fields, cut: headerCut, lines }
}

function headOnly(bytes: Buffer): Buffer {
  const crlf = bytes.indexOf('\r\n\r\n')
  const lf = bytes.indexOf('\n\n')
  const end = Math.min(crlf < 0 ? bytes.length : crlf + 2, lf < 0 ? bytes.length : lf + 1)
  return bytes.subarray(0, end)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Passes over what some exports put before the mail: a byte order mark, empty lines, the "From " line of an mbox. */
function mailStart(bytes: Buffer): Buffer {
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  while (at < bytes.length && (bytes[at] === 0x0a || bytes[at] === 0x0d)) at++
  const head = bytes.subarray(at, at + 6).toString('latin1')
  if (head.startsWith('From ') || head === '>From ') {
    const end = bytes.indexOf(0x0a, at)
    if (end >= 0 && !/^>?From +:/.test(bytes.toString('latin1', at, Math.min(end, at + 20)))) at = end + 1
  }
  return at === 0 ? bytes : bytes.subarray(at)
}

/** Old Macintosh mail has lone CRs for line ends. Only when there is no LF at all: else a CR is just a character. */
function withLineFeeds(bytes: Buffer): Buffer {
  if (bytes.includes(0x0a) || !bytes.includes(0x0d)) return bytes
  return Buffer.from(bytes.toString('latin1').replaceAll('\r', '\n'), 'latin1')
}

/** Throws Trouble('input.invalid') for what cannot be a mail: nothing at all, or binary data without a single header. */
function refuseWhatIsNoMail(bytes: Uint8Array, fields: readonly Field[], body: Buffer): void {
  if (fields.length > 0) return
  const sample = body.subarray(0, 4096)
  if (bytes.length === 0 || sample.includes(0))
    throw new Trouble('input.invalid', { problem: 'this is no mail: it has no header' })
}

/** Message-IDs in a header, without their angle brackets. */
function messageIds(value: string | null, max: number): string[] {
  if (value === null) return []
  const bracketed = [...value.matchAll(/<([^<>\s]{1,998})>/g)].map((found) => found[1] as string)
  const ids = bracketed.length > 0 ? bracketed : value.split(/\s+/).filter((word) => word.includes('@'))
  return [...new Set(ids)].slice(0, max).map((id) => storable(decodeWords(id)))
}

function boxes(fields: readonly Field[], name: string, warnings: Set<string>): Mailbox[] {
  const raw = fields
    .filter((field) => field.name === name)
    .map((field) => field.raw)
    .join(', ')
  if (raw === '') return []
  const { mailboxes, more } = mailboxesOf(raw, addressesMax)
  if (more) warnings.add(`more than ${addressesMax} addresses in ${name}`)
  return mailboxes.filter((mailbox) => mailbox.address !== '')
}

/** The author: of the last From (the one a signature counts first), the first mailbox that has an address. */
function authorOf(fields: readonly Field[], warnings: Set<string>): Mailbox | null {
  const raw = fields.findLast((field) => field.name === 'from')?.raw
  if (raw === undefined) {
    warnings.add('no From')
    return null
  }
  const { mailboxes } = mailboxesOf(raw, addressesMax)
  const addressed = mailboxes.filter((mailbox) => mailbox.address.includes('@'))
  if (addressed.length > 1) warnings.add(`From names ${addressed.length} addresses`)
  const author = addressed[0] ?? mailboxes[0] ?? null
  if (author === null || !author.address.includes('@')) warnings.add('From without an address')
  return author
}

type Gathered = {
  readonly parts: TextPart[]
  readonly attachments: Attachment[]
  characters: number
  status: DeliveryStatus | null
  about: string | null
  readonly warnings: Set<string>
}

function keepText(gathered: Gathered, path: string, type: string, text: string): void {
  const room = lettersCharactersMax - gathered.characters
  if (text.length > room)
    gathered.warnings.add(`more than ${lettersCharactersMax / 1024 / 1024} MB of text; the rest is left out`)
  const kept = text.length > room ? text.slice(0, room).toWellFormed() : text
  gathered.characters += kept.length
  if (kept !== '' || text === '') gathered.parts.push({ path, type, text: kept })
}

/** RFC 3676: a line that ends in a blank flows into the next of the same quote depth, so that no URL stays cut. */
export function unflow(text: string, deleteSpace: boolean): string {
  const out: string[] = []
  let flowing = false
  let depthBefore = ''
  for (const line of text.split('\n')) {
    const depth = /^>*/.exec(line)?.[0] ?? ''
    const stuffed = line.slice(depth.length).replace(/^ /, '')
    const flows = stuffed.endsWith(' ') && stuffed !== '-- '
    const body = flows && deleteSpace ? stuffed.slice(0, -1) : stuffed
    if (flowing && depth === depthBefore) out.push(body)
    else out.push(`${out.length === 0 ? '' : '\n'}${depth}${depth === '' ? '' : ' '}${body}`)
    flowing = flows
    depthBefore = depth
  }
  return out.join('')
}

function textOf(part: MimePart, decoded: Buffer, warnings: Set<string>): string {
  const isHtml = part.type.value === 'text/html' || part.type.value === 'application/xhtml+xml'
  const max = isHtml ? htmlBytesMax : textBytesMax
  if (decoded.length > max) warnings.add(`${isHtml ? 'HTML' : 'text'} cut at ${max / 1024 / 1024} MB`)
  const { text, warning } = decodeText(decoded.subarray(0, max), part.type.parameters.get('charset') ?? null)
  if (warning !== null) warnings.add(`part ${part.path}: ${warning}`)
  if (isHtml) return htmlToText(text)
  const lines = text.replace(/\r\n?/g, '\n')
  const flowed = (part.type.parameters.get('format') ?? '').toLowerCase() === 'flowed'
  return flowed ? unflow(lines, (part.type.parameters.get('delsp') ?? '').toLowerCase() === 'yes') : lines
}

function filenameOf(part: MimePart): string {
  const name = part.disposition.parameters.get('filename') ?? part.type.parameters.get('name') ?? ''
  return storable(decodeWords(name)).slice(0, 255)
}

function isJson(type: string): boolean {
  return type === 'application/json' || type.endsWith('+json') || type === 'application/x-ndjson'
}

/** Types that are text for us, wherever they stand. */
function isText(type: string): boolean {
  return (
    type.startsWith('text/') ||
    isJson(type) ||
    type === 'application/xml' ||
    type === 'application/xhtml+xml' ||
    type === 'message/delivery-status' ||
    type === 'message/disposition-notification'
  )
}

/** The head of a forwarded mail as text: who, whom, when, what about. */
function headText(fields: readonly Field[]): string {
  return ['from', 'to', 'cc', 'date', 'subject', 'message-id']
    .map((name) => [name, lastOf(fields, name)] as const)
    .filter((entry): entry is [string, string] => entry[1] !== null)
    .map(([name, value]) => `${name[0]?.toUpperCase()}${name.slice(1)}: ${decodeWords(value)}`)
    .join('\n')
}

function gatherForwarded(part: MimePart, gathered: Gathered): void {
  const inner = part.children[0]
  if (inner === undefined) return
  gathered.about ??= messageIds(lastOf(inner.fields, 'message-id'), 1)[0] ?? null
  keepText(gathered, `${part.path}.header`, 'text/rfc822-headers', headText(inner.fields))
  gather(inner, gathered)
}

/** Takes text parts and attachments out of the tree, in order. Archives are never opened: they are attachments like any other. */
function gather(part: MimePart, gathered: Gathered): void {
  const type = part.type.value
  if (type.startsWith('multipart/') && (part.children.length > 0 || part.body.length === 0)) {
    for (const child of part.children) gather(child, gathered)
    return
  }
  if (part.children.length > 0) {
    gatherForwarded(part, gathered)
    return
  }
  const { bytes, known } = decodeTransfer(part.body, part.encoding)
  if (!known)
    gathered.warnings.add(`part ${part.path}: unknown encoding "${part.encoding.slice(0, 40)}", kept as it came`)
  const filename = filenameOf(part)
  const attached = part.disposition.value === 'attachment' || (filename !== '' && type !== 'message/delivery-status')
  if (!isText(type) && !type.startsWith('multipart/')) {
    gathered.attachments.push({ path: part.path, filename, type, sizeBytes: bytes.length, sha256: sha256Hex(bytes) })
    return
  }
  if (attached) {
    gathered.attachments.push({ path: part.path, filename, type, sizeBytes: bytes.length, sha256: sha256Hex(bytes) })
    if (bytes.length > textAttachmentBytesMax)
      gathered.warnings.add(`attachment ${part.path} is larger than 1 MB and not read as text`)
    else keepText(gathered, `attachment:${part.path}`, type, textOf(part, bytes, gathered.warnings))
    return
  }
  if (type === 'message/delivery-status') {
    const status = readDeliveryStatus(bytes.toString('latin1', 0, textAttachmentBytesMax), null)
    const recipients = [...(gathered.status?.recipients ?? []), ...status.recipients].slice(0, statusRecipientsMax)
    gathered.status = { about: null, recipients }
  }
  if (type === 'text/rfc822-headers') gathered.about ??= messageIds(headerField(bytes, 'message-id'), 1)[0] ?? null
  keepText(gathered, part.path, type, textOf(part, bytes, gathered.warnings))
}

function headerField(bytes: Buffer, name: string): string | null {
  return lastOf(headerOf(bytes).fields, name)
}

function warnOfHeader(fields: readonly Field[], warnings: Set<string>): void {
  for (const name of doubledFields(fields)) {
    const count = fields.filter((field) => field.name === name).length
    warnings.add(`${count} ${titleOf(name)} headers`)
  }
  const signatures = fields.filter((field) => field.name === 'dkim-signature').length
  if (signatures > signaturesMax) warnings.add(`${signatures} DKIM signatures, more than ${signaturesMax}`)
  if (fields.length > headersMax) warnings.add(`${fields.length} headers; the first ${headersMax} are kept`)
}

function titleOf(name: string): string {
  if (name === 'message-id') return 'Message-ID'
  if (name === 'mime-version') return 'MIME-Version'
  return name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
}

/**
 * Bytes of a mail to a Letter. Pure and in linear time. Odd mail gives a Letter with warnings; only what cannot be a mail at all
 * throws Trouble('input.invalid'), and what is larger than 25 MiB Trouble('input.too-large').
 */
export function readLetter(input: Uint8Array): Letter {
  if (input.length > mailBytesMax) throw new Trouble('input.too-large', { bytes: input.length, bytesMax: mailBytesMax })
  const bytes = mailStart(withLineFeeds(asBuffer(input)))
  const tree = readMimeTree(bytes)
  const { fields } = tree.root
  refuseWhatIsNoMail(input, fields, bytes)
  const warnings = new Set<string>(tree.warnings)
  if (fields.length === 0) warnings.add('no header at all; read as text')
  warnOfHeader(fields, warnings)

  const subject = decodeWords(fields.findLast((field) => field.name === 'subject')?.raw ?? '')
  const gathered: Gathered = { parts: [], attachments: [], characters: 0, status: null, about: null, warnings }
  keepText(gathered, 'subject', 'text/plain', subject)
  gather(fields.length === 0 ? { ...tree.root, path: '1', body: bytes } : tree.root, gathered)
  return letterOf(fields, tree.root.type, subject, gathered)
}

/** The Letter of the header alone, for a mail whose body could not be read; `warning` says why. Never throws. */
export function readHead(input: Uint8Array, warning: string): Letter {
  const { fields } = headerOf(input)
  const warnings = new Set([warning])
  warnOfHeader(fields, warnings)
  const subject = decodeWords(fields.findLast((field) => field.name === 'subject')?.raw ?? '')
  const gathered: Gathered = { parts: [], attachments: [], characters: 0, status: null, about: null, warnings }
  keepText(gathered, 'subject', 'text/plain', subject)
  return letterOf(fields, parseParameters(lastOf(fields, 'content-type') ?? ''), subject, gathered)
}

function letterOf(fields: readonly Field[], type: Parameters, subject: string, gathered: Gathered): Letter {
  const { warnings } = gathered
  const from = authorOf(fields, warnings)
  const references = messageIds(lastOf(fields, 'references'), referencesMax)
  return {
    messageId: messageIds(lastOf(fields, 'message-id'), 1)[0] ?? null,
    inReplyTo: messageIds(lastOf(fields, 'in-reply-to'), 1)[0] ?? null,
    references,
    from,
    replyTo: boxes(fields, 'reply-to', warnings),
    to: boxes(fields, 'to', warnings),
    cc: boxes(fields, 'cc', warnings),
    subject,
    date: mailDate(unfold(lastOf(fields, 'date') ?? '')),
    headers: fields.slice(0, headersMax).map((field) => ({ name: field.name, value: decodeWords(field.raw) })),
    parts: gathered.parts,
    attachments: gathered.attachments,
    auto: autoKindOf(fields, type, subject, gathered.status !== null),
    deliveryStatus: gathered.status === null ? null : { ...gathered.status, about: gathered.about },
    warnings: [...warnings],
  }
}

import MailComposer from 'nodemailer/lib/mail-composer'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import type { LetterOut, Sealing } from '../../model/doors.ts'
import { type DkimKey, signMail } from './dkim.ts'
import { splitMail } from './headers.ts'
import { sealMail } from './seal.ts'
import { answerThreadIndex, threadTopic } from './thread-index.ts'

/** RFC 5322 allows 998 characters in a line; a subject is read in a list of tickets. */
const subjectCharsMax = 250
/** RFC 5322, 3.6.4 lets long chains be cut; the first (the thread's root) and the last ones are what clients use. */
const referencesMax = 20
/** Longer than any Message-ID seen; what is longer was made to do harm. */
const messageIdCharsMax = 250
const recipientsMax = 20

/** Every field that our mails have; there are no others, and each stands there once at most. */
// biome-ignore format: a table reads better in few lines
const ourFields = new Set([
  'from', 'to', 'subject', 'message-id', 'in-reply-to', 'references', 'date', 'mime-version', 'content-type', 'content-transfer-encoding',
  'content-disposition', 'thread-index', 'thread-topic',
])

/** One plain address: what stands in an envelope. Local part as RFC 5321 atoms, so that nothing needs quoting. */
export function isAddress(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}$/.test(text)
  )
}

/** "Security desk <desk@example.org>" or a bare address. */
export function addressIn(from: string): string {
  const address = /<([^<>]*)>\s*$/.exec(from)?.[1] ?? from.trim()
  if (!isAddress(address)) throw new Trouble('input.invalid', { field: 'mailOut.from', problem: 'is no mail address' })
  return address
}

/** One line without control characters. */
function line(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

/** Text with CRLF line ends and no other control characters; invisible direction marks go too: they can turn a sentence round. */
function plainBody(text: string): string {
  const clean = text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[^\P{Cc}\n\t]/gu, '')
  // Always ends a line: nodemailer leaves the text part out when there is no text at all.
  return `${clean.replace(/\n+$/, '')}\n`.replace(/\n/g, '\r\n')
}

/** What a reply or a pack has at most. */
const filesMax = 20
/** Names that no system reads in another way; longer ones are cut by some mail programs. */
const isFileName = (name: string) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) && !name.includes('..')
const isMediaType = (type: string) => /^[a-z]{1,20}\/[a-z0-9.+-]{1,80}$/.test(type)
const isMessageId = (id: string) => id.length <= messageIdCharsMax && /^[\x21-\x3b\x3d\x3f-\x7e]+$/.test(id)

function referencesOf(letter: LetterOut): string[] {
  const ids = [...new Set(letter.references.filter(isMessageId))]
  return ids.length <= referencesMax ? ids : [...ids.slice(0, 1), ...ids.slice(1 - referencesMax)]
}

/** What Outlook goes by, where their mail has it. The topic is our own subject, which was reviewed; nothing else of theirs is repeated. */
function outlookFields(letter: LetterOut, subject: string): Record<string, string> {
  if (letter.theirThreadIndex == null) return {}
  const random = Number.parseInt(sha256Hex(letter.messageId).slice(0, 2), 16)
  const index = answerThreadIndex(letter.theirThreadIndex, letter.date, random)
  return index === null ? {} : { 'Thread-Index': index, 'Thread-Topic': threadTopic(subject) }
}

/**
 * Makes the bytes of a mail: text, and its files beside it. The same letter always makes the same bytes (fixed
 * date, Message-ID and boundary). Nothing in the letter can add a field or a part: values are cleaned, and the result is
 * taken apart again and compared with the fields that it must have.
 */
export async function composeMail(letter: LetterOut, from: string, key: DkimKey | null): Promise<Buffer> {
  const bad = letter.to.find((address) => !isAddress(address))
  if (bad !== undefined || letter.to.length === 0 || letter.to.length > recipientsMax) {
    throw new Trouble('input.invalid', { field: 'to', problem: 'needs 1 to 20 plain mail addresses' })
  }
  const odd = letter.files.find(({ name, type }) => !isFileName(name) || !isMediaType(type))
  if (odd !== undefined || letter.files.length > filesMax)
    throw new Trouble('internal', { problem: 'a file of a mail of ours has a plain name and type', name: odd?.name })
  if (!isMessageId(letter.messageId)) throw new Trouble('internal', { problem: 'a Message-ID of ours must be one' })
  const references = referencesOf(letter)
  const reply = letter.inReplyTo !== null && isMessageId(letter.inReplyTo) ? { inReplyTo: `<${letter.inReplyTo}>` } : {}
  const subject = line(letter.subject.toWellFormed()).slice(0, subjectCharsMax).toWellFormed()
  const bytes = await new MailComposer({
    from: line(from),
    to: [...letter.to],
    subject,
    headers: outlookFields(letter, subject),
    messageId: `<${letter.messageId}>`,
    date: letter.date,
    ...reply,
    ...(references.length === 0 ? {} : { references: references.map((id) => `<${id}>`) }),
    text: plainBody(letter.text),
    textEncoding: 'quoted-printable',
    baseBoundary: sha256Hex(letter.messageId).slice(0, 24),
    disableFileAccess: true,
    disableUrlAccess: true,
    attachments: letter.files.map(({ name, type, content }) => ({
      filename: name,
      content: Buffer.from(content),
      contentType: type,
      contentTransferEncoding: 'base64' as const,
    })),
  })
    .compile()
    .build()
  assertOurs(bytes)
  return key === null ? bytes : signMail(bytes, key, letter.date)
}

/** The mail signed and, where there are keys to encrypt to, encrypted; DKIM goes over what leaves. `clear` is what its reader sees. */
export async function protectMail(
  letter: LetterOut,
  from: string,
  key: DkimKey | null,
  sealing: Sealing,
): Promise<{ readonly bytes: Buffer; readonly clear: Buffer }> {
  const clear = await composeMail(letter, from, null)
  const sealed = await sealMail(clear, sealing, letter.date)
  assertOurs(sealed)
  return { clear, bytes: key === null ? sealed : signMail(sealed, key, letter.date) }
}

function assertOurs(bytes: Buffer): void {
  const names = splitMail(bytes).headers.map((field) => field.name)
  const odd = names.filter((name, index) => !ourFields.has(name) || names.indexOf(name) !== index)
  if (odd.length > 0 || !names.includes('from') || !names.includes('message-id')) {
    throw new Trouble('internal', {
      problem: 'a mail of ours has fields that it must not have',
      fields: odd.slice(0, 5),
    })
  }
}

import { createRequire } from 'node:module'
import type * as outlook from '@kenjiuno/msgreader'
import type { FieldsData } from '@kenjiuno/msgreader'
import { sha256Hex } from '../../kit/digest.ts'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { Attachment, Letter, Mailbox, TextPart } from '../../model/letter.ts'
import { mailBytesMax } from '../../model/message.ts'
import { decodeText, storable } from './charset.ts'
import { htmlToText } from './html-text.ts'
import { addressesMax, htmlBytesMax, partsMax, textAttachmentBytesMax, textBytesMax } from './limits.ts'
import { mailDate } from './mail-date.ts'
import { readHead } from './read-letter.ts'

// CommonJS with its class under `default`, which loaders hand over differently: require is the same in all of them.
type Outlook = { readonly default: (typeof outlook)['default']['default'] }
const { default: MsgReader } = createRequire(import.meta.url)('@kenjiuno/msgreader') as Outlook

function mailbox(name: string | undefined, ...addresses: (string | undefined)[]): Mailbox | null {
  // "/O=EXCHANGE/..." is the address of an Exchange directory, not one that mail can be sent to.
  const address = addresses.find((candidate) => candidate?.includes('@')) ?? ''
  if (address === '' && (name ?? '') === '') return null
  return { name: storable(name ?? ''), address: storable(address) }
}

function recipients(message: FieldsData, kind: 'to' | 'cc'): Mailbox[] {
  return (message.recipients ?? [])
    .filter((recipient) => (recipient.recipType ?? 'to') === kind)
    .map((recipient) => mailbox(recipient.name, recipient.smtpAddress, recipient.email))
    .filter((box): box is Mailbox => box !== null)
    .slice(0, addressesMax)
}

function htmlOf(message: FieldsData): string {
  if (message.bodyHtml !== undefined) return message.bodyHtml.slice(0, htmlBytesMax)
  if (message.html === undefined) return ''
  const codePage = message.internetCodepage ?? message.messageCodepage
  const charset =
    codePage === undefined || codePage === 65001
      ? null
      : codePage === 20127
        ? 'us-ascii'
        : codePage === 28591
          ? 'iso-8859-1'
          : `cp${codePage}`
  return decodeText(message.html.subarray(0, htmlBytesMax), charset).text
}

const textName = /\.(?:txt|csv|json|log|xml|html?)$/i

function typeOf(attachment: FieldsData, name: string): string {
  const said = (attachment.attachMimeTag ?? '').toLowerCase()
  if (said !== '') return said
  if (/\.json$/i.test(name)) return 'application/json'
  if (/\.html?$/i.test(name)) return 'text/html'
  return textName.test(name) ? 'text/plain' : 'application/octet-stream'
}

function gatherAttachments(
  reader: InstanceType<typeof MsgReader>,
  message: FieldsData,
  parts: TextPart[],
  warnings: string[],
): Attachment[] {
  const attachments: Attachment[] = []
  for (const [index, entry] of (message.attachments ?? []).slice(0, partsMax).entries()) {
    const path = String(index + 3)
    if (entry.innerMsgContentFields !== undefined) {
      const inner = entry.innerMsgContentFields
      const head = [
        `From: ${inner.senderName ?? ''} <${inner.senderSmtpAddress ?? inner.senderEmail ?? ''}>`,
        `Subject: ${inner.subject ?? ''}`,
      ].join('\n')
      parts.push({ path: `${path}.header`, type: 'text/rfc822-headers', text: storable(head) })
      parts.push({
        path: `${path}.1`,
        type: 'text/plain',
        text: storable((inner.body ?? '').slice(0, textBytesMax)).replace(/\r\n?/g, '\n'),
      })
      continue
    }
    let content: Uint8Array
    try {
      content = reader.getAttachment(entry).content
    } catch (error) {
      warnings.push(`attachment ${path} could not be read: ${wordsOf(error)}`)
      continue
    }
    const filename = storable(entry.fileName ?? entry.name ?? '').slice(0, 255)
    const type = typeOf(entry, filename)
    attachments.push({ path, filename, type, sizeBytes: content.length, sha256: sha256Hex(content) })
    const isText = type.startsWith('text/') || type === 'application/json' || textName.test(filename)
    if (!isText || content.length > textAttachmentBytesMax) continue
    const { text } = decodeText(content, null)
    parts.push({
      path: `attachment:${path}`,
      type,
      text: type === 'text/html' ? htmlToText(text) : text.replace(/\r\n?/g, '\n'),
    })
  }
  return attachments
}

/**
 * An Outlook .msg to a Letter: part "1" is its plain text, "2" its HTML as text, attachments count from "3". The header is the one the
 * mail came with, where Outlook kept it. Throws Trouble('input.invalid') for what is no .msg.
 */
export function readMsg(bytes: Uint8Array): Letter {
  if (bytes.length > mailBytesMax) throw new Trouble('input.too-large', { bytes: bytes.length, bytesMax: mailBytesMax })
  const reader = new MsgReader(new Uint8Array(bytes).buffer)
  let message: FieldsData
  try {
    message = reader.getFileData()
  } catch (error) {
    throw new Trouble('input.invalid', { problem: 'this Outlook file is damaged', why: wordsOf(error) }, error)
  }
  if (message.error !== undefined || message.dataType !== 'msg')
    throw new Trouble('input.invalid', { problem: 'this is no Outlook message' })

  const head =
    message.headers === undefined ? null : readHead(Buffer.from(message.headers), 'read from an Outlook file')
  const warnings = head === null ? ['read from an Outlook file that kept no mail header'] : head.warnings
  const subject = storable(message.subject ?? head?.subject ?? '')
  const parts: TextPart[] = [{ path: 'subject', type: 'text/plain', text: subject }]
  const body = storable((message.body ?? '').slice(0, textBytesMax)).replace(/\r\n?/g, '\n')
  if (body !== '') parts.push({ path: '1', type: 'text/plain', text: body })
  const html = htmlToText(htmlOf(message))
  if (html !== '') parts.push({ path: '2', type: 'text/html', text: html })
  if (body === '' && html === '' && message.compressedRtf !== undefined)
    warnings.push('its text is only there as RTF, which is not read')
  const attachments = gatherAttachments(reader, message, parts, warnings)
  const id = message.messageId?.replace(/^<|>$/g, '')
  return {
    messageId: head?.messageId ?? id ?? null,
    inReplyTo: head?.inReplyTo ?? null,
    references: head?.references ?? [],
    from:
      head?.from ??
      mailbox(message.senderName, message.senderSmtpAddress, message.sentRepresentingSmtpAddress, message.senderEmail),
    replyTo: head?.replyTo ?? [],
    to: head !== null && head.to.length > 0 ? head.to : recipients(message, 'to'),
    cc: head !== null && head.cc.length > 0 ? head.cc : recipients(message, 'cc'),
    subject,
    date: head?.date ?? mailDate(message.clientSubmitTime ?? message.messageDeliveryTime ?? ''),
    headers: head?.headers ?? [],
    parts,
    attachments,
    auto: head?.auto ?? 'none',
    deliveryStatus: null,
    warnings,
  }
}

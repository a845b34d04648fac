import { decodeText } from './charset.ts'
import { decodeWords, unfold } from './header-fields.ts'
import { type MimePart, readMimeTree } from './mime-tree.ts'
import { decodeTransfer } from './transfer-encoding.ts'

export type PartOut = {
  readonly name: string
  readonly bytes: Buffer
  /** Where its base64 stands in the mail, for whoever puts other bytes there; null for text, other encodings, and what lies in a part that was encoded itself. */
  readonly at: { readonly from: number; readonly to: number } | null
}

export type MailInParts = {
  /** Every header field decoded, and all bytes that belong to no part: raw header, text before and after the parts. */
  readonly head: string
  /** Parts that have content of their own, decoded; text is UTF-8. */
  readonly parts: readonly PartOut[]
  /** What could not be read as it is meant; null for a mail that was read whole. */
  readonly problem: string | null
}

/** Everything in a mail, for whoever has to look through all of it. Unlike a Letter nothing is left out, and what cannot be read is said. */
export function takeApart(bytes: Buffer): MailInParts {
  const { root, warnings } = readMimeTree(bytes)
  const leaves: MimePart[] = []
  const fields: string[] = []
  const walk = (part: MimePart) => {
    for (const field of part.fields) fields.push(`${field.name}: ${decodeWords(unfold(field.raw))}`)
    if (part.children.length === 0) leaves.push(part)
    else for (const child of part.children) walk(child)
  }
  walk(root)
  const unknown = leaves.find((part) => !decodeTransfer(part.body, part.encoding).known)
  const odd = leaves.some((part) => part.encoding === 'base64' && !isBase64(part.body))
  return {
    head: [...fields, besides(bytes, leaves)].join('\n\n'),
    parts: leaves.map((part) => contentOf(part, bytes)),
    problem:
      unknown !== undefined
        ? `a part is encoded as "${unknown.encoding}"`
        : odd
          ? 'between the letters of base64 stands something else'
          : (warnings[0] ?? null),
  }
}

function contentOf(part: MimePart, mail: Buffer): PartOut {
  const { bytes } = decodeTransfer(part.body, part.encoding)
  const named = part.disposition.parameters.get('filename') ?? part.type.parameters.get('name')
  const isText = part.type.value.startsWith('text/')
  const name =
    named === undefined ? `${part.path}.${part.type.value === 'text/html' ? 'html' : 'txt'}` : decodeWords(named)
  const charset = part.type.parameters.get('charset') ?? null
  if (isText) return { name, bytes: Buffer.from(decodeText(bytes, charset).text), at: null }
  const from = startIn(mail, part.body)
  return { name, bytes, at: part.encoding === 'base64' && from >= 0 ? { from, to: from + part.body.length } : null }
}

/** Programs differ in what they make of other letters in it, or behind its end; a person would see them and no detector. */
function isBase64(body: Buffer): boolean {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(body.toString('latin1').replace(/\s+/g, ''))
}

/** Where a body begins in the mail; -1 for one that lies elsewhere in memory, because a part around it was encoded. */
function startIn(mail: Buffer, body: Buffer): number {
  const from = body.byteOffset - mail.byteOffset
  return body.buffer === mail.buffer && from >= 0 && from + body.length <= mail.length ? from : -1
}

/** The bytes of no leaf. A part of a mail that was itself encoded lies elsewhere in memory, and is not cut out. */
function besides(bytes: Buffer, leaves: readonly MimePart[]): string {
  const pieces: string[] = []
  let at = 0
  for (const { body } of leaves) {
    const from = startIn(bytes, body)
    if (from < at || from > bytes.length) continue
    pieces.push(bytes.toString('utf8', at, from))
    at = from + body.length
  }
  pieces.push(bytes.toString('utf8', at))
  // Fields stand apart: a word at the end of one is not read on into the name of the next.
  return pieces.join('\n\n').replace(/\r?\n(?=[\w-]+:)/g, '\n\n')
}

import { decodeText } from './charset.ts'
import { decodeWords, unfold } from './header-fields.ts'
import { type MimePart, readMimeTree } from './mime-tree.ts'
import { decodeTransfer } from './transfer-encoding.ts'

export type MailInParts = {
  /** Every header field decoded, and all bytes that belong to no part: raw header, text before and after the parts. */
  readonly head: string
  /** Parts that have content of their own, decoded; text is UTF-8. */
  readonly parts: readonly { readonly name: string; readonly bytes: Buffer }[]
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
  return {
    head: [...fields, besides(bytes, leaves)].join('\n\n'),
    parts: leaves.map(contentOf),
    problem: unknown === undefined ? (warnings[0] ?? null) : `a part is encoded as "${unknown.encoding}"`,
  }
}

function contentOf(part: MimePart): { name: string; bytes: Buffer } {
  const { bytes } = decodeTransfer(part.body, part.encoding)
  const named = part.disposition.parameters.get('filename') ?? part.type.parameters.get('name')
  const isText = part.type.value.startsWith('text/')
  const name =
    named === undefined ? `${part.path}.${part.type.value === 'text/html' ? 'html' : 'txt'}` : decodeWords(named)
  const charset = part.type.parameters.get('charset') ?? null
  return { name, bytes: isText ? Buffer.from(decodeText(bytes, charset).text) : bytes }
}

/** The bytes of no leaf. A part of a mail that was itself encoded lies elsewhere in memory, and is not cut out. */
function besides(bytes: Buffer, leaves: readonly MimePart[]): string {
  const pieces: string[] = []
  let at = 0
  for (const { body } of leaves) {
    const from = body.buffer === bytes.buffer ? body.byteOffset - bytes.byteOffset : -1
    if (from < at || from > bytes.length) continue
    pieces.push(bytes.toString('utf8', at, from))
    at = from + body.length
  }
  pieces.push(bytes.toString('utf8', at))
  // Fields stand apart: a word at the end of one is not read on into the name of the next.
  return pieces.join('\n\n').replace(/\r?\n(?=[\w-]+:)/g, '\n\n')
}

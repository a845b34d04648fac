import { Buffer } from 'node:buffer'
import { wordsOf } from '../../kit/errors.ts'
import type { KeysToOpen, Opened, SealedSeen } from '../../model/doors.ts'
import type { MimePart } from './mime-tree.ts'
import { readMimeTree } from './mime-tree.ts'
import { decodeTransfer } from './transfer-encoding.ts'

/** Encrypted, inside signed, inside encrypted again is the deepest that RFC 2634 (triple wrapping) has. */
const layersMax = 3

/** One layer taken off: what was inside (a MIME entity with its own fields), or what stood in the way. */
export type Layer = {
  /** The entity inside; null: it could not be opened, or is not what was signed. */
  readonly inside: Buffer | null
  readonly seen: Partial<SealedSeen>
}

const unopened: Omit<SealedSeen, 'method'> = {
  ...{ encrypted: 'no', signature: 'none', problem: null, signer: null, signedAt: null, vouchers: [] },
}

type Kind = 'smime-envelope' | 'smime-signed' | 'pgp-encrypted' | 'pgp-signed'

function kindOf({ type }: MimePart): Kind | null {
  const { value, parameters } = type
  // "x-" is how Outlook wrote it before the registration.
  if (/^application\/(?:x-)?pkcs7-mime$/.test(value)) return 'smime-envelope'
  const protocol = parameters.get('protocol')?.toLowerCase() ?? ''
  if (value === 'multipart/signed' && /^application\/(?:x-)?pkcs7-signature$/.test(protocol)) return 'smime-signed'
  if (value === 'multipart/signed' && protocol === 'application/pgp-signature') return 'pgp-signed'
  if (value === 'multipart/encrypted' && protocol === 'application/pgp-encrypted') return 'pgp-encrypted'
  return null
}

/** True for a mail that is signed or encrypted as a whole, by its header alone. */
export function isSealed(bytes: Uint8Array): boolean {
  const mail = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return kindOf(readMimeTree(mail.subarray(0, headEnd(mail))).root) !== null
}

/**
 * Opens a mail that is encrypted to us and checks the signature over its content, layer by layer. What comes back as `bytes` is the mail with
 * exactly what was encrypted or signed inside, so that what is read is what was signed, and nothing beside it. Never throws for the mail's sake.
 */
export async function openSealed(bytes: Uint8Array, keys: KeysToOpen): Promise<Opened> {
  let mail: Buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let seen: SealedSeen | null = null
  let changed = false
  for (let layer = 0; layer < layersMax; layer++) {
    const { root } = readMimeTree(mail)
    const kind = kindOf(root)
    if (kind === null) break
    const taken = await takeOff(kind, mail, root, keys)
    seen = merged(seen, taken)
    if (taken.inside === null) break
    mail = withContent(mail, taken.inside)
    changed = true
  }
  return { bytes: changed ? new Uint8Array(mail) : null, seen }
}

/** What the outer layers said stays; the innermost signature is the one over what is read. */
function merged(before: SealedSeen | null, { seen }: Layer): SealedSeen {
  const known = before ?? { method: 'smime' as const, ...unopened }
  const problem = seen.problem ?? known.problem
  // A signature that does not hold is never replaced by one that does.
  const keeps = known.signature === 'broken' || known.signature === 'unchecked'
  return { ...known, ...seen, ...(keeps ? { signature: known.signature } : {}), problem }
}

async function takeOff(kind: Kind, mail: Buffer, root: MimePart, keys: KeysToOpen): Promise<Layer> {
  const method = kind.startsWith('pgp') ? ('openpgp' as const) : ('smime' as const)
  try {
    const { inside, seen } = await opened(kind, mail, root, keys)
    return { inside, seen: { ...seen, method } }
  } catch (error) {
    const problem = bounded(wordsOf(error))
    const isSigned = kind.endsWith('signed') || root.type.parameters.get('smime-type')?.toLowerCase() === 'signed-data'
    const seen = isSigned ? unchecked(problem).seen : { encrypted: 'broken' as const, problem }
    return { inside: null, seen: { ...seen, method } }
  }
}

/** The readers are loaded when first needed: a thread that only reads plain mail stays small. */
async function opened(kind: Kind, mail: Buffer, root: MimePart, keys: KeysToOpen): Promise<Layer> {
  if (kind === 'smime-envelope')
    return (await import('./smime.ts')).openEnvelope(decodeTransfer(root.body, root.encoding).bytes, keys)
  if (kind === 'pgp-encrypted') {
    // RFC 3156, section 4: the version stands in the first part, the message in the second.
    const [, message] = root.children
    if (message === undefined || root.children.length !== 2)
      return { inside: null, seen: { encrypted: 'broken', problem: 'its parts are not those of an encrypted mail' } }
    return (await import('./pgp.ts')).openPgp(decodeTransfer(message.body, message.encoding).bytes, keys)
  }
  const [signed, signature] = signedParts(mail, root)
  if (signed === null || signature === null)
    return unchecked('its parts are not those of a signed mail: one that is signed and one signature')
  if (kind === 'pgp-signed') return (await import('./pgp.ts')).checkPgp(signed, signature, keys)
  return (await import('./smime.ts')).checkDetached(signed, signature, keys)
}

/** What a library says of a structure may repeat a piece of it. */
const bounded = (problem: string): string => problem.slice(0, 300).toWellFormed()

export function unchecked(problem: string): Layer {
  return { inside: null, seen: { signature: 'unchecked', problem: bounded(problem) } }
}

/** The bytes of the first part with its fields, exactly as they were signed, and the signature, decoded. */
function signedParts(mail: Buffer, root: MimePart): readonly [Buffer | null, Buffer | null] {
  const [, second] = root.children
  const boundary = root.type.parameters.get('boundary')?.trimEnd() ?? ''
  if (root.children.length !== 2 || second === undefined || boundary === '') return [null, null]
  const first = rawPart(mail, boundary)
  return [first, decodeTransfer(second.body, second.encoding).bytes]
}

/** Between the first two delimiter lines of this boundary, without the line break that belongs to the second (RFC 2046, section 5.1.1). */
function rawPart(mail: Buffer, boundary: string): Buffer | null {
  const delimiter = `--${boundary}`
  let at = headEnd(mail)
  let start = -1
  while (at < mail.length) {
    const found = mail.indexOf(delimiter, at)
    if (found < 0) return null
    const newline = mail.indexOf(0x0a, found)
    const lineEnd = newline < 0 ? mail.length : newline + 1
    const isLine = found === 0 || mail[found - 1] === 0x0a
    const rest = mail.toString('latin1', found + delimiter.length, Math.min(lineEnd, found + delimiter.length + 100))
    at = lineEnd
    if (!isLine || !/^(?:--)?[ \t]*\r?\n?$/.test(rest)) continue
    if (start < 0) {
      start = lineEnd
      continue
    }
    const end = found - (mail[found - 2] === 0x0d ? 2 : 1)
    return end < start ? null : mail.subarray(start, end)
  }
  return null
}

function headEnd(mail: Buffer): number {
  const crlf = mail.indexOf('\r\n\r\n')
  const lf = mail.indexOf('\n\n')
  return Math.min(crlf < 0 ? mail.length : crlf + 4, lf < 0 ? mail.length : lf + 2)
}

/** The header of the mail without the fields of its content, and instead of its content the entity with fields of its own. */
function withContent(mail: Buffer, entity: Buffer): Buffer {
  const head = mail.toString('latin1', 0, headEnd(mail)).replace(/\r?\n\r?\n$/, '\r\n')
  const outer = head.replace(/^content-[^\n]*\n(?:[ \t][^\n]*\n)*/gim, '')
  // An entity may begin with an empty line: then it has no fields.
  return Buffer.concat([Buffer.from(outer, 'latin1'), contentOf(entity)])
}

/** Of the fields inside only those of the content count: a From in there would be taken for the mail's own. */
function contentOf(entity: Buffer): Buffer {
  if (entity[0] === 0x0a || (entity[0] === 0x0d && entity[1] === 0x0a)) return entity
  const end = headEnd(entity)
  const head = entity.toString('latin1', 0, end)
  const fields = head.match(/^content-[^\n]*(?:\n[ \t][^\n]*)*/gim) ?? []
  return Buffer.concat([
    Buffer.from(`${fields.map((one) => one.trimEnd()).join('\r\n')}\r\n\r\n`, 'latin1'),
    entity.subarray(end),
  ])
}

import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'

/** A note has to be held whole; this takes some hundred signatures, sixteen is what the format asks for. */
export const noteBytesMax = 64 * 1024

/** Ed25519, the only algorithm we sign with and accept (C2SP signed-note, signature types). */
const ed25519Type = 1

/** DER in front of the 32 bytes of an Ed25519 public key (RFC 8410). */
const spkiHead = Buffer.from('302a300506032b6570032100', 'hex')

/** The public half of a key with the name it signs under. `text` is the C2SP verifier key: name+id+base64. */
export type VerifierKey = {
  readonly name: string
  readonly id: number
  readonly publicKey: KeyObject
  readonly text: string
}

/** What can be the name of a key: it stands in a line between spaces, before a plus. */
const keyName = /^[^\s+\p{Z}\p{Cc}]{1,200}$/u

/** Names what is public of an Ed25519 key. Throws when the name cannot stand in a note. */
export function verifierKeyOf(name: string, publicKey: KeyObject): VerifierKey {
  if (!keyName.test(name)) throw new RangeError(`"${name}" cannot be the name of a key`)
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(spkiHead.length)
  const typed = Buffer.concat([Buffer.from([ed25519Type]), raw])
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), typed]), 'buffer').readUInt32BE(0)
  return { name, id, publicKey, text: `${name}+${id.toString(16).padStart(8, '0')}+${typed.toString('base64')}` }
}

/** Reads a C2SP verifier key; null when it is none, or of another algorithm. */
export function readVerifierKey(text: string): VerifierKey | null {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u.exec(text)
  const typed = Buffer.from(match?.[3] ?? '', 'base64')
  if (
    !match?.[1] ||
    !keyName.test(match[1]) ||
    typed.length !== 33 ||
    typed[0] !== ed25519Type ||
    typed.toString('base64') !== match[3]
  )
    return null
  const publicKey = createPublicKey({ key: Buffer.concat([spkiHead, typed.subarray(1)]), format: 'der', type: 'spki' })
  const key = verifierKeyOf(match[1], publicKey)
  return key.text === text ? key : null
}

/** Signs a text that ends in a newline (C2SP signed-note). */
export function signNote(text: string, key: VerifierKey, privateKey: KeyObject): string {
  const bytes = Buffer.from(text)
  if (!text.endsWith('\n') || hasControls(text))
    throw new RangeError('a note ends in a newline and has no control characters')
  const id = Buffer.alloc(4)
  id.writeUInt32BE(key.id)
  return `${text}\n\u2014 ${key.name} ${Buffer.concat([id, sign(null, bytes, privateKey)]).toString('base64')}\n`
}

export type OpenedNote =
  | { readonly kind: 'signed'; readonly text: string }
  | { readonly kind: 'refused'; readonly why: string }

/**
 * The text of a note that this key has signed. Signatures of other keys are passed over, as the format asks; one that
 * names this key and does not hold refuses the whole note.
 */
export function openNote(note: string, key: VerifierKey): OpenedNote {
  if (Buffer.byteLength(note) > noteBytesMax)
    return { kind: 'refused', why: `the note is larger than ${noteBytesMax} bytes` }
  if (!note.isWellFormed() || hasControls(note))
    return { kind: 'refused', why: 'the note holds characters that no note may hold' }
  const end = note.lastIndexOf('\n\n')
  if (end < 0 || !note.endsWith('\n')) return { kind: 'refused', why: 'the note has no signatures' }
  const text = note.slice(0, end + 1)
  let signed = false
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const match = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line)
    const bytes = Buffer.from(match?.[2] ?? '', 'base64')
    if (!match || bytes.length < 5 || bytes.toString('base64') !== match[2])
      return { kind: 'refused', why: 'a signature line is malformed' }
    if (match[1] !== key.name || bytes.readUInt32BE(0) !== key.id) continue
    if (!verify(null, Buffer.from(text), key.publicKey, bytes.subarray(4)))
      return { kind: 'refused', why: `the signature of ${key.name} does not hold` }
    signed = true
  }
  return signed ? { kind: 'signed', text } : { kind: 'refused', why: `the key ${key.text} did not sign it` }
}

/** ASCII control characters other than newline. */
function hasControls(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' && character !== '\n')
}

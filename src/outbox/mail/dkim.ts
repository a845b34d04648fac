import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { Trouble } from '../../kit/errors.ts'
import { type HeaderField, splitMail } from './headers.ts'

export type DkimKey = { readonly domain: string; readonly selector: string; readonly key: KeyObject }

/**
 * Signed once more often than they occur (RFC 6376, section 8.15): whoever adds a second From, Subject or Content-Type on
 * the way breaks the signature. Neither nodemailer's signer nor mailauth's can do that, both list a name once.
 */
// biome-ignore format: a table reads better in few lines
const oversigned = [
  'from', 'to', 'cc', 'reply-to', 'subject', 'date', 'message-id', 'in-reply-to', 'references', 'mime-version', 'content-type',
  'content-transfer-encoding',
] as const

/** Reads a PEM private key: RSA of 2,048 bits or more, or Ed25519 (RFC 8463). */
export function dkimKey(domain: string, selector: string, pem: string | Buffer): DkimKey {
  const key = createPrivateKey(pem)
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  const good = key.asymmetricKeyType === 'ed25519' || (key.asymmetricKeyType === 'rsa' && bits >= rsaBitsMin)
  if (!good)
    throw new Trouble('input.invalid', {
      field: 'mailOut.dkim.keyFile',
      problem: 'needs RSA of 2048 bits or more, or Ed25519',
    })
  return { domain, selector, key }
}
/** RFC 8301, section 3.2: signers must use at least 1,024 and should use at least 2,048. */
const rsaBitsMin = 2048

/** Puts a DKIM-Signature on top. Deterministic: the time is the mail's own, RSA PKCS#1 v1.5 and Ed25519 have no randomness. */
export function signMail(bytes: Uint8Array, key: DkimKey, at: Date): Buffer {
  const { headers, body } = splitMail(bytes)
  const bodyHash = createHash('sha256').update(relaxedBody(body)).digest('base64')
  const names = oversigned.flatMap((name) => [...headers.filter((field) => field.name === name), null].map(() => name))
  const algorithm = key.key.asymmetricKeyType === 'ed25519' ? 'ed25519-sha256' : 'rsa-sha256'
  const tags = [
    `v=1; a=${algorithm}; c=relaxed/relaxed; d=${key.domain}; s=${key.selector};`,
    `t=${Math.floor(at.getTime() / 1000)}; bh=${bodyHash};`,
    ...foldNames(names),
    'b=',
  ]
  const unsigned = `DKIM-Signature: ${tags.join('\r\n ')}`
  const input = [
    ...selected(headers, names).map(relaxedHeader),
    relaxedHeader({ name: 'dkim-signature', raw: unsigned }),
  ].join('\r\n')
  const signature = signatureOf(Buffer.from(input, 'latin1'), key.key)
  const folded = signature.match(/.{1,72}/g)?.join('\r\n  ') ?? ''
  return Buffer.concat([Buffer.from(`${unsigned}${folded}\r\n`, 'latin1'), bytes])
}

/** RFC 8463 signs the SHA-256 of the input with pure Ed25519. */
function signatureOf(input: Buffer, key: KeyObject): string {
  if (key.asymmetricKeyType === 'ed25519') {
    return sign(null, createHash('sha256').update(input).digest(), key).toString('base64')
  }
  return sign('sha256', input, key).toString('base64')
}

/** Each name takes the lowest instance not yet taken (section 5.4.2); one that is not there adds nothing. */
function selected(headers: readonly HeaderField[], names: readonly string[]): HeaderField[] {
  const left = new Map<string, HeaderField[]>()
  for (const field of headers) left.set(field.name, [...(left.get(field.name) ?? []), field])
  return names.flatMap((name) => left.get(name)?.pop() ?? [])
}

function foldNames(names: readonly string[]): string[] {
  const lines: string[] = []
  for (let at = 0; at < names.length; at += 6) lines.push(names.slice(at, at + 6).join(':'))
  return lines.map((line, index) => `${index === 0 ? 'h=' : ' '}${line}${index === lines.length - 1 ? ';' : ':'}`)
}

/** Section 3.4.2. */
function relaxedHeader(field: HeaderField): string {
  const value = field.raw
    .slice(field.raw.indexOf(':') + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim()
  return `${field.name}:${value}`
}

/** Section 3.4.4. */
function relaxedBody(body: Buffer): Buffer {
  const lines = body
    .toString('latin1')
    .split('\r\n')
    .map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''))
  while (lines.at(-1) === '') lines.pop()
  return Buffer.from(lines.length === 0 ? '' : `${lines.join('\r\n')}\r\n`, 'latin1')
}

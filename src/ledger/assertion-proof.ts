import { verify } from 'node:crypto'
import { canonicalJson, type Json } from '../kit/canonical-json.ts'
import { sha256Hex } from '../kit/digest.ts'
import type { PasskeySignature } from '../model/approval.ts'
import { readCoseKey } from './cose-key.ts'

const flagPresent = 0x01
const flagVerified = 0x04

/** The value of a statement; null where it is no JSON, or not canonical. */
export function canonicalValue(text: string): Json | null {
  try {
    const value = JSON.parse(text) as Json
    return canonicalJson(value) === text ? value : null
  } catch {
    // Not JSON: the caller says that it is malformed.
    return null
  }
}

export function counterOf(signed: PasskeySignature): number {
  const data = Buffer.from(signed.authenticatorData, 'base64url')
  return data.length < 37 ? 0 : data.readUInt32BE(33)
}

/** Web Authentication Level 2, 7.2, steps 11 to 21, over what was kept. Needs nothing but the record. */
export function problemsOfAssertion(
  signed: PasskeySignature,
  page: { readonly origin: string; readonly rpId: string },
): readonly string[] {
  const problems: string[] = []
  const data = Buffer.from(signed.authenticatorData, 'base64url')
  const client = Buffer.from(signed.clientData, 'base64url')
  const said = clientOf(client)
  if (said?.type !== 'webauthn.get') problems.push('what the browser signed is no sign of a passkey')
  if (said?.challenge !== Buffer.from(sha256Hex(signed.statement), 'hex').toString('base64url'))
    problems.push('the statement is not the one that was signed')
  if (said?.origin !== page.origin)
    problems.push(`it was signed on ${said?.origin ?? 'no page'}, not on ${page.origin}`)
  if (data.length < 37 || data.subarray(0, 32).toString('hex') !== sha256Hex(page.rpId))
    problems.push(`the passkey is not of ${page.rpId}`)
  const flags = data[32] ?? 0
  if ((flags & flagPresent) === 0 || (flags & flagVerified) === 0)
    problems.push('the authenticator did not verify the person')
  const counter = counterOf(signed)
  if ((signed.counter > 0 || counter > 0) && counter <= signed.counter)
    problems.push('the counter of the passkey did not go on: the signature is played again, or the key was copied')
  const key = readCoseKey(Buffer.from(signed.publicKey, 'base64url'))
  const over = Buffer.concat([data, Buffer.from(sha256Hex(client), 'hex')])
  if (key === null || !verify(key.hash, over, key.key, Buffer.from(signed.signature, 'base64url')))
    problems.push('the signature is not of this key over this statement')
  return problems
}

function clientOf(bytes: Buffer): { type?: unknown; challenge?: unknown; origin?: string } | null {
  try {
    return JSON.parse(bytes.toString('utf8')) as { type?: unknown; challenge?: unknown; origin?: string }
  } catch {
    // No JSON, so it says nothing; each check names what is missing.
    return null
  }
}

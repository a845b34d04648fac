import type * as OpenPgp from 'openpgp'
import { wordsOf } from './errors.ts'

/** A mail of 25 MB that says it unpacks to more than this was made to do harm. */
const unpackedBytesMax = 32 * 1024 * 1024

let loading: Promise<typeof OpenPgp | null> | undefined

/** The library for OpenPGP (RFC 9580), or null where it is not installed: its licence is the LGPL, so that it comes along and may be left out. */
export function openpgpHere(): Promise<typeof OpenPgp | null> {
  loading ??= import('openpgp').then(
    (openpgp) => {
      openpgp.config.maxDecompressedMessageSize = unpackedBytesMax
      openpgp.config.showVersion = false
      return openpgp
    },
    (error: unknown) => {
      if ((error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND') return null
      throw error
    },
  )
  return loading
}

export const notInstalled =
  'OpenPGP is not installed here: `npm install openpgp` in the folder of Counterfoil, and start it anew'

export const isPgp = (text: string): boolean => text.includes('-----BEGIN PGP ')

export type PgpKeyRead = {
  readonly publicText: string
  readonly fingerprint: string
  readonly subject: string
  readonly emails: readonly string[]
  readonly startsAt: string
  readonly endsAt: string | null
  readonly algorithm: string
  readonly forSigning: boolean
  readonly forEncryption: boolean
}

/** What a key says of itself, at this time. */
export async function readPgpKey(key: OpenPgp.PublicKey, at: Date): Promise<PgpKeyRead> {
  const ends = await key.getExpirationTime()
  const can = (asked: Promise<unknown>) =>
    asked.then(
      () => true,
      () => false,
    )
  const { algorithm, bits, curve } = key.getAlgorithmInfo() as { algorithm: string; bits?: number; curve?: string }
  const names = key.getUserIDs().map((one) =>
    one
      .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
      .slice(0, 300)
      .toWellFormed(),
  )
  const emails = key.users.flatMap(({ userID }) => (userID?.email ? [userID.email.toLowerCase()] : []))
  return {
    publicText: key.toPublic().armor(),
    fingerprint: key.getFingerprint().toLowerCase(),
    subject: names[0] ?? '',
    emails: [...new Set(emails)].slice(0, emailsMax),
    startsAt: key.getCreationTime().toISOString(),
    endsAt: ends instanceof Date ? ends.toISOString() : null,
    algorithm: `${algorithm} ${bits ?? curve ?? ''}`.trim(),
    forSigning: await can(key.getSigningKey(undefined, at)),
    forEncryption: await can(key.getEncryptionKey(undefined, at)),
  }
}
/** A key for more addresses than these is for no person or desk. */
const emailsMax = 20

/** Why a text is no key, in the library's words on one line. */
export const whyNoKey = (error: unknown): string => wordsOf(error).replace(/\s+/g, ' ').slice(0, 200)

import { sha256Hex } from '../kit/digest.ts'
import type { ReleasePart } from '../model/release.ts'
import { iso } from './jsonb.ts'
import type { Db } from './open.ts'
import { type Clear, clearColumns, clearIn, type KeptClear } from './replies.ts'

/** Signatures of one answer that a page shows: two for each time that it was released, and few drafts are released often. */
const listMax = 20

/** Gives a release out to be signed; the one that this person was given before is taken back, and so is what nobody signed in time. */
export async function giveRelease(
  tx: Db,
  given: {
    readonly challenge: string
    readonly replyId: string
    readonly userId: string
    readonly statement: string
    /** The mail that a first release would fix. */
    readonly made: { readonly bytes: Uint8Array; readonly clear: Clear } | null
    readonly expiresAt: Date
  },
  now: Date,
): Promise<void> {
  const { challenge, replyId, userId, statement, made, expiresAt } = given
  await tx
    .deleteFrom('release_challenge')
    .where((eb) =>
      eb.or([eb('expires_at', '<=', now), eb.and([eb('reply_id', '=', replyId), eb('user_id', '=', userId)])]),
    )
    .execute()
  const bytes = made === null ? null : Buffer.from(made.bytes)
  await tx
    .insertInto('release_challenge')
    .values({
      ...{ challenge, reply_id: replyId, user_id: userId, statement, bytes, expires_at: expiresAt },
      ...clearColumns(made?.clear ?? null),
    })
    .execute()
}

/** What stands behind a challenge, and away with it: null when it was signed already, taken back, or is of another answer, person or time. */
export async function takeRelease(
  tx: Db,
  of: { readonly challenge: string; readonly replyId: string; readonly userId: string },
  now: Date,
): Promise<{
  readonly statement: string
  readonly made: { readonly bytes: Buffer; readonly clear: KeptClear | null } | null
} | null> {
  const row = await tx
    .deleteFrom('release_challenge')
    .where('challenge', '=', of.challenge)
    .where('reply_id', '=', of.replyId)
    .where('user_id', '=', of.userId)
    .returning(['statement', 'bytes', 'clear_bytes', 'protection', 'expires_at'])
    .executeTakeFirst()
  if (row === undefined || row.expires_at <= now) return null
  const { statement, bytes } = row
  return { statement, made: bytes === null ? null : { bytes, clear: clearIn(row) } }
}

export async function insertReleaseSignature(
  tx: Db,
  signed: {
    readonly replyId: string
    readonly part: ReleasePart
    readonly userId: string
    readonly sha256: string
    readonly statement: string
    readonly credentialId: string
    readonly publicKey: Buffer
    readonly counter: number
    readonly authenticatorData: Buffer
    readonly clientData: Buffer
    readonly signature: Buffer
    readonly at: Date
  },
): Promise<void> {
  await tx
    .insertInto('release_signature')
    .values({
      ...{ reply_id: signed.replyId, part: signed.part, user_id: signed.userId, sha256: signed.sha256 },
      ...{ statement: signed.statement, statement_sha256: sha256Hex(signed.statement) },
      ...{ credential_id: signed.credentialId, public_key: signed.publicKey, counter: signed.counter, at: signed.at },
      ...{
        authenticator_data: signed.authenticatorData,
        client_data: signed.clientData,
        signature: signed.signature,
      },
    })
    .execute()
}

/** Who signed these very bytes of an answer, oldest first. */
export async function releaseSignaturesOf(
  db: Db,
  replyId: string,
  sha256: string,
): Promise<readonly { readonly part: ReleasePart; readonly by: string; readonly at: string }[]> {
  const rows = await db
    .selectFrom('release_signature')
    .select(['part', 'user_id', 'at'])
    .where('reply_id', '=', replyId)
    .where('sha256', '=', sha256)
    .orderBy('at')
    .limit(listMax)
    .execute()
  return rows.map((row) => ({
    ...{ part: row.part === 'first' ? ('first' as const) : ('second' as const) },
    ...{ by: `user:${row.user_id}`, at: iso(row.at) },
  }))
}

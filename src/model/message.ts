import { z } from 'zod'
import { MailKeyMethod } from './mail-key.ts'

/** Largest mail taken, at every door. The largest in our corpus is 2 MB; mail providers and servers commonly stop at 25 MB. */
export const mailBytesMax = 25 * 1024 * 1024

/** How it reached us. `source` is the peer's address where there is a peer; `detection` is a rule of our own that matched. */
export const Channel = z.enum(['smtp', 'imap', 'https', 'file', 'detection'])
export type Channel = z.infer<typeof Channel>

/** Raw input of any door, before anything is known of it. `bytes` are an RFC 5322 message, or JSON with `form: 'json'`. */
export type Raw = {
  readonly bytes: Uint8Array
  readonly form: 'mail' | 'json'
  readonly channel: Channel
  /** Peer address for smtp and https; null where there is none (file, imap). */
  readonly sourceAddress: string | null
  readonly heloName: string | null
  readonly envelopeFrom: string | null
  readonly envelopeTo: readonly string[]
  /** Set where the door itself knows the provider (https key, folder of a provider). */
  readonly providerId: string | null
  /** Where it can be found again at the door: "INBOX;uidvalidity=1;uid=7", a file path... */
  readonly origin: string
}

/** What the world calls a received message. `id` is the SHA-256 of the bytes. `fresh` is false for bytes seen before. */
export type Receipt = { readonly id: string; readonly fresh: boolean }
export type Receive = (raw: Raw) => Promise<Receipt>

/** pass, fail... as RFC 8601 names them. */
export const AuthResult = z.enum(['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror', 'policy'])
export type AuthResult = z.infer<typeof AuthResult>

/** Of a mail that is signed or encrypted as a whole (S/MIME): what was found, and what it is worth. */
export const SealedVerdict = z.object({
  method: MailKeyMethod,
  encrypted: z.enum(['no', 'opened', 'not-to-us', 'broken']),
  /** foreign: it holds, by a certificate that nobody put here for this provider. unchecked: could not be looked at. */
  signature: z.enum(['none', 'valid', 'foreign', 'broken', 'unchecked']),
  /** Why a valid one is believed. */
  by: z.enum(['pinned', 'chain']).nullable(),
  fingerprint: z.string().nullable(),
  emails: z.array(z.string()),
  signedAt: z.iso.datetime().nullable(),
  /** Sentences. */
  says: z.string(),
})
export type SealedVerdict = z.infer<typeof SealedVerdict>

/** Is it really them? Every check by itself, then what follows from all of them. */
export const Authentication = z.object({
  spf: z.object({ result: AuthResult, domain: z.string().nullable() }),
  dkim: z.array(
    z.object({
      result: AuthResult,
      domain: z.string(),
      selector: z.string(),
      aligned: z.boolean(),
      /** Signed with l=: content can be appended, so it never counts. */
      lengthLimited: z.boolean(),
      comment: z.string(),
    }),
  ),
  dmarc: z.object({ result: AuthResult, policy: z.string().nullable(), domain: z.string().nullable() }),
  arc: z.object({ result: AuthResult, sealers: z.array(z.string()) }),
  /** Absent: it is neither signed nor encrypted as a whole, or came before anybody looked. */
  sealed: SealedVerdict.optional(),
  sourceAddress: z.string().nullable(),
  /** The provider this sender is pinned to, and by what. */
  provider: z.object({ id: z.string(), by: z.enum(['address', 'domain', 'key', 'folder', 'own-rule']) }).nullable(),
  sourceAllowed: z.enum(['yes', 'no', 'not-pinned']),
  /** False: quarantine. */
  accepted: z.boolean(),
  /** Why it was refused, or what made it acceptable; sentences. */
  reasons: z.array(z.string()),
})
export type Authentication = z.infer<typeof Authentication>

/** received: stored, not read yet. quarantined: waits for a person. read: belongs to an alert or is known for what it is. */
export const MessageState = z.enum(['received', 'quarantined', 'read', 'refused'])
export type MessageState = z.infer<typeof MessageState>

/** What a message turned out to be. Only `alert` and `update` touch an alert. `unread`: nobody understood it, a person must look. */
export const MessageKind = z.enum([
  'alert',
  'update',
  'reply',
  'notice',
  'report',
  'advertising',
  'bounce',
  'auto-reply',
  'unread',
])
export type MessageKind = z.infer<typeof MessageKind>

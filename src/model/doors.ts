import type { Answered, Window } from './finding.ts'
import type { Letter } from './letter.ts'
import type { MailKeyMethod } from './mail-key.ts'
import type { Authentication, Raw } from './message.ts'
import type { Provider } from './provider.ts'
import type { QuestionName } from './question.ts'

/** Bytes to a Letter, in a worker that is killed when it takes too long. Throws Trouble('input.invalid') for what is no mail at all. */
export type Parse = (bytes: Uint8Array) => Promise<Letter>

/** SPF, DKIM, DMARC, ARC, source and sender against the providers we know. Never throws: what could not be looked up is `temperror`. */
export type Authenticate = (raw: Raw, letter: Letter, providers: readonly Provider[]) => Promise<Authentication>

/** One connector's answer with its cost. */
export type Asked = {
  readonly connector: string
  readonly answered: Answered
  readonly costMs: number
  readonly askedAt: Date
}

/**
 * Asks every connector that can answer (or only those named), in parallel, each within its limits.
 * Never rejects and never returns an empty list: with nobody to ask it is one `not-collected` of connector "none".
 */
export type Ask = (
  question: QuestionName,
  ask: Readonly<Record<string, unknown>>,
  options: {
    readonly signal: AbortSignal
    readonly only?: readonly string[]
    readonly except?: readonly string[]
    /** The time to look at, in place of what each source usually looks at. One that looks at no time is `not-applicable`. */
    readonly window?: Window
    /** Called with each answer as it comes, before the slow ones are in; what it throws rejects the whole asking. */
    readonly onAnswer?: (asked: Asked) => void
  },
) => Promise<readonly Asked[]>

/** What is known after trying to hand a mail to a server. `unknown`: the bytes were sent and no answer came back. */
export type SendResult =
  | { readonly kind: 'accepted'; readonly receipt: string }
  | { readonly kind: 'refused'; readonly why: string; readonly permanent: boolean; readonly afterMs?: number | null }
  | { readonly kind: 'unknown'; readonly why: string }

export type Send = (mail: {
  readonly bytes: Uint8Array
  readonly from: string
  readonly to: readonly string[]
}) => Promise<SendResult>

/** A file of a mail of ours. The name is plain ASCII; the content leaves as it is. */
export type FileOut = { readonly name: string; readonly type: string; readonly content: Uint8Array }

/** A mail of ours before it is bytes. Message-IDs without angle brackets. The same input always makes the same bytes. */
export type LetterOut = {
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  /** Files that go with it, in this order. */
  readonly files: readonly FileOut[]
  readonly messageId: string
  readonly inReplyTo: string | null
  readonly references: readonly string[]
  /** The Thread-Index of the mail that this answers, as it stands there; Outlook goes by it. */
  readonly theirThreadIndex?: string | null
  readonly date: Date
}

/** What opens a mail that came: our keys, open for this one call, and whose signatures are believed. */
export type KeysToOpen = {
  readonly own: readonly { readonly method: MailKeyMethod; readonly certificate: string; readonly privateKey: string }[]
  readonly theirs: readonly {
    readonly method: MailKeyMethod
    readonly providerId: string
    readonly publicText: string
  }[]
  /** ISO 8601: certificates have to be valid then. */
  readonly at: string
}

/** What was found of a mail that is signed or encrypted as a whole. */
export type SealedSeen = {
  readonly method: MailKeyMethod
  readonly encrypted: 'no' | 'opened' | 'not-to-us' | 'broken'
  /** unchecked: it could not be looked at, and `problem` says why; that is neither a good nor a bad signature. */
  readonly signature: 'none' | 'valid' | 'broken' | 'unchecked'
  readonly problem: string | null
  readonly signer: { readonly fingerprint: string; readonly emails: readonly string[]; readonly subject: string } | null
  /** What the signer says. */
  readonly signedAt: string | null
  /** Providers for which a person put this certificate here, or an authority that issued it. */
  readonly vouchers: readonly { readonly providerId: string; readonly by: 'pinned' | 'chain' }[]
}

/** `bytes`: the mail with what was encrypted or signed inside; null: as it came. `seen` null: it is neither signed nor encrypted as a whole. */
export type Opened = { readonly bytes: Uint8Array | null; readonly seen: SealedSeen | null }

/** Opens and checks in a thread that is killed when it takes too long. Never rejects for the mail's sake. */
export type OpenSealed = (bytes: Uint8Array, keys: () => Promise<KeysToOpen>) => Promise<Opened>

/** How a mail is signed and encrypted. The private key is open for this one call, and kept by nobody. */
export type Sealing = {
  readonly method: MailKeyMethod
  /** PEM: our certificate first, then those that vouch for it; or OpenPGP keys in armour. */
  readonly sign: { readonly certificates: string; readonly privateKey: string }
  /** Their certificates or keys; none: signed only. */
  readonly encryptTo: readonly string[]
}

/** What may leave: bytes that an entry of the egress ledger lets leave towards a provider, or a notice to our own people. */
export type Leaving = {
  readonly bytes: Uint8Array
  readonly messageId: string
  readonly to: readonly string[]
} & (
  | { readonly kind: 'released'; readonly entryId: string }
  /** SHA-256 of the bytes, from its row. */
  | { readonly kind: 'notice'; readonly digest: string }
)

/** The one way out for mail (outbox/mail/door.ts). */
export type MailDoor = {
  /** Our own address, and the domain our Message-IDs end in. */
  readonly address: string
  readonly domain: string
  /** True for addresses a notice may go to: our own domains, and people who were named in the settings. */
  readonly isOwn: (address: string) => boolean
  readonly compose: (letter: LetterOut) => Promise<Uint8Array>
  /** The same mail signed, or signed and encrypted (DKIM outermost), and what of it its reader sees: the mail in the clear. */
  readonly protect: (
    letter: LetterOut,
    sealing: Sealing,
  ) => Promise<{ readonly bytes: Uint8Array; readonly clear: Uint8Array }>
  /** Sends exactly these bytes, once, or says why not. Throws Trouble('internal') for bytes that are not what was released. */
  readonly leave: (leaving: Leaving) => Promise<SendResult>
  readonly close: () => Promise<void>
}

import type { Kysely } from 'kysely'
import type { Db } from '../db/open.ts'
import type { Tables } from '../db/tables.ts'
import type { Clock } from '../kit/clock.ts'
import type { Ask, Authenticate, Opened, Parse } from '../model/doors.ts'
import type { Library } from './library.ts'

/** pino fits. */
export type Log = {
  readonly debug: (details: object, text: string) => void
  readonly info: (details: object, text: string) => void
  readonly warn: (details: object, text: string) => void
  readonly error: (details: object, text: string) => void
}

/** A mail to our own people. `id` is stable, so that a step that runs twice queues one mail. */
export type Notice = {
  readonly id: string
  readonly kind: 'person-question' | 'notify' | 'approval'
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  /** What a chat may be told of it besides, as far as its channel agreed; the text of the mail never goes there. */
  readonly about?: {
    readonly alertId: string
    readonly words?: string
    /** For this person alone. */
    readonly link?: string
    readonly expiresAt?: string
  }
}

/** What the work room is handed by `main.ts`: the record, the time, and the doors as functions. */
export type House = {
  readonly db: Kysely<Tables>
  readonly clock: Clock
  readonly log: Log
  /** Names this process in journals: "host:pid:random". */
  readonly node: string
  /** Says that something changed (`alert:<id>`, `run:<id>`, `queue`), after the commit and not in it; see teller.ts. */
  readonly tell: (topics: readonly string[]) => void
  /** Playbooks as they are now; a run keeps those it started with. */
  readonly library: Library
  readonly parse: Parse
  readonly authenticate: Authenticate
  /** Opens a mail that is encrypted to us, and checks a signature over its content. */
  readonly openMail: (bytes: Uint8Array) => Promise<Opened>
  readonly ask: Ask
  /** Mail addresses behind the roles that `notify` names. */
  readonly people: Readonly<Record<string, readonly string[]>>
  /** The page where a person answers, for a one-time token. */
  readonly answerUrl: (token: string) => string
  /** The page where somebody signs an approval, for their own link. */
  readonly approvalUrl: (token: string) => string
  /** Why no mail can go to these addresses (no mail server, somebody who is not ours), in a sentence; null when it can. */
  readonly cannotMail: (to: readonly string[]) => string | null
  /** Queues a mail to our own people, in the caller's transaction. */
  readonly mailNotice: (tx: Db, notice: Notice) => Promise<void>
  /** Drafts the reply to an alert, in the caller's transaction. */
  readonly draftReply: (
    tx: Db,
    alertId: string,
    text: string | null,
    twoPersons?: boolean,
    /** One more after an answer that left, named by what it follows. */
    followUp?: string,
  ) => Promise<{ readonly replyId: string }>
  /** Our own reply was seen again: a copy came to our mailbox, or a delivery report about it. Settles what was unconfirmed. */
  readonly replySeen: (tx: Db, seen: ReplySeen) => Promise<void>
}

export type ReplySeen = {
  readonly replyId: string
  readonly messageId: string
  readonly by:
    | { readonly kind: 'copy' }
    | { readonly kind: 'delivery-report'; readonly failed: boolean; readonly says: string }
}

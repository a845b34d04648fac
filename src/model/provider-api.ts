import { z } from 'zod'
import type { Called } from './elsewhere.ts'
import type { Outcome } from './triage.ts'

/** The longest answer as JSON within JSON, and as a form: each sign of 50,000 may become several. */
const bodyCharsMax = 400_000
/** Some APIs take a text in the query; servers stop reading an address at 8 to 16 KB. */
const pathCharsMax = 12_000
/** Status, verdict and comment, each by a call of its own; one is spare. */
const requestsMax = 4

/** What a request says over there. */
const Told = z.enum(['status', 'verdict', 'comment'])
export type Told = z.infer<typeof Told>

/** One call to a provider's API that says something, as it leaves. */
export const ApiRequest = z.strictObject({
  tells: z.array(Told).min(1),
  method: z.enum(['POST', 'PATCH']),
  /** From the address of the API on, with its query. */
  path: z.string().startsWith('/').max(pathCharsMax),
  type: z.enum(['application/json', 'application/x-www-form-urlencoded']),
  body: z.string().max(bodyCharsMax),
})
export type ApiRequest = z.infer<typeof ApiRequest>

export const apiAnswerForm = 'counterfoil/api-answer/1'

/** An answer that goes through a provider's own API: exactly what a person released, as canonical JSON (RFC 8785). */
export const ApiAnswer = z.strictObject({
  form: z.literal(apiAnswerForm),
  api: z.string(),
  /** Where it is set up here. */
  system: z.string(),
  /** Where that was when it was released; "" in answers from before it was kept, which leave nowhere any more. */
  address: z.string().default(''),
  ticket: z.string(),
  status: z.string().nullable(),
  verdict: z.string().nullable(),
  comment: z.string(),
  /** The last line of the comment, by which it is known when it is read over there. */
  mark: z.string(),
  requests: z.array(ApiRequest).min(1).max(requestsMax),
})
export type ApiAnswer = z.infer<typeof ApiAnswer>

/** The answer that these bytes are; null for a mail. */
export function apiAnswerIn(bytes: Uint8Array): ApiAnswer | null {
  // A mail begins with the name of a field.
  if (bytes[0] !== 0x7b) return null
  return ApiAnswer.parse(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')))
}

/** What is to be said of a ticket of theirs. Null: that is not said. */
type ToSay = {
  readonly ticket: string
  readonly status: string | null
  readonly verdict: string | null
  readonly comment: string | null
}

/** A question to their API. Some want it posted: nothing but a number of theirs, or a moment, may stand in it (outbox/gate.ts). */
export type ApiAsk = { readonly path: string; readonly post?: string }

/** A ticket of theirs as read. `comments` null: their API does not tell them. */
type ReadThere = {
  readonly status: string
  readonly verdict: string | null
  readonly url: string | null
  readonly comments: readonly { readonly id: string; readonly author: string; readonly text: string }[] | null
}

/** One provider's API, described (src/providers/<format>/api.ts): words, requests and how its answers are read. No I/O. */
export type ProviderApi = {
  readonly id: string
  readonly title: string
  /** Where the vendor says so. */
  readonly docs: readonly string[]
  /** What an address looks like. */
  readonly address: string
  readonly signIn: /** `userIn`: the header that says whose key it is. */
    | {
        readonly kind: 'header'
        readonly name: string
        readonly value: (secret: string) => string
        readonly userIn?: string
      }
    /** Each request is signed, and the headers show it. `path`: from the address of the API on, with its query. */
    | {
        readonly kind: 'signed'
        readonly sign: (
          request: { readonly path: string; readonly body: string },
          by: { readonly user: string; readonly secret: string; readonly at: Date },
        ) => Readonly<Record<string, string>>
      }
    /** `path` null: the address is asked for. `scope`: from the address of the API. */
    | {
        readonly kind: 'oauth2'
        readonly path: string | null
        readonly scope: ((origin: string) => string) | null
      }
  /** Besides the usual ones. */
  readonly headers: Readonly<Record<string, string>>
  /** The longest comment it takes. */
  readonly commentCharsMax: number
  /** What its numbers look like; nothing else gets into a path. */
  readonly ticket: RegExp
  /** Where people know a ticket by another number than its API does: how that one looks, and how it is looked up. */
  readonly shown?: {
    readonly number: RegExp
    readonly ask: (number: string) => ApiAsk
    /** The number its API knows; null: there is none, or more than one. Throws for an answer that is not as its API says. */
    readonly result: (number: string, answer: unknown) => string | null
  }
  /** Its words, with what they mean where the word does not say it. */
  readonly statuses: Readonly<Record<string, string>>
  readonly verdicts: Readonly<Record<string, string>>
  /** What its verdicts look like: those named, and where an installation can have more, those too. */
  readonly ownVerdicts: RegExp
  /** What is suggested for our outcomes; "" says nothing of it. */
  readonly usual: Readonly<Record<Outcome, { readonly status: string; readonly verdict: string }>>
  /** Theirs to ours; null: it decides nothing. */
  readonly means: Readonly<Record<string, Outcome | null>>
  /** What says it, in this order: what can be said twice without harm first, the comment last. */
  readonly requests: (say: ToSay) => readonly ApiRequest[]
  /** Why it did not take what it answered 2xx to; null where it did. `answer` null: an empty one. Throws for one that is not as its API says. */
  readonly refused: (answer: unknown, tells: readonly Told[]) => string | null
  /** Null: it can only be told. The first answer with status 404, or `result` null: it is not there. */
  readonly read: {
    readonly ask: (ticket: string) => readonly ApiAsk[]
    /** Throws for answers that are not as its API says. */
    readonly result: (ticket: string, answers: readonly unknown[]) => ReadThere | null
  } | null
  /** Numbers of those that changed since then; null: it cannot be asked for. */
  readonly changed: {
    readonly ask: (since: Date, now: Date) => readonly ApiAsk[]
    readonly result: (answers: readonly unknown[], since: Date) => readonly string[]
  } | null
  /** A question that does nothing: the Test button. */
  readonly hello: string
}

/** How an answer leaves through an API: each request as the gate read it out of the released bytes, to be told once. */
export type ApiStep = { readonly tells: readonly Told[]; readonly tell: () => Promise<Called<null>> }

/** The way out for released answers to one provider's API. */
export type ApiLeaving = {
  /** The requests of an answer. Throws Trouble('internal') unless a person released exactly these bytes for these recipients. */
  readonly leave: (leaving: {
    readonly entryId: string
    readonly bytes: Uint8Array
    readonly to: readonly string[]
  }) => Promise<readonly ApiStep[]>
  readonly close: () => Promise<void>
}

import type { Logger } from 'pino'
import type { SecretPlace, Settings } from '../config/config.ts'
import type { OfficesPage } from '../contract/approvals.ts'
import type { ChannelCard } from '../contract/chat.ts'
import type { ConnectorCard, ConnectorDraft, ConnectorKindCard, Tried } from '../contract/connectors.ts'
import type { ApiCard, ElsewhereView, Reconciled, SystemCard } from '../contract/elsewhere.ts'
import type { ImportPreview } from '../contract/house.ts'
import type { WouldDecide } from '../contract/queue.ts'
import type { SourceRow } from '../contract/sources.ts'
import type { TicketPage, TicketQuery, TicketRow } from '../contract/tickets.ts'
import type { PackCounts } from '../db/context-packs.ts'
import type { Db } from '../db/open.ts'
import type { Clock } from '../kit/clock.ts'
import type { ExportOptions } from '../ledger/export.ts'
import type { ApprovalVerdict } from '../model/approval.ts'
import type { ChatKind, ChatSettings } from '../model/chat.ts'
import type { PackContent, PackDefinition } from '../model/context-pack.ts'
import type { SystemKind, SystemSettings } from '../model/elsewhere.ts'
import type { ExpectationDraft, ExpectationPreview } from '../model/expectation.ts'
import type { AroundMinutes, Finding } from '../model/finding.ts'
import type { ListNoun } from '../model/list.ts'
import type { LogPostDoor } from '../model/log-post.ts'
import type { Receipt } from '../model/message.ts'
import type { NoteDraft } from '../model/note.ts'
import type { Offices } from '../model/office.ts'
import type { QuestionName } from '../model/question.ts'
import type { SnoozeFor } from '../model/queue.ts'
import type { SensitiveSpan } from '../model/reply.ts'
import type { TaskChange, Ticketing, TicketType } from '../model/ticket.ts'
import type { Outcome } from '../model/triage.ts'
import type { TuningChange, TuningState, TuningTrial } from '../model/tuning.ts'
import type { WebhookScheme } from '../model/webhook.ts'
import type { Xray } from '../model/xray.ts'
import type { Assertion, Standing } from '../playbooks/approvals/sign.ts'
import type { Applied, Applying } from '../playbooks/config-files.ts'
import type { LogsFront } from './logs-front.ts'
import type { PlaybooksFront } from './playbooks-front.ts'

/** A provider's post, as far as HTTP understands it; the intake door judges it. */
export type Post = {
  readonly bytes: Uint8Array
  readonly contentType: string
  /** What stood in the Authorization header after "Bearer ", or null. */
  readonly key: string | null
  readonly sourceAddress: string
}

/** What a signed post says before its body; the door judges it. */
export type Knock = {
  readonly providerId: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly sourceAddress: string
}

/** An alert as the person saw it. */
type Seen = { readonly id: string; readonly version: number }

/** A decision as a person gave it. */
export type Deciding = {
  readonly alertId: string
  readonly outcome: Outcome
  readonly reason: string
  readonly cites: readonly string[]
  readonly withoutEvidence: boolean
  readonly version: number
  readonly by: string
}

/** The page of connectors. `test` reads something with a key of ours, and that is on the ledger. */
export type ConnectorsFront = {
  readonly cards: () => Promise<ConnectorCard[]>
  readonly kinds: readonly ConnectorKindCard[]
  readonly show: (id: string) => Promise<{
    readonly kind: string
    readonly title: string
    readonly settings: Record<string, unknown>
    readonly secrets: string[]
    readonly enabled: boolean
    readonly version: number
  }>
  readonly save: (draft: ConnectorDraft & { readonly id: string }, by: string) => Promise<number>
  readonly remove: (id: string, by: string) => Promise<void>
  readonly test: (
    id: string,
    asking: { readonly question: QuestionName | null; readonly ask: Readonly<Record<string, string>> },
    by: string,
  ) => Promise<Tried>
  readonly testDraft: (draft: ConnectorDraft & { readonly id: string }, by: string) => Promise<Tried>
  readonly watch: (id: string, silentAfterHours: number | null, by: string) => Promise<void>
}

/** Everything that may fall silent. */
export type SourcesWork = {
  readonly list: () => Promise<{ sources: SourceRow[]; away: string[] }>
  /** Throws Trouble('not.found') for a source that is not there, or that cannot be asked now. */
  readonly watch: (source: string, silentAfterMinutes: number | null, by: string) => Promise<void>
}

type OnTicket = { readonly alertId: string; readonly by: string }

export type TicketWork = {
  readonly list: (query: TicketQuery, me: string) => Promise<{ rows: TicketRow[]; more: boolean; open: number }>
  readonly show: (alertId: string) => Promise<TicketPage | null>
  readonly move: (on: OnTicket & { to: 'acknowledged' | 'closed' | 'reopened'; note: string }) => Promise<void>
  readonly changeType: (on: OnTicket & { type: TicketType }) => Promise<void>
  readonly comment: (on: OnTicket & { text: string }) => Promise<{ id: string; mentions: string[] }>
  readonly addTask: (
    on: OnTicket & { title: string; owner: string | null; dueAt: Date | null },
  ) => Promise<{ id: string }>
  readonly editTask: (on: OnTicket & { task: string; change: TaskChange }) => Promise<void>
  readonly refer: (on: OnTicket & { references: { system: string; reference: string }[] }) => Promise<void>
  readonly addFile: (on: OnTicket & { name: string; bytes: Uint8Array }) => Promise<{ id: string; sha256: string }>
  readonly rules: () => Promise<{ ticketing: Ticketing; yaml: string; version: number }>
  readonly changeRules: (change: {
    ticketing: Ticketing | null
    yaml: string | null
    version: number
    by: string
  }) => Promise<number>
}

type OnExpectation = { readonly id: string; readonly by: string }

/** Answers worth remembering. A preview keeps nothing; whatever would have hidden harm is Trouble('input.invalid'). */
export type MemoryWork = {
  readonly preview: (draft: ExpectationDraft) => Promise<ExpectationPreview>
  readonly add: (adding: {
    draft: ExpectationDraft
    owner: string
    by: string
  }) => Promise<{ id: string; number: number }>
  readonly retire: (on: OnExpectation & { reason: string }) => Promise<void>
  readonly renew: (on: OnExpectation & { days: number }) => Promise<void>
  readonly previewAgain: (id: string) => Promise<ExpectationPreview>
  readonly changeCondition: (
    on: OnExpectation & Pick<ExpectationDraft, 'condition' | 'reason' | 'days'>,
  ) => Promise<{ id: string; number: number }>
  readonly letDecide: (on: OnExpectation & { userId: string; decides: boolean }) => Promise<void>
  readonly writeNote: (writing: { draft: NoteDraft; by: string }) => Promise<{ id: string }>
  readonly removeNote: (taking: { id: string; alertId: string | null; by: string }) => Promise<void>
  readonly sayOfTuning: (
    said: OnExpectation & { state: TuningState; note: string; dueAt: Date | null },
  ) => Promise<void>
  readonly tryChange: (id: string, change: TuningChange) => Promise<TuningTrial>
  readonly proposeChange: (proposing: OnExpectation & { change: TuningChange }) => Promise<{ replyId: string }>
}

/** Systems of the house that tickets are kept in step with. */
export type ElsewhereFront = {
  readonly cards: () => Promise<{ systems: SystemCard[]; providers: { id: string; name: string }[]; apis: ApiCard[] }>
  readonly save: (
    draft: {
      readonly id: string
      readonly kind: SystemKind
      readonly title: string
      readonly settings: SystemSettings
      readonly secret: string | null
      readonly hookSecret?: string | null
      readonly enabled: boolean
      readonly version: number
    },
    by: string,
  ) => Promise<number>
  readonly remove: (id: string, by: string) => Promise<void>
  readonly test: (id: string, by: string) => Promise<{ ok: boolean; says: string }>
  readonly reconcile: (id: string, options: { readonly mend: boolean; readonly by: string }) => Promise<Reconciled>
  readonly ofTicket: (alertId: string) => Promise<ElsewhereView[]>
  readonly link: (on: { readonly systemId: string; readonly alertId: string; readonly by: string }) => Promise<void>
  readonly takePost: (post: {
    readonly systemId: string
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
    readonly bytes: Uint8Array
  }) => Promise<{ fresh: boolean }>
}

/** Channels of chat that people of the house are told in. */
export type ChatFront = {
  readonly cards: () => Promise<ChannelCard[]>
  readonly save: (
    draft: {
      readonly id: string
      readonly kind: ChatKind
      readonly title: string
      readonly settings: ChatSettings
      /** The address of the webhook; null leaves the one that is set. */
      readonly url: string | null
      readonly enabled: boolean
      readonly version: number
    },
    by: string,
  ) => Promise<number>
  readonly remove: (id: string, by: string) => Promise<void>
  readonly test: (id: string, by: string) => Promise<{ ok: boolean; says: string }>
}

/**
 * What the other rooms do for the front; `main.ts` passes it in. Every function throws Trouble: `not.found` for what does not
 * exist, `state.conflict` for what somebody changed meanwhile, `input.invalid` with the field's name. `by` is an actor ("user:<id>").
 */
export type Work = {
  readonly takePost: (post: Post) => Promise<Receipt>
  /** What a provider's analyst asks at the door, as the message it becomes. */
  readonly takeAtDoor: (asked: {
    readonly providerId: string
    readonly bytes: Uint8Array
    readonly sourceAddress: string
    readonly origin: string
  }) => Promise<Receipt>
  /** Posts that a provider signs; whatever is wrong with one is Trouble('webhook.refused'). */
  readonly webhooks: {
    readonly knock: (post: Knock) => Promise<void>
    readonly take: (post: Knock & { readonly bytes: Uint8Array; readonly contentType: string }) => Promise<Receipt>
    /** Throws Trouble('input.invalid') for a secret that this scheme cannot use. */
    readonly checkSecret: (scheme: WebhookScheme, secret: string) => void
    readonly newSecret: (scheme: WebhookScheme) => string
  }
  readonly releaseFromQuarantine: (release: {
    readonly messageId: string
    readonly reason: string
    readonly providerId: string | null
    readonly by: string
  }) => Promise<void>
  readonly decide: (deciding: Deciding) => Promise<{ readonly decisionId: string; readonly version: number }>
  readonly undo: (undoing: {
    readonly alertId: string
    readonly decisionId: string
    readonly by: string
  }) => Promise<void>
  /** One reason for several alerts; each is decided by itself, all of them or none. */
  readonly decideMany: {
    readonly preview: (asked: {
      outcome: Outcome
      alerts: readonly (Seen & { outcome: Outcome | null })[]
    }) => Promise<readonly (Omit<WouldDecide, 'cites'> & { readonly cites: readonly Finding[] })[]>
    readonly decide: (deciding: {
      alerts: readonly (Seen & { outcome: Outcome | null; reason: string | null; cites: readonly string[] })[]
      outcome: Outcome
      reason: string
      withoutEvidence: boolean
      by: string
    }) => Promise<{ batchId: string; decisions: { alertId: string; decisionId: string; version: number }[] }>
    readonly undo: (undoing: { batchId: string; by: string }) => Promise<number>
  }
  /** Who works alerts, when they are looked at again, what they are the same as: all of them or, with the reason for each, none. */
  readonly arrange: {
    readonly assign: (acting: { alerts: readonly Seen[]; assignee: string | null; by: string }) => Promise<void>
    readonly snooze: (acting: {
      alerts: readonly Seen[]
      for: SnoozeFor
      until: Date | null
      by: string
    }) => Promise<void>
    readonly wake: (acting: { alerts: readonly Seen[]; by: string }) => Promise<void>
    readonly merge: (acting: { alerts: readonly Seen[]; into: Seen; by: string }) => Promise<void>
    readonly unmerge: (acting: { alerts: readonly Seen[]; by: string }) => Promise<void>
  }
  /** Tickets: what people do on them, and the rules they go by. */
  readonly tickets: TicketWork
  readonly memory: MemoryWork
  readonly elsewhere: ElsewhereFront
  readonly chat: ChatFront
  readonly askAgain: (asking: {
    readonly alertId: string
    readonly question: QuestionName
    readonly ask: Readonly<Record<string, unknown>>
    readonly connector?: string | undefined
    readonly around?: AroundMinutes | undefined
    readonly by: string
  }) => Promise<void>
  /** A one-time link to "was this you?", told this once. */
  readonly askPersonByLink: (asking: {
    readonly alertId: string
    readonly email: string
    readonly what: string
    readonly by: string
  }) => Promise<{ readonly url: string; readonly expiresAt: string }>
  readonly reply: {
    /** The draft's id; makes one when the alert has none that is open. */
    readonly draft: (alertId: string, by: string) => Promise<string>
    readonly saveText: (id: string, text: string, version: number, by: string) => Promise<number>
    readonly review: (
      id: string,
      verdicts: readonly {
        readonly spanId: string
        readonly verdict: SensitiveSpan['verdict']
        readonly keepReason: string | null
      }[],
      version: number,
      by: string,
    ) => Promise<number>
    /** The exact bytes that would leave now, or what their reader sees of them, and the text a person reads in them. */
    readonly preview: (id: string) => Promise<{
      readonly bytes: Uint8Array
      readonly leaves: Uint8Array | null
      readonly text: string
      readonly subject: string
      readonly machine: string | null
      readonly unreviewed: number
    }>
    /** A file beside a draft, or one of the case: looked into at once. */
    readonly addFile: (
      id: string,
      file: { readonly name: string; readonly bytes: Uint8Array },
      version: number,
      by: string,
    ) => Promise<{ readonly fileId: string; readonly version: number }>
    readonly pickFile: (
      id: string,
      ticketFileId: string,
      version: number,
      by: string,
    ) => Promise<{ readonly fileId: string; readonly version: number }>
    readonly takeOutFile: (id: string, fileId: string, version: number, by: string) => Promise<number>
    readonly release: (id: string, version: number, by: string, through?: string | null) => Promise<'held' | 'second'>
    readonly second: (id: string, digest: string, yes: boolean, why: string, by: string) => Promise<void>
    readonly cancel: (id: string, by: string) => Promise<void>
    /** What a person reads in a mail of ours that left. */
    readonly readSent: (bytes: Uint8Array) => Promise<{ readonly subject: string; readonly text: string }>
    readonly settle: (id: string, arrived: boolean, reason: string, by: string) => Promise<void>
    /** A release by two as a passkey's signature (playbooks/replies/sign-release.ts). */
    readonly prepareRelease: (
      id: string,
      seen: { readonly version: number; readonly digest: string | null; readonly through?: string | null | undefined },
      by: string,
      page: { readonly origin: string; readonly rpId: string },
    ) => Promise<{ readonly statement: string; readonly challenge: Buffer; readonly userId: string }>
    readonly signRelease: (id: string, by: string, assertion: Assertion) => Promise<'held' | 'second'>
  }
  /** Signatures by passkey over what a run asked for (playbooks/approvals/sign.ts). */
  readonly approvals: {
    readonly standing: (token: string) => Promise<Standing | null>
    readonly prepare: (
      token: string,
      said: { readonly verdict: ApprovalVerdict; readonly reason: string },
      page: { readonly origin: string; readonly rpId: string },
    ) => Promise<{ readonly statement: string; readonly challenge: Buffer; readonly userId: string }>
    readonly sign: (token: string, assertion: Assertion) => Promise<void>
    readonly question: (token: string, text: string) => Promise<void>
    readonly answer: (approvalId: string, text: string, by: string) => Promise<void>
    readonly handOver: (token: string, to: string) => Promise<void>
    readonly linkFor: (approvalId: string, userId: string) => Promise<string | null>
    /** Who signs for which part of the house. */
    readonly offices: () => Promise<OfficesPage>
    readonly changeOffices: (change: { offices: Offices; version: number; by: string }) => Promise<number>
  }
  readonly answerQuestion: (
    token: string,
    answer: { readonly answer: 'yes' | 'no' | 'unsure' | 'not-me'; readonly comment: string },
  ) => Promise<void>
  /** The same of somebody who is signed in; `digest` is of the question's token, and the caller saw that it was they who were asked. */
  readonly answerAsked: (
    digest: string,
    answer: { readonly answer: 'yes' | 'no' | 'unsure' | 'not-me'; readonly comment: string },
    by: string,
  ) => Promise<void>
  /** A secret out of its file or environment variable. Throws Trouble('input.invalid') where there is none. */
  readonly secretAt: (place: SecretPlace) => Promise<string>
  readonly connectors: ConnectorsFront
  readonly watched: SourcesWork
  /** Settings as a document; what went in counts on every node at once. */
  readonly config: {
    readonly apply: (applying: Applying) => Promise<Applied>
    readonly rollBack: (back: { version: number; base: string; note: string; by: string }) => Promise<Applied>
  }
  readonly importList: (list: {
    readonly noun: ListNoun
    readonly bytes: Uint8Array
    readonly source: string
    /** Field of ours -> column of the file; null guesses. */
    readonly mapping: Readonly<Record<string, string>> | null
    /** A mapping that was saved under this name, and the name to save this one under. */
    readonly mappingName?: string | undefined
    readonly saveMappingAs?: string | undefined
    /** The name of the list, where there are several of a kind. */
    readonly list?: string | undefined
    readonly zone?: string | undefined
    /** True: say what would happen and change nothing. */
    readonly dryRun: boolean
    readonly by: string
  }) => Promise<ImportPreview>
  readonly playbooks: PlaybooksFront
  readonly pack: {
    readonly define: (definition: PackDefinition, version: number, by: string) => Promise<number>
    readonly draft: (id: string, by: string) => Promise<void>
    /** `digest` is of the draft that the person saw. The version it became. */
    readonly release: (id: string, digest: string, by: string) => Promise<number>
    readonly countsOf: (content: PackContent) => PackCounts
    /** Lets a released version leave by mail; the entry of the egress ledger comes back. */
    readonly mail: (id: string, version: number, by: string) => Promise<string>
    readonly withdraw: (egressId: string, by: string) => Promise<void>
    readonly settle: (egressId: string, arrived: boolean, why: string, by: string) => Promise<void>
  }
  /** Made-up data, marked as such, in and out; `test` sends one alert in. */
  readonly sample: {
    readonly load: (by: string) => Promise<{ readonly messages: number }>
    readonly remove: (by: string) => Promise<Record<string, number>>
    readonly test: (by: string) => Promise<{ readonly messageId: string }>
  }
  readonly xray: (folder: string) => Promise<Xray>
  /** Writes the export line by line; `write` resolves when the reader has room again. */
  /** All of it with the bytes of replies, unless told otherwise. */
  readonly exportLedger: (write: (text: string) => Promise<void>, options?: ExportOptions) => Promise<void>
  /** Readers of provider formats, for the settings page. */
  readonly formats: readonly { readonly id: string; readonly title: string }[]
  /** Hands over topics as they are notified, of all nodes. */
  readonly listen: (onTopic: (topic: string) => void) => Promise<{ readonly close: () => Promise<void> }>
}

export type Front = {
  readonly db: Db
  readonly clock: Clock
  readonly log: Logger
  readonly settings: Settings
  /** 256 bits (kit/seal.ts). */
  readonly sealKey: Uint8Array
  /** Folder of the built web app (web/dist). */
  readonly webFolder: string
  readonly work: Work
  /** The log lake, which may be away while all else works. */
  readonly logs: LogsFront
  /** Takes log lines that are posted; absent while there is no lake to put them into. */
  readonly logPosts?: LogPostDoor | undefined
  readonly limits?: Partial<Limits>
}

/** Requests for each peer address in a minute. */
export type Limits = { readonly perMinute: number; readonly signInsPerMinute: number; readonly postsPerMinute: number }

/**
 * A page makes about ten calls, forty with its scripts the first time, and a person opens one a second at most; a desk of ten may stand
 * behind one address. Sign-ins are typed by hand; a provider's burst is measured at 200 a second (docs/benchmarks.md), doubled.
 */
export const limitsDefault: Limits = { perMinute: 6000, signInsPerMinute: 20, postsPerMinute: 24_000 }

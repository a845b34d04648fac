import { z } from 'zod'
import { Tlp } from './intelligence.ts'
import { TicketState, TicketType } from './ticket.ts'
import { Outcome } from './triage.ts'

/** What a ticket can be kept in step with. */
export const SystemKind = z.enum(['jira', 'servicenow', 'webhook', 'provider-api'])
export type SystemKind = z.infer<typeof SystemKind>

/** What of a ticket may leave for a system. Its number always does; all else is somebody's choice. */
// biome-ignore format: a list reads better in few lines
export const SharedField = z.enum([
  'title', 'severity', 'type', 'provider', 'their-number', 'about', 'summary', 'outcome', 'comments', 'files', 'link',
])
export type SharedField = z.infer<typeof SharedField>

/** What a status of theirs does to the ticket here. */
export const TheirAct = z.enum(['nothing', 'acknowledged', 'closed', 'reopened'])
export type TheirAct = z.infer<typeof TheirAct>

const status = z.string().trim().min(1).max(100)
/** Names of fields there, and what they are set to. */
const Values = z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/, 'a name of a field'), z.string().max(500))
const word = (usual: string) => z.string().trim().max(100).default(usual)

/** What one of our outcomes is called there; "" says nothing of it. */
const SaidThere = z.object({ status: word(''), verdict: word('') })
/** What a verdict of theirs means here; it is shown, and decides nothing. */
export const TheirVerdict = Outcome.or(z.literal('nothing'))
export type TheirVerdict = z.infer<typeof TheirVerdict>

export const SystemSettings = z.object({
  /** Where it is: https://example.atlassian.net, https://example.service-now.com, or the address that posts go to. */
  baseUrl: z.url({ protocol: /^https?$/ }).max(300),
  /** Says that http:// is meant: what is sent, and the secret, can be read on the way. */
  plainHttp: z.boolean().default(false),
  /** Who signs in. Jira Cloud: the mail address of the token. Empty: the secret is sent as a bearer token. */
  user: word(''),
  /** A provider's API: which, where it gives out tokens if that is another address, and whether released answers go through it. */
  api: word(''),
  signInUrl: z.union([z.literal(''), z.url({ protocol: /^https?$/ })]).default(''),
  answers: z.enum(['mail', 'api']).default('mail'),
  /** Our outcomes in their words, and theirs in ours. An outcome without words is not sent; a verdict that is not named is shown as such. */
  verdictOut: z.partialRecord(Outcome, SaidThere).default({}),
  verdictIn: z.record(status, TheirVerdict).default({}),
  /** Jira: Cloud speaks version 3 of the API, Data Center version 2. */
  deployment: z.enum(['cloud', 'data-center']).default('cloud'),
  project: word(''),
  issueType: word('Task'),
  /** ServiceNow: the table, and the journal that comments go to. */
  table: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,79}$/, 'a name of a table')
    .default('incident'),
  journal: z.enum(['work_notes', 'comments']).default('work_notes'),
  /** Set when a ticket is made there, and along with a status that ends it (ServiceNow asks for close_code and close_notes; Jira for resolution). */
  extra: Values.default({}),
  closing: Values.default({}),
  /** Tickets of these types are synced; none is none. */
  types: z.array(TicketType).max(20).default([]),
  /** Only of these providers; none named is every one. */
  providers: z.array(z.string().max(64)).max(100).default([]),
  /** What may leave, and what is taken. */
  fields: z.array(SharedField).max(20).default(['title', 'severity', 'link']),
  /** The strictest traffic light that leaves; of a ticket marked above it nothing does. */
  upToTlp: Tlp.default('AMBER'),
  takes: z
    .array(z.enum(['status', 'comments', 'files']))
    .max(3)
    .default(['status', 'comments']),
  /** Ours to theirs; a state that is not named is not sent. */
  statusOut: z.partialRecord(TicketState, status).default({}),
  /** Theirs to ours; a status that is not named is shown as such, and does nothing. */
  statusIn: z.record(status, TheirAct).default({}),
  allowAddresses: z.array(z.string().max(64)).max(50).default([]),
  ca: z
    .string()
    .max(64 * 1024)
    .default(''),
})
export type SystemSettings = z.infer<typeof SystemSettings>

/**
 * What came of a call. `later`: it is busy and did nothing. `unknown`: it was asked and no answer came, so it may have been done.
 * `refused`: it will not do this however often it is asked.
 */
export type Called<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'later'; readonly why: string; readonly afterMs: number | null }
  | { readonly kind: 'unknown'; readonly why: string }
  /** `status`: what it answered with, where it did. */
  | { readonly kind: 'refused'; readonly why: string; readonly status?: number }

/** A ticket as it leaves: only what the settings let out. `marker` is how it is found again there. */
export type Outgoing = {
  readonly marker: string
  readonly ticket: string
  readonly title: string
  readonly description: string
  readonly severity: string | null
  readonly link: string | null
}
export type TheirRef = { readonly id: string; readonly key: string; readonly url: string | null }
export type TheirTicket = TheirRef & {
  readonly status: string
  /** Of a provider's ticket. Null: none. */
  readonly verdict?: string | null
  /** False: it does not tell comments, so that none there proves nothing. */
  readonly tellsComments?: boolean
  readonly comments: readonly { readonly id: string; readonly author: string; readonly text: string }[]
  readonly files: readonly { readonly id: string; readonly name: string; readonly bytes: number; readonly at: string }[]
}
export type OutgoingFile = { readonly id: string; readonly name: string; readonly bytes: Uint8Array }

/** What a system that keeps tickets can be asked. Never rejects. */
export type TicketReading = {
  /** False: it can only be told; what it says comes as signed posts. */
  readonly reads: boolean
  readonly find: (marker: string) => Promise<Called<readonly TheirRef[]>>
  /** Null: it is not there (any more). */
  readonly read: (id: string) => Promise<Called<TheirTicket | null>>
  readonly fetch: (file: TheirTicket['files'][number]) => Promise<Called<Uint8Array>>
  /** Ids of those of ours that changed there in the last minutes, by its own clock. */
  readonly changed: (minutes: number) => Promise<Called<readonly string[]>>
  /** As whom it knows us: the Test button. */
  readonly whoAmI: () => Promise<Called<string>>
  readonly close: () => Promise<void>
}

/** What it can be told. */
type TicketTelling = {
  readonly create: (out: Outgoing) => Promise<Called<TheirRef>>
  readonly update: (id: string, out: Outgoing) => Promise<Called<null>>
  readonly setStatus: (id: string, status: string, ends: boolean) => Promise<Called<null>>
  /** The id of it, where it tells one. */
  readonly comment: (
    id: string,
    comment: { readonly id: string; readonly text: string },
  ) => Promise<Called<string | null>>
  readonly attach: (id: string, file: OutgoingFile) => Promise<Called<string | null>>
}

/** A system that keeps tickets, as the work room sees it. Never rejects. */
export type TicketSystem = TicketReading & TicketTelling

type First<P, T> = {
  readonly [K in keyof T]: T[K] extends (...rest: infer A) => infer R ? (first: P, ...rest: A) => R : never
}
/** The same with something that is shown first each time it is told something: an entry in what left, or what the gate gives for one. */
export type TicketSystemBehind<P> = TicketReading & First<P, TicketTelling>

/** What a system that takes signed posts may post back. `id` is the id of the ticket that we sent it. */
export const SystemPost = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ticket.linked'),
    id: z.uuid(),
    key: z.string().trim().min(1).max(100),
    url: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .nullable()
      .default(null),
  }),
  /** `at`: when it changed, by their clock. An older one than the last is passed over. */
  z.object({ type: z.literal('ticket.status'), id: z.uuid(), status, at: z.iso.datetime({ offset: true }) }),
  z.object({
    type: z.literal('ticket.commented'),
    id: z.uuid(),
    comment: z.string().min(1).max(200),
    author: z.string().max(200).default(''),
    text: z.string().min(1).max(10_000),
  }),
])
export type SystemPost = z.infer<typeof SystemPost>

/** What a verdict of theirs means here; null: nobody said. */
export function verdictMeans(settings: Pick<SystemSettings, 'verdictIn'>, verdict: string | null): TheirVerdict | null {
  const named = Object.entries(settings.verdictIn).find(([word]) => word.toLowerCase() === verdict?.toLowerCase())
  return named?.[1] ?? null
}

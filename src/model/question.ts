import { z } from 'zod'
import { Hit, WarningHit } from './intelligence.ts'

/** The evidence ladder: the rungs of a triage, from what the provider said to what only we know. */
export const rungs = [
  'provider-alert',
  'network-sessions',
  'endpoint-logs',
  'identity-owner',
  'vulnerability',
  'business-context',
] as const
export const Rung = z.enum(rungs)
export type Rung = z.infer<typeof Rung>

export const rungTitles: Record<Rung, string> = {
  'provider-alert': 'Provider alert',
  'network-sessions': 'Network sessions',
  'endpoint-logs': 'Target and endpoint logs',
  'identity-owner': 'Identity and owner',
  vulnerability: 'Vulnerability',
  'business-context': 'Business role and change calendar',
}

export const Level = z.enum(['low', 'medium', 'high', 'critical'])
export type Level = z.infer<typeof Level>

const at = z.iso.datetime().nullable().optional().describe('The moment the question is about; null for now')
const text = z.string()
const maybe = z.string().nullable()

const PersonAnswer = z.object({
  id: text,
  name: text,
  email: maybe,
  account: maybe,
  department: maybe,
  title: maybe,
  manager: maybe,
  privileged: z.boolean().nullable(),
})
const AssetAnswer = z.object({
  id: text,
  name: text,
  addresses: z.array(text),
  owner: maybe,
  ownerEmail: maybe,
  role: maybe,
  application: maybe,
  environment: maybe,
  criticality: Level.nullable(),
  sensitivity: Level.nullable(),
  regulatory: z.array(text),
  exposed: z.boolean().nullable(),
  site: maybe,
  /** When the source said so last (ISO 8601); how stale the fact is. */
  asOf: maybe,
})
/** A weakness on a machine. Sources that know less leave the optional fields out. */
const Vulnerability = z.object({
  cve: text,
  severity: maybe,
  since: maybe,
  note: maybe,
  lastSeen: maybe.optional(),
  patchedAt: maybe.optional(),
  fix: maybe.optional(),
  score: z.number().nullable().optional(),
  kev: maybe.optional(),
  epss: z.number().nullable().optional(),
  /** By when it has to be gone for certain, and at the earliest where something is not known: a day, or a timeline in words. */
  deadline: maybe.optional(),
  deadlineEarliest: maybe.optional(),
  deadlineUnknown: z.array(text).optional(),
  /** What we said about it: that it does not affect us, or that we live with it. */
  word: maybe.optional(),
  /** What its vendor says about it here, and whether that counts. */
  vendor: maybe.optional(),
})
const Sessions = z.object({
  count: z.int(),
  bytes: z.number().nullable(),
  first: maybe,
  last: maybe,
  rows: z.array(z.record(z.string(), z.unknown())).max(100),
})

/**
 * Everything the house may ask. `ask` and `answer` are the shapes; `rung` is the rung of the ladder that an answer fills;
 * `title` is how a person would put it. A connector says which of these it can answer.
 */
export const questions = {
  'asset-of-address': {
    rung: 'identity-owner',
    title: 'Which asset has this address?',
    ask: z.object({ address: text, at }),
    answer: AssetAnswer,
  },
  'asset-of-host': {
    rung: 'identity-owner',
    title: 'Which asset is this host?',
    ask: z.object({ host: text, at }),
    answer: AssetAnswer,
  },
  'owner-of-host': {
    rung: 'identity-owner',
    title: 'Who owns this host?',
    ask: z.object({ host: text, at }),
    answer: PersonAnswer,
  },
  'person-of-account': {
    rung: 'identity-owner',
    title: 'Who is behind this account?',
    ask: z.object({ account: text }),
    answer: PersonAnswer,
  },
  'manager-of-person': {
    rung: 'identity-owner',
    title: 'Who does this person report to?',
    ask: z.object({ person: text.describe('An account, a mail address or a name') }),
    answer: PersonAnswer,
  },
  'groups-of-account': {
    rung: 'identity-owner',
    title: 'Which groups is this account in?',
    ask: z.object({ account: text }),
    answer: z.object({
      groups: z.array(z.object({ id: text, name: text, privileged: z.boolean().nullable() })),
      /** Groups of groups are among them. */
      nested: z.boolean(),
      /** There are more than were listed. */
      more: z.boolean(),
    }),
  },
  'account-state': {
    rung: 'identity-owner',
    title: 'Is this account in use, locked, expired?',
    ask: z.object({ account: text }),
    answer: z.object({
      account: text,
      enabled: z.boolean().nullable(),
      locked: z.boolean().nullable(),
      expiresAt: maybe,
      passwordChangedAt: maybe,
      lastSignInAt: maybe,
      createdAt: maybe,
      note: maybe,
    }),
  },
  'business-role-of-asset': {
    rung: 'business-context',
    title: 'What is this asset for, and how much does it matter?',
    ask: z.object({ asset: text.describe('A host name or an address'), at }),
    answer: AssetAnswer,
  },
  'network-of-address': {
    rung: 'business-context',
    title: 'Is this address one of ours?',
    ask: z.object({ address: text }),
    answer: z.object({ ours: z.boolean(), network: maybe, name: maybe, site: maybe, zone: maybe }),
  },
  'change-window-of-asset': {
    rung: 'business-context',
    title: 'Was a change, test or exercise planned then?',
    ask: z.object({
      asset: text,
      source: text
        .nullable()
        .optional()
        .describe('The address it came from: a test explains only what its own sources did'),
      at,
    }),
    answer: z.object({ changes: z.array(z.object({ id: text, title: text, from: text, to: text, owner: maybe })) }),
  },
  'vulnerabilities-of-asset': {
    rung: 'vulnerability',
    title: 'Is the target vulnerable to what is being tried?',
    ask: z.object({
      asset: text.describe('A host name or an address'),
      cve: text.nullable().optional().describe('What is being tried'),
      at,
    }),
    answer: z.object({
      /** To the CVE that was asked about, at that moment; null: none was asked about, so nobody can say. */
      vulnerable: z.boolean().nullable(),
      open: z.array(Vulnerability),
      fixed: z.array(Vulnerability).optional(),
      /** All that were found; `open` and `fixed` name the worst. */
      total: z.int().optional(),
      /** Does the machine face the internet? */
      exposed: z.boolean().nullable().optional(),
      /** When the last of it was gone at the latest (ISO 8601): the first scan that did not see it. */
      patchedAt: maybe.optional(),
      scannedAt: maybe.optional(),
      scannedBy: z.array(text).optional(),
      /** Since when the CVE is known to be exploited (YYYY-MM-DD). */
      kev: maybe.optional(),
      /** What `vulnerable` rests on where it is not the scanner: our own word, or a vendor's statement, with the rule. */
      restsOn: maybe.optional(),
    }),
  },
  'sessions-between-addresses': {
    rung: 'network-sessions',
    title: 'Did these two talk to each other?',
    ask: z.object({ source: text, destination: text, at }),
    answer: Sessions,
  },
  'sessions-of-address': {
    rung: 'network-sessions',
    title: 'Whom did this address talk to?',
    ask: z.object({ address: text, at }),
    answer: Sessions,
  },
  'logins-of-account': {
    rung: 'endpoint-logs',
    title: 'Where did this account sign in?',
    ask: z.object({ account: text, at }),
    answer: Sessions,
  },
  'processes-of-host': {
    rung: 'endpoint-logs',
    title: 'What ran on this host?',
    ask: z.object({ host: text, at }),
    answer: Sessions,
  },
  'dns-of-host': {
    rung: 'network-sessions',
    title: 'Which names did this host look up?',
    ask: z.object({ host: text.describe('A host name or an address'), at }),
    answer: Sessions,
  },
  'lookups-of-domain': {
    rung: 'network-sessions',
    title: 'Who looked this name up?',
    ask: z.object({ domain: text, at }),
    answer: Sessions,
  },
  'url-visited-by': {
    rung: 'network-sessions',
    title: 'Who opened this address on the web?',
    ask: z.object({ url: text.describe('A URL, or a host name'), at }),
    answer: Sessions,
  },
  'first-and-last-seen': {
    rung: 'network-sessions',
    title: 'Since when do we see this in our logs?',
    ask: z.object({ type: text, value: text }),
    answer: z.object({
      count: z.int(),
      first: text,
      last: text,
      sources: z.array(z.object({ source: text, count: z.int(), first: text, last: text })),
    }),
  },
  'alerts-of-own-detections': {
    rung: 'endpoint-logs',
    title: 'Did our own detections see something here?',
    ask: z.object({ value: text.describe('An address, host, account, hash or domain'), at }),
    answer: Sessions,
  },
  coverage: {
    rung: 'network-sessions',
    title: 'Have we logs of that time at all?',
    ask: z.object({ source: text.nullable().optional(), class: z.int().nullable().optional(), at }),
    answer: z.object({
      covered: z.boolean(),
      sources: z.array(
        z.object({
          source: text,
          events: z.int(),
          first: text,
          last: text,
          gaps: z.array(z.object({ from: text, to: text })),
        }),
      ),
    }),
  },
  'hash-seen-on': {
    rung: 'endpoint-logs',
    title: 'Where was this file seen?',
    ask: z.object({ hash: text }),
    answer: Sessions,
  },
  'reputation-of-observable': {
    rung: 'provider-alert',
    title: 'What is known about this indicator?',
    ask: z.object({ type: text, value: text }),
    answer: z.object({
      verdict: z.enum(['malicious', 'suspicious', 'harmless', 'unknown']),
      sources: z.array(text),
      note: maybe,
      /** Our own intelligence says each source by itself, with its age and whom it may be told; others say what they come to. */
      hits: z.array(Hit).optional(),
      warnings: z.array(WarningHit).optional(),
    }),
  },
  'registration-of-domain': {
    rung: 'provider-alert',
    title: 'Who registered this domain, and when?',
    ask: z.object({ domain: text }),
    answer: z.object({
      domain: text,
      registrar: maybe,
      registeredAt: maybe,
      changedAt: maybe,
      expiresAt: maybe,
      status: z.array(text),
      nameServers: z.array(text),
    }),
  },
  'network-owner-of-address': {
    rung: 'provider-alert',
    title: 'Whose network is this address in?',
    ask: z.object({ address: text }),
    answer: z.object({
      address: text,
      network: maybe,
      name: maybe,
      organisation: maybe,
      country: maybe.describe('ISO 3166-1 alpha-2'),
      city: maybe,
      asn: z.int().nullable(),
      abuseContact: maybe,
      registeredAt: maybe,
      /** When the source said so (ISO 8601): a file has an age. */
      asOf: maybe,
    }),
  },
  'names-of-address': {
    rung: 'provider-alert',
    title: 'Which names does DNS give this address?',
    ask: z.object({ address: text }),
    answer: z.object({ names: z.array(text) }),
  },
  'records-of-name': {
    rung: 'provider-alert',
    title: 'What does DNS say of this name?',
    ask: z.object({ name: text }),
    answer: z.object({ name: text, addresses: z.array(text), texts: z.array(text) }),
  },
  'seen-before': {
    rung: 'business-context',
    title: 'Did we answer this before?',
    ask: z.object({
      rule: text,
      entity: text,
      provider: text.nullable().optional(),
      before: at,
      notAlert: text.nullable().optional(),
    }),
    answer: z.object({
      times: z.int(),
      first: maybe,
      last: maybe,
      outcomes: z.record(z.string(), z.int()),
      lastDecision: z.object({ alertId: text, outcome: text, reason: text, by: text, at: text }).nullable(),
    }),
  },
  'was-this-you': {
    rung: 'identity-owner',
    title: 'Ask the owner: was this you?',
    ask: z.object({
      email: text,
      name: maybe.optional(),
      what: text.describe('What happened, in one sentence'),
      alertId: text,
    }),
    answer: z.object({ answer: z.enum(['yes', 'no', 'unsure', 'not-me']), comment: text, by: text, at: text }),
  },
} as const satisfies Record<string, { rung: Rung; title: string; ask: z.ZodObject; answer: z.ZodObject }>

export const questionNames = Object.keys(questions) as [QuestionName, ...QuestionName[]]
export type QuestionName = keyof typeof questions
export const QuestionName = z.enum(questionNames)
export type AnswerOf<Q extends QuestionName> = z.infer<(typeof questions)[Q]['answer']>

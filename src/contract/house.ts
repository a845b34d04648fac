import { z } from 'zod'
import { Changes, ListNoun } from '../model/list.ts'
import { Provider } from '../model/provider.ts'
import { ReleaseSigning, SecondWait } from '../model/release.ts'
import { WebhookRefusal, WebhookScheme } from '../model/webhook.ts'
import { Xray, XrayStory } from '../model/xray.ts'
import { Done, endpoint } from './endpoint.ts'
import { RecordWords } from './record.ts'

const when = z.iso.datetime()

/** The door for signed posts of a provider. What its secrets are is never told. */
export const WebhookRow = z.object({
  scheme: WebhookScheme,
  version: z.int(),
  secrets: z.array(z.object({ madeAt: when, endsAt: when.nullable() })),
  /** Of the last seven days. */
  refusals: z.array(z.object({ reason: WebhookRefusal, count: z.int(), lastAt: when, lastAddress: z.string() })),
})
export type WebhookRow = z.infer<typeof WebhookRow>

export const ProviderRow = z.object({
  provider: Provider,
  version: z.int(),
  hasKey: z.boolean(),
  /** null: there is no such door. */
  webhook: WebhookRow.nullable(),
  messages: z.int(),
  lastMessageAt: when.nullable(),
})
export type ProviderRow = z.infer<typeof ProviderRow>

export const HouseSettings = z.object({
  ownDomains: z.array(z.string().max(253)).max(100),
  replyHoldSeconds: z.number().min(0).max(3600),
  /** When a release by two must be signed; not said: as it is. */
  releaseSigning: ReleaseSigning.optional(),
  /** How long an answer waits for its second release; not said: as it is. */
  secondWait: SecondWait.optional(),
})
export type HouseSettings = z.infer<typeof HouseSettings>

export const ImportPreview = z.object({
  noun: ListNoun,
  columns: z.array(z.string()),
  /** Field of ours -> column of the file, as guessed. */
  mapping: z.record(z.string(), z.string()),
  fields: z.array(z.string()),
  rowsIn: z.int(),
  rowsTaken: z.int(),
  /** What it changes of what this list said before. */
  changes: Changes,
  refused: z.array(z.object({ row: z.int(), why: z.string() })),
  sample: z.array(z.record(z.string(), z.unknown())),
})
export type ImportPreview = z.infer<typeof ImportPreview>

export const LedgerRow = RecordWords.extend({ id: z.uuid(), index: z.int().nullable() })
export type LedgerRow = z.infer<typeof LedgerRow>

export const QuestionPage = z.object({
  state: z.enum(['open', 'answered', 'expired']),
  what: z.string(),
  name: z.string().nullable(),
  askedAt: when,
  expiresAt: when,
  answeredAt: when.nullable(),
})
export type QuestionPage = z.infer<typeof QuestionPage>

const token = z.object({ token: z.string().regex(/^[A-Za-z0-9_-]{20,100}$/) })
const providerId = z.object({ id: z.string().max(64) })

export const houseApi = {
  'GET /api/providers': endpoint({
    permission: 'house.see',
    says: 'Providers and how we know them',
    answer: z.object({
      providers: z.array(ProviderRow),
      formats: z.array(z.object({ id: z.string(), title: z.string() })),
    }),
  }),
  'PUT /api/providers/:id': endpoint({
    permission: 'provider.change',
    says: 'Add or change a provider; version 0 adds',
    params: providerId,
    body: z.object({ provider: Provider, version: z.int().nonnegative() }),
    answer: z.object({ version: z.int() }),
  }),
  'POST /api/providers/:id/key': endpoint({
    permission: 'provider.change',
    says: 'A new intake key; shown once, the old one stops at once',
    params: providerId,
    answer: z.object({ key: z.string() }),
  }),
  'PUT /api/providers/:id/webhook': endpoint({
    permission: 'provider.change',
    says: 'How a provider signs its posts; version 0 opens the door. Another kind of signature forgets the secrets',
    params: providerId,
    body: z.object({ scheme: WebhookScheme, version: z.int().nonnegative() }),
    answer: z.object({ version: z.int() }),
  }),
  'POST /api/providers/:id/webhook/secret': endpoint({
    permission: 'provider.change',
    says: 'A secret for signed posts: theirs, or (null) a new one, shown once. Those before it stay valid for some hours',
    params: providerId,
    body: z.object({
      secret: z.string().min(16).max(500).nullable(),
      othersHours: z.int().min(0).max(168).default(24),
    }),
    answer: z.object({ secret: z.string().nullable() }),
  }),
  'DELETE /api/providers/:id/webhook': endpoint({
    permission: 'provider.change',
    says: 'Shuts the door for signed posts and forgets its secrets',
    params: providerId,
    answer: Done,
  }),
  'GET /api/settings': endpoint({
    permission: 'house.see',
    says: 'Settings of the house',
    answer: z.object({
      settings: HouseSettings,
      doors: z.array(z.string()),
      mailOut: z.string().nullable(),
      publicUrl: z.string(),
    }),
  }),
  'PUT /api/settings': endpoint({
    permission: 'setting.change',
    says: 'Change settings',
    body: HouseSettings,
    answer: Done,
  }),
  'GET /api/imports': endpoint({
    permission: 'house.see',
    says: 'Lists we have: assets, people, networks, leases, calendar',
    answer: z.object({
      lists: z.array(z.object({ noun: ListNoun, rows: z.int(), asOf: when.nullable() })),
      mappings: z.array(z.object({ noun: z.string(), name: z.string() })),
    }),
  }),
  'POST /api/imports/preview': endpoint({
    permission: 'context.import',
    says: 'What an uploaded list would become; changes nothing',
    form: 'multipart',
    answer: ImportPreview,
  }),
  'POST /api/imports': endpoint({
    permission: 'context.import',
    says: 'Take an uploaded list',
    form: 'multipart',
    answer: ImportPreview,
  }),
  'POST /api/xray': endpoint({
    permission: 'xray.run',
    says: 'What a folder of old provider mail says; nothing of it is kept',
    form: 'multipart',
    answer: z.object({
      xray: Xray,
      story: XrayStory,
      html: z.string().describe('The story with its lists, as one file that loads nothing'),
      files: z.int(),
      bytes: z.number(),
    }),
  }),
  'GET /api/ledger': endpoint({
    permission: 'ledger.see',
    says: 'The record, newest first',
    query: z.object({ subject: z.string().max(200).default(''), before: z.string().max(40).default('') }),
    answer: z.object({
      rows: z.array(LedgerRow),
      treeSize: z.int(),
      rootHash: z.string().nullable(),
      checkpoint: z.string().nullable(),
    }),
  }),
  'GET /api/ledger/export': endpoint({
    permission: 'ledger.see',
    says: 'The record for `counterfoil audit verify`, as a download',
  }),
  'GET /api/questions/:token': endpoint({
    permission: 'one-time-link',
    says: 'A question to a person; looking changes nothing',
    params: token,
    answer: QuestionPage,
  }),
  'POST /api/questions/:token': endpoint({
    permission: 'one-time-link',
    says: 'Answer it, once',
    params: token,
    body: z.object({
      answer: z.enum(['yes', 'no', 'unsure', 'not-me']),
      comment: z.string().trim().max(2000).default(''),
    }),
    answer: Done,
  }),
  'POST /api/intake': endpoint({
    permission: 'provider-key',
    says: 'A provider’s message: RFC 5322 (message/rfc822) or JSON, with the provider’s key as bearer token',
    form: 'raw',
    answer: z.object({ id: z.string(), fresh: z.boolean() }),
  }),
  'POST /api/intake/:provider': endpoint({
    permission: 'webhook',
    says: 'A provider’s message, signed as agreed with it (docs/webhooks.md); the raw body is verified before it is parsed',
    params: z.object({ provider: z.string().max(64) }),
    form: 'raw',
    answer: z.object({ id: z.string(), fresh: z.boolean() }),
  }),
  'GET /api/live': endpoint({ permission: 'live.listen', says: 'Server-sent events: topics that changed' }),
  'GET /api/openapi.json': endpoint({ permission: 'public', says: 'This interface, as OpenAPI 3.1' }),
  'GET /api/health': endpoint({ permission: 'public', says: 'Ready or not', answer: z.object({ ready: z.boolean() }) }),
} as const

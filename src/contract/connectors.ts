import { z } from 'zod'
import { FindingKind } from '../model/finding.ts'
import { Level, QuestionName, Rung } from '../model/question.ts'
import { Done, endpoint } from './endpoint.ts'

const when = z.iso.datetime()

/** How far what a connector answers from is behind. `live`: it looks when it is asked, and keeps nothing that could lag. */
const Lag = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('live') }),
  z.object({ kind: z.literal('copy'), of: z.string(), newest: when }),
  z.object({ kind: z.literal('not-measured'), of: z.string() }),
])

export const ConnectorCard = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.string().nullable().describe('null: one of the house, or a description of a REST source'),
  origin: z.enum(['house', 'file', 'page']),
  scope: z.string(),
  answers: z.array(z.object({ question: QuestionName, title: z.string(), rung: Rung, rungTitle: z.string() })),
  limits: z.object({
    timeoutMs: z.number(),
    concurrency: z.number(),
    perMinute: z.number().nullable().describe('null: not limited'),
  }),
  state: z.enum(['active', 'failing', 'warning', 'silent', 'not-configured', 'off']),
  says: z.string(),
  failingSince: when.nullable(),
  lastSuccess: when.nullable(),
  lastMs: z.number().nullable().describe('How long its last answer took'),
  lag: Lag.describe('Of when the newest is that it answers from'),
  asked: z.int(),
  failed: z.int(),
  today: z.int(),
  usual: z
    .number()
    .nullable()
    .describe('Median of questions a day, of the 14 days before; null: fewer than 3 days are known'),
  days: z.array(z.object({ day: z.iso.date(), asked: z.int(), failed: z.int() })),
  silentAfterHours: z.int().nullable(),
  canTest: z.boolean().describe('It reads something by itself when it is tested; else a question is asked'),
})
export type ConnectorCard = z.infer<typeof ConnectorCard>

export const ConnectorKindCard = z.object({
  kind: z.string(),
  title: z.string(),
  says: z.string(),
  fileOnly: z.string().nullable(),
  answers: z.array(QuestionName).describe('What it can answer; none named: what its settings describe'),
  form: z.record(z.string(), z.unknown()).describe('JSON Schema of the settings'),
  target: z.array(z.string()),
  secrets: z.array(
    z.object({ name: z.string(), title: z.string(), says: z.string(), needed: z.boolean(), lines: z.boolean() }),
  ),
})
export type ConnectorKindCard = z.infer<typeof ConnectorKindCard>

const Id = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'small letters, digits and hyphens, a letter first')

export const ConnectorDraft = z.object({
  kind: z.string().max(64),
  title: z.string().trim().min(1).max(200),
  settings: z.record(z.string(), z.unknown()),
  secrets: z
    .record(z.string(), z.string().nullable())
    .default({})
    .describe('One that is not named stays as it is; null removes it'),
  enabled: z.boolean().default(true),
  version: z.int().nonnegative(),
})
export type ConnectorDraft = z.infer<typeof ConnectorDraft>

/** What a test came to. `read`: rows as they came, secrets left out; `answered`: one question, asked of this connector alone. */
export const Tried = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('read'),
    says: z.string(),
    rows: z.array(z.record(z.string(), z.string())),
    can: z.array(z.string()),
    cannot: z.array(z.string()),
    warnings: z.array(z.string()),
    ms: z.number(),
  }),
  z.object({
    kind: z.literal('answered'),
    finding: FindingKind,
    why: z.string(),
    answer: z.unknown(),
    query: z.string(),
    ms: z.number(),
  }),
  z.object({ kind: z.literal('failed'), why: z.string(), next: z.string(), ms: z.number() }),
])
export type Tried = z.infer<typeof Tried>

const connectorId = z.object({ id: z.string().max(64) })
const draftId = z.object({ id: Id })

/** A rung and a criticality: of how many assets it was answered. */
const CoverageCell = z.object({
  rung: Rung,
  criticality: Level.nullable().describe('null: nobody said how critical they are'),
  assets: z.int(),
  answered: z.int(),
  failed: z.int().describe('Not answered, and at least one source that was asked failed'),
})
export type CoverageCell = z.infer<typeof CoverageCell>

export const Coverage = z.object({
  days: z.int(),
  alerts: z.int().describe('Alerts of these days that were looked at, the newest first'),
  more: z.boolean().describe('There were more'),
  unplaced: z.int().describe('Of them, those in which no asset of ours was found'),
  rungs: z.array(
    z.object({
      rung: Rung,
      title: z.string(),
      fillers: z.array(z.string()).describe('What could fill it and does not now'),
    }),
  ),
  cells: z.array(CoverageCell),
})
export type Coverage = z.infer<typeof Coverage>

export const connectorsApi = {
  'GET /api/connector-coverage': endpoint({
    permission: 'house.see',
    says: 'Which rung of the ladder our sources answered for how many assets of each criticality, in the last 30 days',
    answer: Coverage,
  }),
  'GET /api/connectors': endpoint({
    permission: 'house.see',
    says: 'What can answer our questions, and how it is doing',
    answer: z.object({
      connectors: z.array(ConnectorCard),
      rungs: z.array(z.object({ rung: Rung, title: z.string() })),
    }),
  }),
  'GET /api/connector-kinds': endpoint({
    permission: 'house.see',
    says: 'Kinds of connectors that can be set up, with their forms',
    answer: z.object({ kinds: z.array(ConnectorKindCard) }),
  }),
  'GET /api/connectors/:id': endpoint({
    permission: 'connector.change',
    says: 'What a connector of the page is set up with; of its secrets only which there are',
    params: connectorId,
    answer: z.object({
      kind: z.string(),
      title: z.string(),
      settings: z.record(z.string(), z.unknown()),
      secrets: z.array(z.string()),
      enabled: z.boolean(),
      version: z.int(),
    }),
  }),
  'PUT /api/connectors/:id': endpoint({
    permission: 'connector.change',
    says: 'Add or change a connector; version 0 adds. It counts at once',
    params: draftId,
    body: ConnectorDraft,
    answer: z.object({ version: z.int() }),
  }),
  'DELETE /api/connectors/:id': endpoint({
    permission: 'connector.change',
    says: 'Remove a connector and its secrets',
    params: connectorId,
    answer: Done,
  }),
  'POST /api/connectors/:id/test': endpoint({
    permission: 'connector.test',
    says: 'Read something with it now, or ask it one question',
    params: connectorId,
    body: z.object({
      question: QuestionName.nullable().default(null),
      ask: z.record(z.string(), z.string().max(1_000)).default({}),
    }),
    answer: Tried,
  }),
  'POST /api/connector-drafts/:id/test': endpoint({
    permission: 'connector.change',
    says: 'Read something with settings that are not saved; changes nothing',
    params: draftId,
    body: ConnectorDraft,
    answer: Tried,
  }),
  'PUT /api/connectors/:id/watch': endpoint({
    permission: 'connector.change',
    says: 'After how many hours without an answer its silence is said; null: never',
    params: connectorId,
    body: z.object({ silentAfterHours: z.int().min(1).max(2160).nullable() }),
    answer: Done,
  }),
} as const

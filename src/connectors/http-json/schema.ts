import { z } from 'zod'
import { QuestionName } from '../../model/question.ts'

const expression = z.string().min(1).max(2_000).describe('A CEL expression over `status`, `body` and `ask`')

/** Where a secret is kept; the file with the description never holds it. */
export const SecretPlace = z.union([
  z.strictObject({ file: z.string().describe('Path of a file, beside this one') }),
  z.strictObject({
    env: z
      .string()
      .regex(/^COUNTERFOIL_SECRET_[A-Z0-9_]+$/, 'name it COUNTERFOIL_SECRET_...')
      .describe('Name of an environment variable'),
  }),
])
export type SecretPlace = z.infer<typeof SecretPlace>

const Auth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('bearer'), secret: SecretPlace }),
  z.strictObject({
    kind: z.literal('header'),
    name: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,60}$/),
    secret: SecretPlace,
  }),
  z.strictObject({ kind: z.literal('basic'), user: z.string().max(200), secret: SecretPlace }),
])

/** A response as the source gives it, and what it must come to. Verified whenever the description is loaded. */
const Sample = z.strictObject({
  ask: z.record(z.string(), z.unknown()),
  status: z.int().min(100).max(599).default(200),
  response: z.unknown(),
  answer: z.record(z.string(), z.unknown()).nullable().describe('null: this response means "nothing there"'),
})

export const QuestionPart = z.strictObject({
  method: z.enum(['GET', 'POST']).default('GET'),
  path: z.string().startsWith('/').max(1_000).describe('Template: {name} is a field of the ask, URL-encoded'),
  query: z
    .record(z.string(), z.string().max(1_000))
    .default({})
    .describe('Templates; one whose field is not known is left out'),
  body: z.unknown().optional().describe('JSON for POST; its texts are templates'),
  nothing: expression.default('status == 404').describe('Holds when the source looked and has nothing; asked first'),
  found: expression.default('status == 200').describe('Holds when the response has an answer'),
  answer: z.record(z.string(), expression).describe("An expression for each field of the question's answer"),
  sample: z.union([Sample, z.array(Sample).min(1).max(20)]),
})
export type QuestionPart = z.infer<typeof QuestionPart>

/** Any REST source that answers with JSON, described in YAML. docs/connectors.md says it with examples. */
export const Description = z.strictObject({
  connector: z.literal(1).describe('Version of this format'),
  id: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  title: z.string().min(1).max(200),
  scope: z.string().min(1).max(1_000).describe('What it can and cannot answer, for the settings page'),
  baseUrl: z.url({ protocol: /^https?$/ }),
  plainHttp: z
    .boolean()
    .default(false)
    .describe('Says that http:// is meant: what is asked, and the secret, can be read on the way'),
  caFile: z.string().optional().describe('PEM of the authority that signed its certificate, beside this file'),
  auth: Auth.default({ kind: 'none' }),
  headers: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,60}$/), z.string().max(500)).default({}),
  allowAddresses: z
    .array(z.string().max(64))
    .max(50)
    .default([])
    .describe('Internal addresses and ranges it may reach; public ones need no entry'),
  limits: z
    .strictObject({
      timeoutMs: z.int().min(100).max(60_000).default(5_000),
      concurrency: z.int().min(1).max(50).default(4),
      perMinute: z.int().min(1).max(100_000).default(600),
    })
    .prefault({}),
  health: z.strictObject({ path: z.string().startsWith('/').max(1_000) }).optional(),
  questions: z
    .partialRecord(QuestionName, QuestionPart)
    .refine((parts) => Object.keys(parts).length > 0, 'it answers no question'),
})
export type Description = z.infer<typeof Description>

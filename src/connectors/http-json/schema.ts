import { z } from 'zod'
import { QuestionName } from '../../model/question.ts'

const expression = z
  .string()
  .min(1)
  .max(2_000)
  .describe('A CEL expression over `status`, `headers`, `body`, `ask`, ...')
const template = z.string().max(4_000).describe('Places such as {host}, {host|kql}, {tenant}, {from}')
const headerName = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,60}$/)
const id = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/)

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

const secret = SecretPlace.optional().describe('Left out in the catalogue: who uses a description names the place')

/** A step that trades the secret for a token. Its templates may name {secret}; nothing else may. */
const Login = z.strictObject({
  method: z.enum(['GET', 'POST']).default('POST'),
  path: z.string().startsWith('/').max(1_000),
  basic: template.optional().describe('User of HTTP Basic; the secret is the password'),
  body: z.unknown().optional(),
  form: z.record(z.string(), template).optional(),
})

export const Auth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('bearer'), secret }),
  z.strictObject({
    kind: z.literal('header'),
    name: headerName,
    value: template.default('{secret}').describe('For keys in two parts: "accessKey={accessKey}; secretKey={secret}"'),
    secret,
  }),
  z.strictObject({ kind: z.literal('basic'), user: template, secret }),
  z.strictObject({ kind: z.literal('query'), name: z.string().regex(/^\w{1,60}$/), secret }),
  z.strictObject({
    kind: z.literal('oauth2'),
    tokenUrl: template.describe('Client credentials, RFC 6749 4.4'),
    clientId: template,
    clientIn: z.enum(['body', 'basic']).default('body'),
    form: z.record(z.string(), template).default({}).describe('scope, audience...'),
    secret,
  }),
  z.strictObject({
    kind: z.literal('session'),
    login: Login,
    token: expression,
    header: headerName.default('authorization'),
    value: template.default('Bearer {token}'),
    minutes: z
      .number()
      .min(1)
      .max(24 * 60)
      .describe('A token older than this is not used any more'),
    sample: z.strictObject({ response: z.unknown(), token: z.string() }),
    secret,
  }),
])
export type Auth = z.infer<typeof Auth>

/** A setting of a shared description: one YAML serves every customer. */
export const Parameter = z.strictObject({
  says: z.string().min(1).max(300),
  kind: z
    .enum(['word', 'url', 'text'])
    .default('word')
    .describe('word: letters, digits, . _ -; url: where it is; text: one line'),
  default: z.string().max(500).optional(),
  example: z.string().min(1).max(500).describe('What samples and tests are run with'),
})
export type Parameter = z.infer<typeof Parameter>

/** One, or a list of them; a list to whoever reads it. Not a union: what is wrong in one would then be "invalid input" of the whole. */
function oneOrMore<T extends z.ZodType>(one: T, most: number) {
  return z.preprocess(
    (given): readonly unknown[] => (Array.isArray(given) ? (given as unknown[]) : [given]),
    z.array(one).min(1).max(most),
  )
}

/** One reply of the source, as it gives it: JSON in `response`, or as it stands on the wire in `text`. */
const Reply = z.strictObject({
  request: z.string().optional().describe('What must have been asked for this: "GET /path?query", or a part of it'),
  status: z.int().min(100).max(599).default(200),
  headers: z.record(z.string(), z.string()).default({}),
  response: z.unknown().optional(),
  text: z.string().max(100_000).optional(),
})
export type Reply = z.infer<typeof Reply>

/** Replies as the source gives them, and what they must come to. Verified whenever the description is loaded. */
const Sample = z
  .strictObject({
    ask: z.record(z.string(), z.unknown()),
    status: z.int().min(100).max(599).default(200),
    response: z.unknown().optional(),
    text: z.string().max(100_000).optional(),
    request: z.string().optional(),
    replies: z.array(Reply).max(20).optional().describe('In the order of the requests: steps, then pages'),
    answer: z
      .record(z.string(), z.unknown())
      .nullable()
      .optional()
      .describe('null: this response means "nothing there"'),
    fails: z.string().min(1).optional().describe('This response means that it could not look; words of the reason'),
  })
  .refine((sample) => (sample.answer === undefined) !== (sample.fails === undefined), 'say `answer`, or `fails`')
export type Sample = z.infer<typeof Sample>

const windowLength = z.string().regex(/^\d{1,4}[mhd]$/, 'minutes, hours or days: 30m, 24h, 7d')

/** The replies of a request that is made again for what is left. */
const Pages = z.strictObject({
  next: expression.describe('What to ask the next page with; null when this was the last one'),
  as: z
    .string()
    .regex(/^(url|query:[\w.$-]{1,60}|body:\w{1,60})$/)
    .describe('url: `next` is its address; query:NAME or body:NAME: it goes there'),
  most: z.int().min(1).max(20).default(5).describe('Pages read; "nothing" is never said of a list that was cut off'),
})

const request = {
  method: z.enum(['GET', 'POST']).default('GET'),
  path: z.string().startsWith('/').max(1_000).describe('Template: {name} is a field of the ask, URL-encoded'),
  query: z
    .record(z.string(), oneOrMore(template, 20))
    .default({})
    .describe('Templates; one whose field is not known is left out'),
  headers: z.record(headerName, template).default({}),
  body: z.unknown().optional().describe('JSON for POST; its texts are templates'),
  form: z.record(z.string(), template).optional().describe('A form for POST, instead of a body'),
  reads: z.enum(['json', 'json-lines', 'xml']).default('json').describe('How the response is written'),
}

/** A request and what its reply means. */
const exchange = {
  ...request,
  trouble: expression
    .optional()
    .describe('A text when the source says that it failed (whatever the status), else null'),
  again: expression.optional().describe('Holds while the source still works on it: the request is made again'),
  items: expression.optional().describe('The list in a reply; `items` in what follows is that of all pages'),
  pages: Pages.optional(),
  nothing: expression.optional().describe('Holds when the source looked and has nothing; asked before `found`'),
  unclear: expression.optional().describe('Holds when several fit and none can be told apart: failed, never guessed'),
  found: expression.default('status == 200').describe('Holds when the response has an answer'),
}

export const Step = z.strictObject({
  ...exchange,
  keep: z.record(z.string().regex(/^[a-z]\w{0,40}$/i), expression).describe('Places and `kept.NAME` for what follows'),
})
export type Step = z.infer<typeof Step>

export const QuestionPart = z.strictObject({
  when: expression.optional().describe('Over `ask`: is this one for it? The first that fits is asked'),
  window: z
    .strictObject({ before: windowLength, after: windowLength })
    .optional()
    .describe('Around `at`, or now: the places {from} and {to}'),
  steps: z.array(Step).max(4).default([]),
  ...exchange,
  answer: z.record(z.string(), expression).describe("An expression for each field of the question's answer"),
  sample: oneOrMore(Sample, 20),
})
export type QuestionPart = z.infer<typeof QuestionPart>
export type Exchange = Step | QuestionPart

const timeoutMs = z.int().min(100).max(60_000)
const concurrency = z.int().min(1).max(50)
const perMinute = z.int().min(1).max(100_000)
const limits = z.strictObject({
  timeoutMs: timeoutMs.default(5_000),
  concurrency: concurrency.default(4),
  perMinute: perMinute.default(600),
})
const allowAddresses = z
  .array(z.string().max(64))
  .max(50)
  .describe('Internal addresses and ranges it may reach; public ones need no entry')

/** Any REST source, described in YAML. docs/connectors.md says it with examples. */
export const Description = z.strictObject({
  connector: z.literal(1).describe('Version of this format'),
  id,
  title: z.string().min(1).max(200),
  scope: z.string().min(1).max(1_000).describe('What it can and cannot answer, for the settings page'),
  role: z.string().min(1).max(500).optional().describe('The least that the key needs, in the words of the vendor'),
  docs: z.string().min(1).max(500).optional().describe("The page of the vendor's public documentation it rests on"),
  samples: z
    .enum(['made-up', 'contract', 'recorded'])
    .optional()
    .describe('contract: made up by us after the public contract; recorded: from a real one'),
  leavesHouse: z.boolean().default(false).describe('What is asked is told to somebody outside'),
  parameters: z.record(z.string().regex(/^[a-z][A-Za-z0-9]{0,40}$/), Parameter).default({}),
  baseUrl: template,
  plainHttp: z
    .boolean()
    .default(false)
    .describe('Says that http:// is meant: what is asked, and the secret, can be read on the way'),
  caFile: z.string().optional().describe('PEM of the authority that signed its certificate, beside this file'),
  auth: Auth.default({ kind: 'none' }),
  headers: z.record(headerName, z.string().max(500)).default({}),
  allowAddresses: allowAddresses.default([]),
  limits: limits.prefault({}),
  health: z
    .strictObject({
      ...request,
      found: expression.optional().describe('Left out: any status below 400'),
      sample: z.string().max(10_000).optional().describe('A reply in which `found` holds, as it stands on the wire'),
    })
    .optional(),
  questions: z
    .partialRecord(QuestionName, oneOrMore(QuestionPart, 10))
    .refine((parts) => Object.keys(parts).length > 0, 'it answers no question'),
})
export type Description = z.infer<typeof Description>

/** A description of the catalogue, put to use: an entry of `connectors:` in counterfoil.yaml. */
export const Use = z.strictObject({
  use: id.describe('Id of a description of the catalogue (`counterfoil connector list`)'),
  id: id.optional().describe('When the same source is used twice'),
  title: z.string().min(1).max(200).optional(),
  parameters: z.record(z.string(), z.string().max(500)).default({}),
  secret: SecretPlace.optional(),
  auth: Auth.optional().describe('Another way to sign in than the one of the description'),
  allowAddresses: allowAddresses.default([]),
  plainHttp: z.boolean().optional(),
  caFile: z.string().optional(),
  limits: z
    .strictObject({
      timeoutMs: timeoutMs.optional(),
      concurrency: concurrency.optional(),
      perMinute: perMinute.optional(),
    })
    .prefault({}),
})
export type Use = z.infer<typeof Use>

import { z } from 'zod'
import { QuestionName } from '../../model/question.ts'
import { mappingForms } from '../answer-rows.ts'
import { allowForm, caForm, hostForm, limitForms } from '../reach.ts'

const Query = z.strictObject({
  sql: z.string().min(1).max(20_000).describe('One SELECT. `:host` is a field of the question, bound as a value'),
  ...mappingForms,
  sample: z.record(z.string(), z.string().max(1_000)).default({}).describe('An ask that the Test button tries it with'),
})
export type Query = z.infer<typeof Query>

export const SqlSettings = z.strictObject({
  system: z
    .enum(['postgresql', 'mariadb'])
    .default('postgresql')
    .meta({ title: 'Database system', words: { postgresql: 'PostgreSQL', mariadb: 'MariaDB or MySQL' } }),
  host: hostForm.describe('Its name as the certificate has it'),
  port: z.int().min(0).max(65_535).default(0).meta({ title: 'Port' }).describe('0: the usual one (5432, 3306)'),
  database: z.string().min(1).max(200).meta({ title: 'Database' }),
  user: z.string().min(1).max(200).meta({ title: 'User' }).describe('One that may read and nothing else'),
  security: z
    .enum(['tls', 'plain-text'])
    .default('tls')
    .meta({ title: 'Encryption', words: { tls: 'TLS', 'plain-text': 'None (plain text)' } })
    .describe('Plain text: every answer can be read on the way'),
  ca: caForm,
  questions: z
    .partialRecord(QuestionName, Query)
    .refine((queries) => Object.keys(queries).length > 0, 'it answers no question')
    .meta({ title: 'Questions' })
    .describe(
      'For each question its query: { owner-of-host: { sql: "SELECT id, name, mail AS email FROM machine WHERE host = :host" } }',
    ),
  rowsMax: z.int().min(1).max(1_000).default(100).meta({ title: 'Rows of an answer' }),
  allowAddresses: allowForm,
  ...limitForms({ timeoutMs: 5_000, concurrency: 4, perMinute: 600 }),
})
export type SqlSettings = z.infer<typeof SqlSettings>

import { z } from 'zod'
import { FieldProblem, MarkedPlace, ReaderTest, TeachPage } from '../model/teaching.ts'
import { endpoint } from './endpoint.ts'

const when = z.iso.datetime()
const yaml = z.string().max(60_000)
const messageId = z.object({ id: z.string().regex(/^[0-9a-f]{64}$/) })

export const YamlIssue = z.object({ line: z.int(), column: z.int(), where: z.string(), problem: z.string() })
export type YamlIssue = z.infer<typeof YamlIssue>

export const TaughtReaderRow = z.object({
  id: z.string(),
  version: z.int(),
  switchedOn: z.boolean(),
  yaml: z.string(),
  changedAt: when,
  changedBy: z.string(),
})
export type TaughtReaderRow = z.infer<typeof TaughtReaderRow>

export const readersApi = {
  'GET /api/readers': endpoint({
    permission: 'house.see',
    says: 'Readers that people of this house taught, as YAML',
    answer: z.object({ readers: z.array(TaughtReaderRow) }),
  }),
  'PUT /api/readers/:id': endpoint({
    permission: 'reader.change',
    says: 'Add (version 0) or change a taught reader, and switch it on or off. It counts for messages that are read from then on',
    params: z.object({ id: z.string().max(64) }),
    body: z.object({ yaml, switchedOn: z.boolean(), version: z.int().nonnegative() }),
    answer: z.object({ version: z.int() }),
  }),
  'GET /api/teach/:id': endpoint({
    permission: 'reader.teach',
    says: 'A message to teach a reader on',
    params: messageId,
    answer: TeachPage,
  }),
  'POST /api/teach/:id': endpoint({
    permission: 'reader.teach',
    says: 'Make a reader of marked places, and test it on the last messages of the sender. Nothing is kept',
    params: messageId,
    body: z.object({
      id: z.string().max(64),
      title: z.string().min(1).max(200),
      marks: z.array(MarkedPlace).min(1).max(13),
    }),
    answer: z.object({ yaml: z.string(), problems: z.array(FieldProblem), test: ReaderTest }),
  }),
  'POST /api/teach/:id/test': endpoint({
    permission: 'reader.teach',
    says: 'Check a reader’s YAML, and test it on the last messages of the sender. Nothing is kept',
    params: messageId,
    body: z.object({ yaml }),
    answer: z.object({ issues: z.array(YamlIssue), test: ReaderTest.nullable() }),
  }),
} as const

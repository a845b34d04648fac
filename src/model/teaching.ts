import { z } from 'zod'
import { Severity } from './alert.ts'
import { TextPart } from './letter.ts'
import { ReadField } from './reader.ts'

const when = z.iso.datetime()

/** A place that a person marks: offsets into the text of a part. */
export const MarkedPlace = z.object({
  field: ReadField,
  part: z.string().max(100),
  start: z.int().min(0).max(5_000_000),
  end: z.int().min(0).max(5_000_000),
  /** Of a severity: which of ours their word is, where we do not know it. */
  means: Severity.optional(),
})
export type MarkedPlace = z.infer<typeof MarkedPlace>

export const FieldProblem = z.object({ field: ReadField, why: z.string() })
export type FieldProblem = z.infer<typeof FieldProblem>

/** How a reader does on one message. */
export const TriedRow = z.object({
  messageId: z.string(),
  subject: z.string(),
  receivedAt: when,
  /** Every field of the reader was found. */
  green: z.boolean(),
  /** It is this reader's: what the reader needs was found. */
  own: z.boolean(),
  fields: z.array(z.object({ field: ReadField, value: z.string() })),
  why: z.array(FieldProblem),
})
export type TriedRow = z.infer<typeof TriedRow>

/** How a reader does on the last messages of a sender; those that it does not read first. */
export const ReaderTest = z.object({
  green: z.int(),
  of: z.int(),
  /** Messages that were too large to test on. */
  left: z.int(),
  rows: z.array(TriedRow),
  /** What it reads in the message at hand. */
  here: TriedRow,
})
export type ReaderTest = z.infer<typeof ReaderTest>

export const TeachPage = z.object({
  id: z.string(),
  subject: z.string(),
  from: z.string().nullable(),
  provider: z.string().nullable(),
  receivedAt: when,
  quarantined: z.boolean(),
  parts: z.array(TextPart),
  /** What is read today, and by which reader. */
  reader: z.string().nullable(),
  marks: z.array(MarkedPlace),
  /** A name for the reader, made of the sender. */
  suggested: z.object({ id: z.string(), title: z.string() }),
  /** Readers that people taught before. */
  taught: z.array(z.string()),
})
export type TeachPage = z.infer<typeof TeachPage>

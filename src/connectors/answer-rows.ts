import { z } from 'zod'
import type { Answered } from '../model/finding.ts'
import { type QuestionName, questions } from '../model/question.ts'

/** How rows (of a query, of a command's output) become the answer of a question. */
export const mappingForms = {
  list: z
    .string()
    .max(64)
    .default('')
    .describe(
      'The field of the answer that takes every row, for answers that are lists. Empty: one row is the answer, and two are a failure',
    ),
  columns: z
    .record(z.string(), z.string().max(200))
    .default({})
    .describe('Field of the answer: column. A field that is not named is the column of its own name'),
  always: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .default({})
    .describe('Fields of the answer that always have this value'),
}
export type Mapping = {
  readonly list: string
  readonly columns: Readonly<Record<string, string>>
  readonly always: Readonly<Record<string, string | number | boolean | null>>
}
export type Row = Readonly<Record<string, unknown>>

const blanks = [null, []] as const

function shapeOf(question: QuestionName): Readonly<Record<string, z.ZodType>> {
  return questions[question].answer.shape
}

/** What is wrong with a mapping, in sentences. */
export function mappingProblems(question: QuestionName, mapping: Mapping): readonly string[] {
  const fields = Object.keys(shapeOf(question))
  const there = `there are: ${fields.join(', ')}`
  if (mapping.list !== '' && itemShape(question, mapping.list) === null)
    return [`list: "${mapping.list}" is no list of the answer; ${there}`]
  const own = mapping.list === '' ? fields : Object.keys(itemShape(question, mapping.list) ?? {})
  return [
    // A list of records without a shape (rows of sessions) takes any column.
    ...(own.length === 0
      ? []
      : Object.keys(mapping.columns)
          .filter((field) => !own.includes(field))
          .map((field) => `columns: "${field}" is no field; there are: ${own.join(', ')}`)),
    ...Object.keys(mapping.always)
      .filter((field) => !fields.includes(field))
      .map((field) => `always: "${field}" is no field of the answer; ${there}`),
  ]
}

/** The fields of a list's items; empty for items of any shape, null for what is no list. */
function itemShape(question: QuestionName, list: string): Readonly<Record<string, z.ZodType>> | null {
  const schema = shapeOf(question)[list]
  if (!(schema instanceof z.ZodArray)) return null
  const item = schema.element
  return item instanceof z.ZodObject ? (item.shape as Record<string, z.ZodType>) : {}
}

/** Rows as an answer. `more`: there were more than were read. What does not fit stays as it came, and is refused as nonsense by whoever asked. */
export function answerOfRows(
  question: QuestionName,
  rows: readonly Row[],
  mapping: Mapping,
  query: string,
  more: boolean,
): Answered {
  const first = rows[0]
  if (first === undefined) return { kind: 'nothing', query }
  if (mapping.list === '') {
    if (rows.length > 1 || more) {
      return {
        kind: 'failed',
        why: `${more ? 'more than ' : ''}${rows.length} rows fit, and it is not known which is meant`,
        query,
      }
    }
    return {
      kind: 'found',
      answer: { ...left(question), ...fitted(shapeOf(question), first, mapping), ...mapping.always },
      query,
    }
  }
  const items = itemShape(question, mapping.list) ?? {}
  const listed = rows.map((row) => (Object.keys(items).length === 0 ? plain(row) : fitted(items, row, mapping)))
  const answer = {
    ...left(question),
    ...counted(question, rows.length, more),
    [mapping.list]: listed,
    ...mapping.always,
  }
  return {
    kind: 'found',
    answer,
    query,
    ...(more ? { warnings: [`There are more; these are the first ${rows.length}.`] } : {}),
  }
}

/** A field that is left out: null where it may be, else an empty list. */
function left(question: QuestionName): Row {
  const fields = Object.entries(shapeOf(question)).map(
    ([field, schema]) => [field, blanks.find((blank) => schema.safeParse(blank).success)] as const,
  )
  return Object.fromEntries(fields.filter(([, blank]) => blank !== undefined))
}

/** What follows from there being rows at all. */
function counted(question: QuestionName, count: number, more: boolean): Row {
  const known: Row = { count, vulnerable: count > 0, covered: count > 0, more, nested: false }
  return Object.fromEntries(Object.entries(known).filter(([field]) => field in shapeOf(question)))
}

function fitted(shape: Readonly<Record<string, z.ZodType>>, row: Row, { columns }: Mapping): Row {
  const fields = Object.entries(shape).map(
    ([field, schema]) => [field, fit(schema, cell(row, columns[field] ?? field))] as const,
  )
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined))
}

/** A column by its name; in any case, since databases fold names. */
function cell(row: Row, column: string): unknown {
  if (Object.hasOwn(row, column)) return row[column]
  const key = Object.keys(row).find((one) => one.toLowerCase() === column.toLowerCase())
  return key === undefined ? undefined : row[key]
}

/** A value as the field wants it: databases have other words for yes, for a number and for a moment. */
function fit(schema: z.ZodType, value: unknown): unknown {
  if (value === undefined) return schema.safeParse(null).success ? null : undefined
  return candidates(value).find((one) => schema.safeParse(one).success) ?? value
}

const yes = new Set(['true', 't', 'yes', 'y', '1'])
const no = new Set(['false', 'f', 'no', 'n', '0'])

function candidates(value: unknown): readonly unknown[] {
  if (value instanceof Date) return [Number.isNaN(value.getTime()) ? null : value.toISOString()]
  if (Buffer.isBuffer(value)) return [value.toString('hex')]
  if (typeof value === 'bigint') return [Number(value), String(value)]
  if (typeof value === 'number') return [value, value === 1 ? true : value === 0 ? false : value, String(value)]
  if (typeof value !== 'string') return [value]
  const word = value.trim().toLowerCase()
  const number = word !== '' && Number.isFinite(Number(word)) ? [Number(word)] : []
  const yesNo = yes.has(word) ? [true] : no.has(word) ? [false] : []
  const blank = word === '' ? [null] : []
  return [value, word, ...yesNo, ...number, ...blank, word === '' ? [] : word.split(',').map((part) => part.trim())]
}

function plain(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Date || Buffer.isBuffer(value) || typeof value === 'bigint' ? candidates(value)[0] : value,
    ]),
  )
}

/** The fields of an ask that a text needs and the alert does not have; null: all are there. One that may be left out may. */
export function missingField(question: QuestionName, ask: Row, fields: readonly string[]): string | null {
  const shape: Readonly<Record<string, z.ZodType>> = questions[question].ask.shape
  return (
    fields.find(
      (field) =>
        (ask[field] === undefined || ask[field] === null || ask[field] === '') &&
        shape[field]?.safeParse(undefined).success !== true,
    ) ?? null
  )
}

import { parse as parseCsv } from 'csv-parse/sync'
import { RE2JS } from 're2js'
import { z } from 'zod'
import { wordsOf } from '../kit/errors.ts'
import type { Answered } from '../model/finding.ts'
import { type QuestionName, questions } from '../model/question.ts'
import { answerOfRows, type Mapping, mappingForms, mappingProblems, type Row } from './answer-rows.ts'

/** How the output of a program is read, and what its arguments are: the same here and over SSH. */
export const programForms = {
  args: z
    .array(z.string().max(2_000))
    .max(50)
    .default([])
    .describe('One by one, no shell reads them; `{host}` is a field of the question'),
  output: z
    .enum(['json', 'csv', 'lines'])
    .default('json')
    .describe('json: an object, or a list of them; csv: with a heading; lines: by `pattern`'),
  pattern: z.string().max(2_000).default('').describe('RE2, for lines: its named groups are the columns'),
  nothingExitCodes: z
    .array(z.int().min(0).max(255))
    .max(20)
    .default([])
    .describe('Exit codes that mean "looked, nothing there"'),
  ...mappingForms,
  sample: z.record(z.string(), z.string().max(1_000)).default({}).describe('An ask that the Test button tries it with'),
}
export type Program = Mapping & {
  readonly args: readonly string[]
  readonly output: 'json' | 'csv' | 'lines'
  readonly pattern: string
}

/** Four times the largest answer that is kept. */
export const outputBytesMax = 1024 * 1024
/** A value of an alert may be long; as an argument it is a name, an address or a line. */
const argumentCharsMax = 4_096

const place = /\{([A-Za-z]\w*)\}/g
export const fieldsOf = (of: Program): string[] =>
  of.args.flatMap((arg) => [...arg.matchAll(place)].map((match) => match[1] ?? ''))

/** What is wrong with a program's description, in sentences. */
export function programProblems(name: QuestionName, of: Program): readonly string[] {
  const known = Object.keys(questions[name].ask.shape)
  const unknown = fieldsOf(of)
    .filter((one) => !known.includes(one))
    .map((one) => `{${one}} is no field of the question; there are: ${known.join(', ')}`)
  const pattern = of.output === 'lines' ? patternProblem(of.pattern) : []
  return [...unknown, ...pattern, ...mappingProblems(name, of)].map((problem) => `${name}: ${problem}`)
}

function patternProblem(pattern: string): string[] {
  try {
    const groups = Object.keys(RE2JS.compile(pattern).namedGroups())
    return groups.length === 0 ? ['pattern: it has no named group (?<name>...)'] : []
  } catch (error) {
    return [`pattern: ${wordsOf(error)}`]
  }
}

/** The arguments with their values, or why they cannot be handed over: none may become an option, and none holds a NUL. */
export function argumentsOf(of: Program, ask: Row): { readonly args: readonly string[] } | { readonly why: string } {
  const args = of.args.map((arg) => arg.replaceAll(place, (_all, name: string) => String(ask[name] ?? '')))
  const odd = of.args.findIndex((arg, at) => arg.startsWith('{') && (args[at] ?? '').startsWith('-'))
  if (odd !== -1) return { why: `"${(args[odd] ?? '').slice(0, 100)}" would be read as an option` }
  if (args.some((arg) => arg.includes('\u0000') || arg.length > argumentCharsMax))
    return { why: 'a value of the alert cannot be an argument' }
  return { args }
}

const Objects = z.union([
  z.array(z.record(z.string(), z.unknown())),
  z.record(z.string(), z.unknown()).transform((one) => [one]),
  z.null().transform(() => []),
])

/** Rows of an output. Throws for what is none: a tool that changed is not a tool that found nothing. */
function rowsOf(of: Program, output: string): readonly Row[] {
  if (output.trim() === '') return []
  if (of.output === 'json') {
    const parsed = Objects.safeParse(jsonOf(output))
    if (!parsed.success) throw new Error('it answered nonsense: no JSON object, and no list of them')
    return parsed.data
  }
  if (of.output === 'csv')
    return parseCsv(output, { columns: true, skip_empty_lines: true, trim: true, bom: true }) as Row[]
  const pattern = RE2JS.compile(of.pattern)
  const names = Object.keys(pattern.namedGroups())
  const rows = output.split('\n').flatMap((line) => {
    const matcher = pattern.matcher(line)
    return matcher.find() ? [Object.fromEntries(names.map((name) => [name, matcher.group(name)]))] : []
  })
  if (rows.length === 0) throw new Error('it answered nonsense: no line fits the pattern')
  return rows
}

function jsonOf(output: string): unknown {
  try {
    return JSON.parse(output)
  } catch {
    return undefined // Said by whoever reads it: it is no object.
  }
}

/** A program that ended: its exit code (null: a signal ended it), what it wrote, and what it said of its trouble. */
export type Ran = { readonly code: number | null; readonly output: string; readonly words: string }

/** What an ended program comes to. Throws for output that cannot be read as its settings say. */
export function answerOfRun(
  question: QuestionName,
  of: Program & { readonly nothingExitCodes: readonly number[] },
  { code, output, words }: Ran,
  { query, rowsMax }: { readonly query: string; readonly rowsMax: number },
): Answered {
  if (code !== null && of.nothingExitCodes.includes(code)) return { kind: 'nothing', query }
  if (code !== 0)
    return { kind: 'failed', why: `it ended with ${code ?? 'a signal'}: ${words || 'it said nothing'}`, query }
  const rows = rowsOf(of, output)
  return answerOfRows(question, rows.slice(0, rowsMax), of, query, rows.length > rowsMax)
}

import { spawn } from 'node:child_process'
import { parse as parseCsv } from 'csv-parse/sync'
import { RE2JS } from 're2js'
import { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { AskContext, Connector, TriedOut } from '../../model/connector.ts'
import { connectorKind, type Opening } from '../../model/connector-kind.ts'
import type { Answered } from '../../model/finding.ts'
import { QuestionName, questions } from '../../model/question.ts'
import { answerOfRows, mappingForms, mappingProblems, missingField, type Row } from '../answer-rows.ts'
import { limitForms } from '../reach.ts'

const Command = z.strictObject({
  program: z.string().startsWith('/').max(1_000).describe('Its whole path'),
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
})
type Command = z.infer<typeof Command>

const CommandSettings = z.strictObject({
  questions: z
    .partialRecord(QuestionName, Command)
    .refine((commands) => Object.keys(commands).length > 0, 'it answers no question')
    .meta({ title: 'Questions' })
    .describe('For each question the program that answers it'),
  folder: z.string().startsWith('/').default('/').meta({ title: 'Working folder' }),
  rowsMax: z.int().min(1).max(1_000).default(100).meta({ title: 'Rows of an answer' }),
  ...limitForms({ timeoutMs: 10_000, concurrency: 2, perMinute: 120 }),
})
type CommandSettings = z.infer<typeof CommandSettings>

/** Four times the largest answer that is kept. */
const outputBytesMax = 1024 * 1024
/** What a program says of its trouble; more of it helps nobody. */
const wordsMax = 500
/** A value of an alert may be long; as an argument it is a name, an address or a line. */
const argumentCharsMax = 4_096

/** A program on this machine, for what only an old tool can tell. */
export const command = connectorKind({
  kind: 'command',
  title: 'Program on this machine',
  says: 'Any question by a program: fixed arguments, no shell, an empty environment, time and output limited, its output read by a schema.',
  answers: 'any',
  settings: CommandSettings,
  secrets: [],
  target: [],
  fileOnly: 'It runs programs on the server: whoever may write the file may do so anyway.',
  open: openCommand,
})

function openCommand({ id, title, settings }: Opening<CommandSettings>): Connector {
  check(settings)
  const { timeoutMs, concurrency, perMinute } = settings
  return {
    id,
    title,
    answers: Object.keys(settings.questions) as QuestionName[],
    limits: { timeoutMs, concurrency, perMinute },
    scope: `Runs ${[...new Set(Object.values(settings.questions).map((one) => one?.program ?? ''))].join(', ')} on this machine, with fixed arguments and no shell, as the user that runs this house.`,
    ask: async (question, ask, context) => {
      const of = settings.questions[question]
      if (of === undefined) return { kind: 'not-collected', why: `${id} does not answer this`, query: '' }
      return answer(question, ask, of, settings, context)
    },
    health: async () => ({
      state: 'silent',
      says: 'It runs when it is asked; its last answer says how it is.',
      lastSuccess: null,
    }),
    tryOut: (context) => tryOut(settings, context),
  }
}

const place = /\{([A-Za-z]\w*)\}/g
const fieldsOf = (of: Command): string[] =>
  of.args.flatMap((arg) => [...arg.matchAll(place)].map((match) => match[1] ?? ''))

function check(settings: CommandSettings): void {
  const problems = (Object.entries(settings.questions) as [QuestionName, Command][]).flatMap(([name, of]) => {
    const known = Object.keys(questions[name].ask.shape)
    const unknown = fieldsOf(of)
      .filter((one) => !known.includes(one))
      .map((one) => `{${one}} is no field of the question; there are: ${known.join(', ')}`)
    const pattern = of.output === 'lines' ? patternProblem(of.pattern) : []
    return [...unknown, ...pattern, ...mappingProblems(name, of)].map((problem) => `${name}: ${problem}`)
  })
  if (problems.length > 0)
    throw new Trouble('input.invalid', {
      problem: problems.join('\n'),
      fields: { 'settings.questions': problems.join('. ') },
    })
}

function patternProblem(pattern: string): string[] {
  try {
    const groups = Object.keys(RE2JS.compile(pattern).namedGroups())
    return groups.length === 0 ? ['pattern: it has no named group (?<name>...)'] : []
  } catch (error) {
    return [`pattern: ${wordsOf(error)}`]
  }
}

async function answer(
  question: QuestionName,
  ask: Row,
  of: Command,
  settings: CommandSettings,
  context: AskContext,
): Promise<Answered> {
  const missing = missingField(question, ask, fieldsOf(of))
  if (missing !== null) return { kind: 'not-applicable', why: `the alert has no ${missing}` }
  const args = of.args.map((arg) => arg.replaceAll(place, (_all, name: string) => String(ask[name] ?? '')))
  const query = [of.program, ...args].join(' ')
  // A value that begins an argument must not become an option, and a NUL cannot be handed over.
  const odd = of.args.findIndex((arg, at) => arg.startsWith('{') && (args[at] ?? '').startsWith('-'))
  if (odd !== -1)
    return { kind: 'failed', why: `"${(args[odd] ?? '').slice(0, 100)}" would be read as an option`, query }
  if (args.some((arg) => arg.includes('\u0000') || arg.length > argumentCharsMax))
    return { kind: 'failed', why: 'a value of the alert cannot be an argument', query }
  try {
    const ran = await run(of.program, args, settings, context.signal)
    if (ran.code !== null && of.nothingExitCodes.includes(ran.code)) return { kind: 'nothing', query }
    if (ran.code !== 0)
      return {
        kind: 'failed',
        why: `it ended with ${ran.code ?? 'a signal'}: ${ran.words || 'it said nothing'}`,
        query,
      }
    const rows = rowsOf(of, ran.output)
    return answerOfRows(question, rows.slice(0, settings.rowsMax), of, query, rows.length > settings.rowsMax)
  } catch (error) {
    return { kind: 'failed', why: wordsOf(error), query }
  }
}

type Ran = { readonly code: number | null; readonly output: string; readonly words: string }

/** Runs it in a process group of its own, so that what it started ends with it. */
function run(program: string, args: readonly string[], { folder }: CommandSettings, signal: AbortSignal): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: false,
      detached: true,
    })
    const chunks: Buffer[] = []
    let bytes = 0
    let words = ''
    const end = (why: Error): void => {
      if (child.pid !== undefined) killGroup(child.pid)
      reject(why)
    }
    const onAbort = () => end(new Error('it was ended'))
    signal.addEventListener('abort', onAbort, { once: true })
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > outputBytesMax) end(new Error(`it writes more than ${outputBytesMax} bytes`))
      else chunks.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(0, wordsMax)
    })
    child.on('error', (error) => reject(new Error(`it could not be started: ${wordsOf(error)}`, { cause: error })))
    child.on('close', (code) => {
      signal.removeEventListener('abort', onAbort)
      resolve({ code, output: Buffer.concat(chunks).toString('utf8'), words: words.replaceAll(/\s+/g, ' ').trim() })
    })
  })
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It ended by itself in this moment.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const Objects = z.union([
  z.array(z.record(z.string(), z.unknown())),
  z.record(z.string(), z.unknown()).transform((one) => [one]),
  z.null().transform(() => []),
])

function rowsOf(of: Command, output: string): readonly Row[] {
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
  // Lines that none of which fits are a tool that changed, not a tool that found nothing.
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

async function tryOut(settings: CommandSettings, context: AskContext): Promise<TriedOut> {
  const rows: Record<string, string>[] = []
  for (const [question, of] of Object.entries(settings.questions) as [QuestionName, Command][]) {
    if (Object.keys(of.sample).length === 0) continue
    const answered = await answer(question, of.sample, of, settings, context)
    if (answered.kind === 'failed')
      return {
        kind: 'failed',
        why: `${question}: ${answered.why}`,
        next: 'Run it by hand as the user that runs this house.',
      }
    rows.push({
      question,
      came: answered.kind,
      ...(answered.kind === 'found' ? { answer: JSON.stringify(answered.answer) } : {}),
    })
  }
  const says = rows.length === 0 ? 'None of its questions has a sample to try it with.' : 'Its samples were asked.'
  return {
    kind: 'read',
    says,
    rows,
    can: [],
    cannot: [],
    warnings: process.getuid?.() === 0 ? ['This house runs as root, and so do its programs.'] : [],
  }
}

import { spawn } from 'node:child_process'
import { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { AskContext, Connector, TriedOut } from '../../model/connector.ts'
import { connectorKind, type Opening } from '../../model/connector-kind.ts'
import type { Answered } from '../../model/finding.ts'
import { QuestionName } from '../../model/question.ts'
import { missingField, type Row } from '../answer-rows.ts'
import {
  answerOfRun,
  argumentsOf,
  fieldsOf,
  outputBytesMax,
  programForms,
  programProblems,
  type Ran,
} from '../output-rows.ts'
import { limitForms } from '../reach.ts'

const Command = z.strictObject({
  program: z.string().startsWith('/').max(1_000).describe('Its whole path'),
  ...programForms,
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

/** What a program says of its trouble; more of it helps nobody. */
const wordsMax = 500
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

function check(settings: CommandSettings): void {
  const problems = (Object.entries(settings.questions) as [QuestionName, Command][]).flatMap(([name, of]) =>
    programProblems(name, of),
  )
  if (problems.length > 0)
    throw new Trouble('input.invalid', {
      problem: problems.join('\n'),
      fields: { 'settings.questions': problems.join('. ') },
    })
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
  const filled = argumentsOf(of, ask)
  if ('why' in filled) return { kind: 'failed', why: filled.why, query: of.program }
  const { args } = filled
  const query = [of.program, ...args].join(' ')
  try {
    const ran = await run(of.program, args, settings, context.signal)
    return answerOfRun(question, of, ran, { query, rowsMax: settings.rowsMax })
  } catch (error) {
    return { kind: 'failed', why: wordsOf(error), query }
  }
}

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

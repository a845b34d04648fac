import { createHash } from 'node:crypto'
import { Client } from 'ssh2'
import { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { readRanges } from '../../kit/guard.ts'
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
import { allowForm, hostForm, limitForms, nextAfter, openLine, portForm } from '../reach.ts'

const Remote = z.strictObject({
  program: z
    .string()
    .regex(/^[A-Za-z0-9_./-]{1,500}$/, 'a path or a name, nothing else')
    .describe('Its path on that machine'),
  ...programForms,
})
type Remote = z.infer<typeof Remote>

const SshSettings = z.strictObject({
  host: hostForm,
  port: portForm(22),
  user: z.string().min(1).max(200).meta({ title: 'User' }),
  hostKeys: z
    .array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'as `ssh-keygen -lf` prints it: SHA256:...'))
    .min(1)
    .max(10)
    .meta({ title: 'Host keys' })
    .describe(
      'Fingerprints of its keys, as `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints them there: SHA256:... No other machine is spoken to',
    ),
  questions: z
    .partialRecord(QuestionName, Remote)
    .refine((remotes) => Object.keys(remotes).length > 0, 'it answers no question')
    .meta({ title: 'Questions' })
    .describe('For each question the program that answers it'),
  rowsMax: z.int().min(1).max(1_000).default(100).meta({ title: 'Rows of an answer' }),
  allowAddresses: allowForm,
  ...limitForms({ timeoutMs: 10_000, concurrency: 2, perMinute: 120 }),
})
type SshSettings = z.infer<typeof SshSettings>

/** A program on another machine, for what only an old tool there can tell. */
export const ssh = connectorKind({
  kind: 'ssh',
  title: 'Program on another machine (SSH)',
  says: 'Any question by a program on another machine: a pinned host key, fixed arguments that are quoted, no agent, no terminal, time and output limited.',
  answers: 'any',
  settings: SshSettings,
  secrets: [
    {
      name: 'privateKey',
      title: 'Private key',
      says: 'OpenSSH or PEM; or a password instead',
      needed: false,
      lines: true,
    },
    {
      name: 'passphrase',
      title: 'Passphrase',
      says: 'Of the private key, where it has one',
      needed: false,
      lines: false,
    },
    { name: 'password', title: 'Password', says: 'Where there is no key', needed: false, lines: false },
  ],
  target: ['host', 'port', 'user', 'hostKeys', 'allowAddresses'],
  fileOnly: null,
  open: openSsh,
})

type Secret = Opening<SshSettings>['secret']

function openSsh({ id, title, settings, secret }: Opening<SshSettings>): Connector {
  const remotes = Object.entries(settings.questions) as [QuestionName, Remote][]
  const problems = remotes.flatMap(([name, of]) => programProblems(name, of))
  if (problems.length > 0)
    throw new Trouble('input.invalid', {
      problem: problems.join('\n'),
      fields: { 'settings.questions': problems.join('. ') },
    })
  const { timeoutMs, concurrency, perMinute, host, user } = settings
  return {
    id,
    title,
    answers: remotes.map(([name]) => name),
    limits: { timeoutMs, concurrency, perMinute },
    scope: `Runs ${[...new Set(remotes.map(([, of]) => of.program))].join(', ')} on ${host} as ${user}. Let that key run nothing else there (command= in authorized_keys).`,
    ask: async (question, ask, context) => {
      const of = settings.questions[question]
      if (of === undefined) return { kind: 'not-collected', why: `${id} does not answer this`, query: '' }
      return answer(question, ask, of, settings, secret, context)
    },
    health: async (context) => {
      try {
        await connected(settings, secret, context.signal, async () => undefined)
        return { state: 'active', says: 'It lets us in.', lastSuccess: context.clock.now().toISOString() }
      } catch (error) {
        return { state: 'failing', says: wordsOf(error), lastSuccess: null }
      }
    },
    tryOut: (context) => tryOut(remotes, settings, secret, context),
  }
}

async function answer(
  question: QuestionName,
  ask: Row,
  of: Remote,
  settings: SshSettings,
  secret: Secret,
  context: AskContext,
): Promise<Answered> {
  const missing = missingField(question, ask, fieldsOf(of))
  if (missing !== null) return { kind: 'not-applicable', why: `the alert has no ${missing}` }
  const filled = argumentsOf(of, ask)
  if ('why' in filled) return { kind: 'failed', why: filled.why, query: of.program }
  const line = [of.program, ...filled.args.map(quoted)].join(' ')
  const query = `${settings.user}@${settings.host}: ${line}`
  try {
    const ran = await connected(settings, secret, context.signal, (client) => run(client, line))
    return answerOfRun(question, of, ran, { query, rowsMax: settings.rowsMax })
  } catch (error) {
    return { kind: 'failed', why: wordsOf(error), query }
  }
}

/** SSH hands a line to the shell over there: within single quotes a POSIX shell reads nothing but the quote itself. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** Works on a connection of its own, to the machine whose key is pinned. */
async function connected<T>(
  settings: SshSettings,
  secret: Secret,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { host, port, user, hostKeys, allowAddresses, timeoutMs } = settings
  const [privateKey, passphrase, password] = await Promise.all(
    ['privateKey', 'passphrase', 'password'].map((name) => secret(name)),
  )
  const sock = await openLine({ host, port, allow: readRanges(allowAddresses) }, signal)
  const client = new Client()
  try {
    let seen = ''
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve)
      client.once('close', () => reject(new Error('it ended the connection')))
      client.on('error', (error) =>
        reject(
          new Error(
            seen !== '' && !hostKeys.includes(seen)
              ? `its key ${seen} is not pinned: this may be another machine`
              : refusalOf(error),
            { cause: error },
          ),
        ),
      )
      client.connect({
        sock,
        username: user,
        readyTimeout: timeoutMs,
        hostVerifier: (key: Buffer) => {
          seen = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
          return hostKeys.includes(seen)
        },
        ...(privateKey ? { privateKey } : {}),
        ...(passphrase ? { passphrase } : {}),
        ...(password ? { password } : {}),
      })
    })
    return await work(client)
  } finally {
    client.end()
    sock.destroy()
  }
}

function refusalOf(error: Error & { level?: string }): string {
  return error.level === 'client-authentication' ? 'it refuses our key or password' : wordsOf(error)
}

const wordsMax = 500

function run(client: Client, line: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    client.once('close', () => reject(new Error('the connection was lost')))
    client.exec(line, { pty: false }, (error, channel) => {
      if (error !== undefined) {
        reject(error)
        return
      }
      const chunks: Buffer[] = []
      let bytes = 0
      let words = ''
      channel.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > outputBytesMax) {
          reject(new Error(`it writes more than ${outputBytesMax} bytes`))
          channel.close()
        } else chunks.push(chunk)
      })
      channel.stderr.on('data', (chunk: Buffer) => {
        words = (words + chunk.toString()).slice(0, wordsMax)
      })
      channel.on('close', (code: number | null | undefined) => {
        const said = words.replaceAll(/\s+/g, ' ').trim()
        resolve({ code: code ?? null, output: Buffer.concat(chunks).toString('utf8'), words: said })
      })
    })
  })
}

async function tryOut(
  remotes: readonly [QuestionName, Remote][],
  settings: SshSettings,
  secret: Secret,
  context: AskContext,
): Promise<TriedOut> {
  const rows: Record<string, string>[] = []
  try {
    await connected(settings, secret, context.signal, async () => undefined)
  } catch (error) {
    const next = nextAfter(error, 'Check the machine, its host key, the user and its key.')
    return { kind: 'failed', why: wordsOf(error), next }
  }
  for (const [question, of] of remotes) {
    if (Object.keys(of.sample).length === 0) continue
    const answered = await answer(question, of.sample, of, settings, secret, context)
    if (answered.kind === 'failed')
      return { kind: 'failed', why: `${question}: ${answered.why}`, next: 'Run it by hand over there, as that user.' }
    rows.push({
      question,
      came: answered.kind,
      ...(answered.kind === 'found' ? { answer: JSON.stringify(answered.answer) } : {}),
    })
  }
  return {
    kind: 'read',
    says: `It lets us in as ${settings.user}.`,
    rows,
    can: [],
    cannot: [],
    warnings: settings.user === 'root' ? ['It signs in as root; a user that may run this program is enough.'] : [],
  }
}

import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { isTrouble, Trouble, wordsOf } from '../../kit/errors.ts'
import { readRanges } from '../../kit/guard.ts'
import { yamlFilesOf } from '../../kit/yaml-files.ts'
import type { AskContext, Connector, Health, TriedOut } from '../../model/connector.ts'
import { Caller, type Replied, slept } from '../call.ts'
import { answerOf, requestOf } from './asking.ts'
import { problemsOf } from './check.ts'
import type { Mapper } from './mapper.ts'
import { partsOf } from './parts.ts'
import { Description, type SecretPlace, Use } from './schema.ts'
import { type Settled, settle } from './settle.ts'
import { type Bounds, SignIn } from './sign-in.ts'

/** Descriptions in one folder; a house has a dozen sources. */
const filesMax = 200
const fileCharsMax = 256 * 1024
/** The longest tokens seen (JWTs with many groups) are 8 KB, and servers take no more in a header. */
const secretCharsMax = 8 * 1024

/** Descriptions that come along: `use: ID` in the settings puts one to use. */
export const catalogueFolder = path.join(import.meta.dirname, '../../../content/connectors')

export type HttpJsonNeeds = {
  readonly mapper: Mapper
  /** A secret of the environment by its name; null where it is not set. */
  readonly environmentSecret: (name: string) => string | null
  /** Where files that an entry with `use` names (secret, authority) are looked for: beside counterfoil.yaml. */
  readonly folder?: string
}

/** An entry of `connectors:` in the settings: a file or folder of descriptions, or a description of the catalogue and what it needs here. */
export type Entry = string | { readonly use: string; readonly [setting: string]: unknown }

/**
 * Reads descriptions. Each is checked in full (schema, expressions, templates, samples) before it may answer anything.
 * Throws Trouble('input.invalid' | 'file.unreadable') that names the file and all that is wrong with it.
 */
export async function loadHttpJson(entries: readonly Entry[], needs: HttpJsonNeeds): Promise<readonly Connector[]> {
  const settled = (await Promise.all(entries.map((entry) => settledOf(entry, needs)))).flat()
  const connectors = await Promise.all(settled.map((one) => openSettled(one, needs)))
  const double = connectors.find((one, at) => connectors.some((other, before) => before < at && other.id === one.id))
  if (double !== undefined)
    throw new Trouble('input.invalid', { connector: double.id, problem: 'two descriptions have this id' })
  return connectors
}

async function settledOf(entry: Entry, needs: HttpJsonNeeds): Promise<readonly Settled[]> {
  if (typeof entry === 'string') {
    const files = await filesAt(entry)
    return Promise.all(
      files.map(async (file) => settle(await readChecked(file, needs.mapper), null, path.dirname(path.resolve(file)))),
    )
  }
  const use = Use.safeParse(entry)
  if (!use.success) throw new Trouble('input.invalid', { connectors: entry.use, problem: z.prettifyError(use.error) })
  const file = path.join(catalogueFolder, `${use.data.use}.yaml`)
  try {
    return [settle(await readChecked(file, needs.mapper), use.data, needs.folder ?? '.')]
  } catch (error) {
    if (!isTrouble(error, 'file.unreadable')) throw error
    const problem = 'the catalogue has no such description; `counterfoil connector list` names them'
    throw new Trouble('input.invalid', { use: use.data.use, problem }, error)
  }
}

async function filesAt(place: string): Promise<readonly string[]> {
  try {
    return (await stat(place)).isFile() ? [place] : await yamlFilesOf([place], filesMax)
  } catch (error) {
    throw error instanceof Trouble
      ? error
      : new Trouble('file.unreadable', { file: place, problem: wordsOf(error) }, error)
  }
}

/** A description that may be used: read, and checked with its samples. Throws as `loadHttpJson` does. */
export async function readChecked(file: string, mapper: Mapper): Promise<Description> {
  const description = await readDescription(file)
  const problems = await problemsOf(description, mapper)
  if (problems.length > 0) throw new Trouble('input.invalid', { file, problem: problems.join('\n') })
  return description
}

/** Every description that comes along, by id, unchecked: they are checked where they are used, and by our tests. */
export async function readCatalogue(): Promise<readonly Description[]> {
  const files = await yamlFilesOf([catalogueFolder], filesMax)
  return (await Promise.all(files.map(readDescription))).filter(({ docs }) => docs !== undefined)
}

async function readDescription(file: string): Promise<Description> {
  try {
    const text = await readFile(file, 'utf8')
    if (text.length > fileCharsMax)
      throw new Trouble('input.too-large', { file, chars: text.length, most: fileCharsMax })
    const parsed = Description.safeParse(parseYaml(text, { maxAliasCount: 100 }))
    if (!parsed.success) throw new Trouble('input.invalid', { file, problem: z.prettifyError(parsed.error) })
    return parsed.data
  } catch (error) {
    if (error instanceof Trouble) throw error
    const code = error instanceof Error && 'syscall' in error ? 'file.unreadable' : 'input.invalid'
    throw new Trouble(code, { file, problem: wordsOf(error) }, error)
  }
}

async function openSettled(settled: Settled, needs: HttpJsonNeeds): Promise<Connector> {
  const { folder, description } = settled
  const { auth, caFile } = description
  return makeHttpJson(settled, {
    mapper: needs.mapper,
    secret: () => secretAt(auth.kind === 'none' ? undefined : auth.secret, folder, needs),
    ...(caFile === undefined ? {} : { ca: await readFile(path.resolve(folder, caFile), 'utf8') }),
  })
}

/** What a connector is made with besides its description. `secret` is read at each call, so that a changed one counts at once. */
export type RestParts = {
  readonly mapper: Mapper
  readonly secret: () => Promise<string>
  /** PEM of the authority that signed its certificate; left out: the public ones. */
  readonly ca?: string
}

/** A connector of a description that was checked. */
export function makeHttpJson(settled: Settled, { mapper, secret, ca }: RestParts): Connector {
  const { description, baseUrl, parameters } = settled
  const { id, title, limits, allowAddresses, auth } = description
  const { timeoutMs, concurrency } = limits
  const allow = readRanges(allowAddresses)
  const caller = new Caller({ allow, timeoutMs, concurrency, ...(ca === undefined ? {} : { ca }) })
  const plainSecret = async () => plainLine(await secret())
  const signIn = new SignIn({ auth, baseUrl, parameters, secret: plainSecret, caller, mapper, timeoutMs })
  const headers = plainHeadersOf(description)
  const bounds = (context: AskContext): Bounds => ({ ...context, until: performance.now() + timeoutMs })
  const news = { lastSuccess: null as string | null }
  const parts = new Map(partsOf(description))
  const looking = { settled, headers, signIn, mapper, news }
  return {
    id,
    title,
    answers: [...parts.keys()],
    limits,
    scope: scopeOf(description),
    ask: async (question, ask, context) => {
      const of = parts.get(question)
      if (of === undefined) return { kind: 'not-collected', why: `${id} does not answer this`, query: '' }
      const within = bounds(context)
      const answered = await answerOf({
        ...{ question, parts: of, ask, parameters, baseUrl, headers, mapper },
        ...context,
        call: (wanted) => signIn.call(wanted, within),
        wait: (ms) => slept(ms, context.signal),
      })
      if (answered.kind !== 'failed') news.lastSuccess = context.clock.now().toISOString()
      // What a source sends back may hold our own key: it echoes addresses and headers in its errors.
      return answered.kind === 'failed' ? { ...answered, why: signIn.hide(answered.why) } : answered
    },
    health: (context) => health({ ...looking, within: bounds(context), context }),
    ...(description.health === undefined
      ? {}
      : { tryOut: (context: AskContext) => tryOut({ ...looking, within: bounds(context), context }) }),
    close: () => caller.close(),
  }
}

/** Never shown, and a line break in it would be another header. */
function plainLine(given: string): string {
  const secret = given.trim()
  if (secret === '') throw new Error('it has no secret')
  if (secret.length > secretCharsMax || /[^\x20-\x7e]/.test(secret))
    throw new Error('its secret is no single line of plain letters')
  return secret
}

function plainHeadersOf({ headers }: Description): Record<string, string> {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  return { 'user-agent': 'counterfoil', ...(Object.fromEntries(named) as Record<string, string>) }
}

function scopeOf({ scope, role, leavesHouse }: Description): string {
  const sentences = [scope.trim()]
  if (role !== undefined) sentences.push(`Its key needs: ${role.trim()}`)
  if (leavesHouse) sentences.push('What is asked leaves the house.')
  return sentences.join(' ')
}

async function secretAt(place: SecretPlace | undefined, folder: string, needs: HttpJsonNeeds): Promise<string> {
  if (place === undefined) throw new Error('it has no secret')
  const name = 'file' in place ? place.file : place.env
  const read =
    'file' in place ? await readFile(path.resolve(folder, place.file), 'utf8') : needs.environmentSecret(place.env)
  const secret = read?.trim() ?? ''
  if (secret === '') throw new Error(`there is no secret in ${name}`)
  return secret
}

type Looking = {
  readonly settled: Settled
  readonly headers: Readonly<Record<string, string>>
  readonly signIn: SignIn
  readonly mapper: Mapper
  readonly within: Bounds
  readonly context: AskContext
  readonly news: { readonly lastSuccess: string | null }
}
type HealthPart = NonNullable<Description['health']>

async function health(looking: Looking): Promise<Health> {
  const { lastSuccess } = looking.news
  const { health: part } = looking.settled.description
  if (part === undefined) {
    const says = 'It was not asked since the start, and its description has no health path.'
    return lastSuccess === null
      ? { state: 'silent', says, lastSuccess }
      : { state: 'active', says: 'It answered.', lastSuccess }
  }
  const read = await readHealth(looking, part)
  return 'failed' in read
    ? { state: 'failing', says: read.failed, lastSuccess }
    : { state: 'active', says: 'It answers.', lastSuccess: looking.context.clock.now().toISOString() }
}

/** One real read with our key: the reply, or why it does not count. */
async function readHealth(looking: Looking, part: HealthPart): Promise<Replied | { readonly failed: string }> {
  const { settled, headers, signIn, mapper, within } = looking
  const filled = requestOf({ baseUrl: settled.baseUrl, headers }, part, settled.parameters)
  if (!('value' in filled)) return { failed: 'its health path cannot be filled' }
  const reply = await signIn.call(filled.value, within)
  if ('failed' in reply) return reply
  if (part.found === undefined) return reply.status < 400 ? reply : { failed: `status ${reply.status}` }
  const expressions = { found: part.found, nothing: 'false', fields: {} }
  const wanted = { kind: 'map', expressions } as const
  const done = await mapper.run({ text: reply.text, writing: part.reads, seen: seenOf(settled, reply), wanted })
  if (done.kind === 'found') return reply
  return { failed: signIn.hide(done.kind === 'failed' ? done.why : 'its answer is not what was agreed') }
}

function seenOf({ parameters }: Settled, { status, headers }: Replied) {
  return { status, headers, ask: {}, parameters, kept: {}, items: [], page: 0 }
}

/** The same read, shown: the Test button. */
async function tryOut(looking: Looking): Promise<TriedOut> {
  const { settled, signIn, mapper } = looking
  const { health: part, plainHttp, leavesHouse } = settled.description
  if (part === undefined) return { kind: 'failed', why: 'its description has no health path', next: 'Ask a question.' }
  const read = await readHealth(looking, part)
  if ('failed' in read)
    return { kind: 'failed', why: read.failed, next: 'Check its address, its secret and what that may read.' }
  const wanted = { kind: 'value', name: 'body', expression: 'body' } as const
  const done = await mapper.run({ text: read.text, writing: part.reads, seen: seenOf(settled, read), wanted })
  return {
    kind: 'read',
    says: `It answers with status ${read.status}.`,
    rows: done.kind === 'value' ? rowsOf(done.value, signIn) : [],
    can: [`${part.method} ${part.path}`],
    cannot: [],
    warnings: [
      ...(plainHttp ? ['The secret and every answer can be read on the way.'] : []),
      ...(leavesHouse ? ['What is asked is told to somebody outside.'] : []),
    ],
  }
}

/** Rows and fields that the Test button shows: enough to see that it is the right source. */
const shownRowsMax = 3
const shownFieldsMax = 12

function rowsOf(value: unknown, signIn: SignIn): readonly Readonly<Record<string, string>>[] {
  const lists = [value, ...(isRecord(value) ? Object.values(value) : [])].filter(Array.isArray)
  const rows = (lists[0] ?? [value]).filter(isRecord).slice(0, shownRowsMax)
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row)
        .slice(0, shownFieldsMax)
        .map(([name, field]) => [name, signIn.hide(typeof field === 'string' ? field : JSON.stringify(field))]),
    ),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

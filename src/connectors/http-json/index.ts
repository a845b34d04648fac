import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import type { AskContext, Connector, Health } from '../../model/connector.ts'
import type { Answered } from '../../model/finding.ts'
import type { QuestionName } from '../../model/question.ts'
import { Caller, type Request } from '../call.ts'
import { readRanges } from '../guard.ts'
import { leftOut, partsOf, problemsOf } from './check.ts'
import type { Mapper } from './mapper.ts'
import { Description, type QuestionPart, type SecretPlace } from './schema.ts'
import { fillBody, fillPath, fillQuery } from './template.ts'

/** Descriptions in one folder; a house has a dozen sources. */
const filesMax = 200
const fileCharsMax = 256 * 1024
/** The longest tokens seen (JWTs with many groups) are 8 KB, and servers take no more in a header. */
const secretCharsMax = 8 * 1024

export type HttpJsonNeeds = {
  readonly mapper: Mapper
  /** A secret of the environment by its name; null where it is not set. */
  readonly environmentSecret: (name: string) => string | null
}

/**
 * Reads descriptions: files, or folders of *.yaml. Each is checked in full (schema, expressions, templates, samples) before it may
 * answer anything. Throws Trouble('input.invalid' | 'file.unreadable') that names the file and all that is wrong with it.
 */
export async function loadHttpJson(places: readonly string[], needs: HttpJsonNeeds): Promise<readonly Connector[]> {
  const files = (await Promise.all(places.map(filesAt))).flat()
  const connectors = await Promise.all(files.map((file) => loadOne(file, needs)))
  const double = connectors.find((one, at) => connectors.some((other, before) => before < at && other.id === one.id))
  if (double !== undefined)
    throw new Trouble('input.invalid', { connector: double.id, problem: 'two descriptions have this id' })
  return connectors
}

async function filesAt(place: string): Promise<readonly string[]> {
  try {
    if ((await stat(place)).isFile()) return [place]
    const names = (await readdir(place)).filter((name) => /\.ya?ml$/.test(name)).sort()
    if (names.length > filesMax)
      throw new Trouble('input.too-large', { folder: place, files: names.length, most: filesMax })
    return names.map((name) => path.join(place, name))
  } catch (error) {
    throw error instanceof Trouble
      ? error
      : new Trouble('file.unreadable', { file: place, problem: wordsOf(error) }, error)
  }
}

async function loadOne(file: string, needs: HttpJsonNeeds): Promise<Connector> {
  const description = await readDescription(file)
  const problems = await problemsOf(description, needs.mapper)
  if (problems.length > 0) throw new Trouble('input.invalid', { file, problem: problems.join('\n') })
  return makeHttpJson(description, path.dirname(path.resolve(file)), needs)
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

/** A connector of a description that was checked. Secrets are read at each call, so that a changed one counts at once. */
async function makeHttpJson(description: Description, folder: string, needs: HttpJsonNeeds): Promise<Connector> {
  const { id, title, scope, limits, allowAddresses, caFile } = description
  const allow = readRanges(allowAddresses)
  const ca = caFile === undefined ? {} : { ca: await readFile(path.resolve(folder, caFile), 'utf8') }
  const caller = new Caller({ allow, timeoutMs: limits.timeoutMs, concurrency: limits.concurrency, ...ca })
  const headers = () => headersOf(description, folder, needs)
  const news = { lastSuccess: null as string | null }
  return {
    id,
    title,
    answers: partsOf(description).map(([question]) => question),
    limits,
    scope,
    ask: async (question, ask, context) => {
      const part = description.questions[question]
      if (part === undefined) return { kind: 'not-collected', why: `${id} does not answer this`, query: '' }
      const answered = await answer({
        description,
        part,
        question,
        ask,
        context,
        caller,
        headers,
        mapper: needs.mapper,
      })
      if (answered.kind !== 'failed') news.lastSuccess = context.clock.now().toISOString()
      return answered
    },
    health: (context) => health({ description, context, caller, headers, lastSuccess: news.lastSuccess }),
  }
}

type Asking = {
  readonly description: Description
  readonly part: QuestionPart
  readonly question: QuestionName
  readonly ask: Readonly<Record<string, unknown>>
  readonly context: AskContext
  readonly caller: Caller
  readonly headers: () => Promise<Record<string, string>>
  readonly mapper: Mapper
}

async function answer({
  description,
  part,
  question,
  ask,
  context,
  caller,
  headers,
  mapper,
}: Asking): Promise<Answered> {
  const filledPath = fillPath(part.path, ask)
  if ('missing' in filledPath) return { kind: 'not-applicable', why: `the alert has no ${filledPath.missing}` }
  if ('refused' in filledPath) return { kind: 'failed', why: filledPath.refused, query: '' }
  const filledBody = part.body === undefined ? { value: null } : fillBody(part.body, ask)
  if ('missing' in filledBody) return { kind: 'not-applicable', why: `the alert has no ${filledBody.missing}` }
  const url = urlOf(description, filledPath.value, fillQuery(part.query, ask))
  const query = `${part.method} ${url}`
  try {
    const wanted: Request = {
      method: part.method,
      url,
      headers: await headers(),
      body: 'value' in filledBody ? filledBody.value : null,
    }
    const response = await caller.call(wanted, context.signal, context.clock)
    if ('failed' in response) return { kind: 'failed', why: response.failed, query }
    const mapped = await mapper.map(part, response.status, response.text, ask)
    if (mapped.kind === 'found') return { kind: 'found', answer: { ...leftOut(question), ...mapped.answer }, query }
    return mapped.kind === 'nothing' ? { kind: 'nothing', query } : { kind: 'failed', why: mapped.why, query }
  } catch (error) {
    return { kind: 'failed', why: wordsOf(error), query }
  }
}

function urlOf(description: Description, filled: string, query: string): string {
  const base = new URL(description.baseUrl)
  return `${base.origin}${base.pathname.replace(/\/$/, '')}${filled}${query}`
}

async function headersOf(
  description: Description,
  folder: string,
  needs: HttpJsonNeeds,
): Promise<Record<string, string>> {
  const { auth } = description
  const plain = { 'user-agent': 'counterfoil', 'content-type': 'application/json', ...description.headers }
  if (auth.kind === 'none') return plain
  const secret = await secretAt(auth.secret, folder, needs)
  switch (auth.kind) {
    case 'bearer':
      return { ...plain, authorization: `Bearer ${secret}` }
    case 'header':
      return { ...plain, [auth.name.toLowerCase()]: secret }
    case 'basic':
      return { ...plain, authorization: `Basic ${Buffer.from(`${auth.user}:${secret}`).toString('base64')}` }
  }
}

async function secretAt(place: SecretPlace, folder: string, needs: HttpJsonNeeds): Promise<string> {
  const name = 'file' in place ? place.file : place.env
  const read =
    'file' in place ? await readFile(path.resolve(folder, place.file), 'utf8') : needs.environmentSecret(place.env)
  const secret = read?.trim() ?? ''
  if (secret === '') throw new Error(`there is no secret in ${name}`)
  // Never shown, and a line break in it would be another header.
  if (secret.length > secretCharsMax || /[^\x20-\x7e]/.test(secret))
    throw new Error(`the secret in ${name} is no single line of plain letters`)
  return secret
}

async function health(needs: {
  readonly description: Description
  readonly context: AskContext
  readonly caller: Caller
  readonly headers: () => Promise<Record<string, string>>
  readonly lastSuccess: string | null
}): Promise<Health> {
  const { description, context, caller, headers, lastSuccess } = needs
  if (description.health === undefined) {
    return lastSuccess === null
      ? {
          state: 'silent',
          says: 'It was not asked since the start, and its description has no health path.',
          lastSuccess,
        }
      : { state: 'active', says: 'It answered.', lastSuccess }
  }
  try {
    const url = urlOf(description, description.health.path, '')
    const response = await caller.call(
      { method: 'GET', url, headers: await headers(), body: null },
      context.signal,
      context.clock,
    )
    if ('failed' in response) return { state: 'failing', says: response.failed, lastSuccess }
    if (response.status >= 400) return { state: 'failing', says: `status ${response.status}`, lastSuccess }
    return { state: 'active', says: 'It answers.', lastSuccess: context.clock.now().toISOString() }
  } catch (error) {
    return { state: 'failing', says: wordsOf(error), lastSuccess }
  }
}

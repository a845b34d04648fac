import path from 'node:path'
import { Trouble } from '../../kit/errors.ts'
import type { Description, Use } from './schema.ts'
import { fillText } from './template.ts'

/** A description with everything decided that its user decides: where it is, with which key, under which name. */
export type Settled = {
  readonly description: Description
  /** Origin and path, without a slash at its end. */
  readonly baseUrl: string
  readonly parameters: Readonly<Record<string, string>>
  /** Where files that are named (secret, authority) are looked for. */
  readonly folder: string
}

/** Puts a description to use. Throws Trouble('input.invalid') that says what is missing. */
export function settle(description: Description, use: Use | null, folder: string): Settled {
  const name = use === null ? description.id : (use.id ?? use.use)
  const parameters = chosenParameters(description, use?.parameters ?? {}, name)
  const auth = use?.auth ?? description.auth
  const settled = {
    ...description,
    id: name,
    title: use?.title ?? description.title,
    auth: auth.kind === 'none' || use?.secret === undefined ? auth : { ...auth, secret: use.secret },
    allowAddresses: [...description.allowAddresses, ...(use?.allowAddresses ?? [])],
    plainHttp: use?.plainHttp ?? description.plainHttp,
    limits: limitsOf(description, use),
    ...(use?.caFile === undefined ? {} : { caFile: use.caFile }),
  }
  if (settled.auth.kind !== 'none' && settled.auth.secret === undefined)
    throw new Trouble('input.invalid', {
      connector: name,
      problem: 'it needs a secret: secret: { file: ... } or { env: ... }',
    })
  if (settled.auth.kind === 'oauth2') urlOf('auth.tokenUrl', settled, settled.auth.tokenUrl, parameters)
  return { description: settled, baseUrl: baseUrlOf(settled, parameters), parameters, folder: path.resolve(folder) }
}

function limitsOf({ limits }: Description, use: Use | null): Description['limits'] {
  return {
    timeoutMs: use?.limits.timeoutMs ?? limits.timeoutMs,
    concurrency: use?.limits.concurrency ?? limits.concurrency,
    perMinute: use?.limits.perMinute ?? limits.perMinute,
  }
}

/** The same for its samples: every parameter is what the description gives as its example. */
export function settleAsExample(description: Description): Settled {
  const parameters = Object.fromEntries(
    Object.entries(description.parameters).map(([name, parameter]) => [name, parameter.example]),
  )
  return { description, baseUrl: baseUrlOf(description, parameters), parameters, folder: '.' }
}

function chosenParameters(
  description: Description,
  given: Readonly<Record<string, string>>,
  connector: string,
): Readonly<Record<string, string>> {
  const unknown = Object.keys(given).find((name) => !(name in description.parameters))
  if (unknown !== undefined) {
    const there = Object.keys(description.parameters).join(', ') || 'none'
    throw new Trouble('input.invalid', { connector, problem: `it has no parameter "${unknown}"; there are: ${there}` })
  }
  const chosen = Object.entries(description.parameters).map(([name, parameter]): [string, string] => {
    const value = given[name] ?? parameter.default
    if (value === undefined)
      throw new Trouble('input.invalid', { connector, problem: `it needs the parameter "${name}": ${parameter.says}` })
    const problem = parameterProblem(value, parameter.kind)
    if (problem !== null) throw new Trouble('input.invalid', { connector, problem: `parameter "${name}" ${problem}` })
    return [name, parameter.kind === 'url' ? value.replace(/\/+$/, '') : value]
  })
  return Object.fromEntries(chosen)
}

/** What keeps a text from being a parameter of this kind; null when nothing does. */
export function parameterProblem(value: string, kind: 'word' | 'url' | 'text'): string | null {
  switch (kind) {
    case 'word':
      return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value) ? null : 'is letters, digits, and . _ -'
    case 'text':
      return /^[\x20-\x7e]+$/.test(value) ? null : 'is one line of plain letters'
    case 'url':
      return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
        ? null
        : 'is an address, such as https://source.example.com'
  }
}

function baseUrlOf(description: Description, parameters: Readonly<Record<string, string>>): string {
  const url = urlOf('baseUrl', description, description.baseUrl, parameters)
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** An address of a description with its parameters in it. The one that tokens come from is held to the same as the source's own. */
function urlOf(
  name: string,
  { id, plainHttp }: Description,
  template: string,
  parameters: Readonly<Record<string, string>>,
): URL {
  const filled = fillText(template, parameters)
  const problem =
    'value' in filled && parameterProblem(filled.value, 'url') === null
      ? urlProblem(new URL(filled.value), plainHttp)
      : `is no address: ${template}`
  if (!('value' in filled) || problem !== null)
    throw new Trouble('input.invalid', { connector: id, problem: `${name} ${problem}` })
  return new URL(filled.value)
}

function urlProblem(url: URL, plainHttp: boolean): string | null {
  if (url.protocol === 'http:' && !plainHttp)
    return 'is http://, so everything can be read on the way; say plainHttp: true if that is meant'
  if (url.username !== '' || url.password !== '') return 'holds a secret; use auth'
  return url.search !== '' || url.hash !== '' ? 'ends with its path' : null
}

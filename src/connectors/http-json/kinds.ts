import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { type ConnectorKind, connectorKind, type Opening, type SecretField } from '../../model/connector-kind.ts'
import { allowForm, caForm, limitForms } from '../reach.ts'
import { catalogueFolder, makeHttpJson } from './index.ts'
import { Mapper } from './mapper.ts'
import { partsOf } from './parts.ts'
import { Description, type Parameter } from './schema.ts'
import { parameterProblem, settle } from './settle.ts'
import { placesIn } from './template.ts'

/**
 * Each description of the catalogue as a kind of connector: its parameters are the form of the page, its secret is sealed there. Read
 * when the program starts; that each is right is what our tests see to.
 */
export function catalogueKinds(): readonly ConnectorKind[] {
  return readdirSync(catalogueFolder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => Description.parse(parseYaml(readFileSync(path.join(catalogueFolder, name), 'utf8'))))
    .filter(({ docs }) => docs !== undefined)
    .map(kindOf)
}

function kindOf(description: Description): ConnectorKind {
  const { id, title, auth } = description
  return connectorKind({
    kind: id,
    title,
    says: saysOf(description),
    answers: partsOf(description).map(([question]) => question),
    settings: formOf(description),
    secrets: auth.kind === 'none' ? [] : [secretOf(description)],
    target: targetOf(description),
    fileOnly: null,
    open: (opening) => open(description, opening),
  })
}

function saysOf({ scope, role, docs, leavesHouse }: Description): string {
  return [
    scope.trim(),
    ...(role === undefined ? [] : [`Its key needs: ${role.trim()}.`]),
    ...(leavesHouse ? ['What is asked leaves the house.'] : []),
    `Made after: ${docs}. No account of the vendor was at hand: test it with yours.`,
  ].join(' ')
}

const secretTitles = {
  bearer: 'Token',
  header: 'Key',
  basic: 'Password',
  query: 'Key',
  oauth2: 'Client secret',
  session: 'Password',
} as const

function secretOf({ auth }: Description): SecretField {
  const title = auth.kind === 'none' ? '' : secretTitles[auth.kind]
  return { name: 'secret', title, says: `${title}: who may read there`, needed: true, lines: false }
}

const reserved = { ca: caForm, allowAddresses: allowForm }

function formOf({ parameters, limits }: Description) {
  const shape: Record<string, z.ZodType> = {}
  for (const [name, parameter] of Object.entries(parameters)) shape[name] = fieldOf(parameter)
  return z.strictObject({ ...shape, ...reserved, ...limitForms(limits) })
}

function fieldOf({ says, kind, default: usual, example }: Parameter): z.ZodType {
  const text = z
    .string()
    .trim()
    .max(500)
    .superRefine((value, context) => {
      const problem = parameterProblem(value, kind)
      if (problem !== null) context.addIssue(`this ${problem}`)
      else if (kind === 'url' && !value.startsWith('https://')) context.addIssue('this is not https://')
    })
    .meta({ title: says })
    .describe(`Such as ${example}`)
  return usual === undefined ? text : text.default(usual)
}

/** Where the secret goes: all that is part of an address, and what opens ways to one. */
function targetOf({ parameters, baseUrl, auth }: Description): readonly string[] {
  const places = placesIn([baseUrl, auth.kind === 'oauth2' ? auth.tokenUrl : '']).map(({ name }) => name)
  return [...Object.keys(parameters).filter((name) => places.includes(name)), ...Object.keys(reserved)]
}

const Chosen = z.object({
  ca: z.string(),
  allowAddresses: z.array(z.string()),
  timeoutMs: z.int(),
  concurrency: z.int(),
  perMinute: z.int(),
})

function open(description: Description, { id, title, settings, secret }: Opening<Record<string, unknown>>) {
  const { ca, allowAddresses, timeoutMs, concurrency, perMinute } = Chosen.parse(settings)
  const parameters = Object.fromEntries(
    Object.keys(description.parameters).map((name) => [name, z.string().parse(settings[name])]),
  )
  // The secret comes from the opening, not from a place that a description names.
  const given = { env: 'COUNTERFOIL_SECRET_OF_THE_PAGE' }
  const limits = { timeoutMs, concurrency, perMinute }
  const use = { use: description.id, id, title, parameters, secret: given, allowAddresses, limits }
  const mapper = new Mapper()
  const connector = makeHttpJson(settle(description, use, '.'), {
    mapper,
    secret: async () => (await secret('secret')) ?? '',
    ...(ca.trim() === '' ? {} : { ca }),
  })
  return {
    ...connector,
    close: async () => {
      await connector.close?.()
      await mapper.close()
    },
  }
}

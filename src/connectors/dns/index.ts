import { Resolver } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { wordsOf } from '../../kit/errors.ts'
import type { AskContext, Connector, Health, TriedOut } from '../../model/connector.ts'
import { connectorKind, type Opening } from '../../model/connector-kind.ts'
import type { Answered } from '../../model/finding.ts'
import type { QuestionName } from '../../model/question.ts'
import { DnsSettings } from './schema.ts'

const answers = ['names-of-address', 'records-of-name'] as const satisfies readonly QuestionName[]
/** Records of one name that are kept; more are a flood, and say nothing more. */
const recordsMax = 50
const textCharsMax = 500

/** Names and addresses as a resolver gives them now. */
export const dns = connectorKind({
  kind: 'dns',
  title: 'DNS',
  says: 'Which names an address has, and which addresses and texts a name has, as your resolvers answer now.',
  answers,
  settings: DnsSettings,
  secrets: [],
  target: [],
  fileOnly: null,
  open: openDns,
})

function openDns({ id, title, settings }: Opening<DnsSettings>): Connector {
  const { timeoutMs, concurrency, perMinute } = settings
  const where = settings.servers.length === 0 ? 'the resolvers of this machine' : settings.servers.join(', ')
  const resolver = (): Resolver => {
    const one = new Resolver({ timeout: Math.ceil(timeoutMs / 2), tries: 2 })
    if (settings.servers.length > 0) one.setServers([...settings.servers])
    return one
  }
  return {
    id,
    title,
    answers,
    limits: { timeoutMs, concurrency, perMinute },
    scope: `Asks ${where}. The owner of a name or address can see that it was asked about, and answers what it likes.`,
    ask: async (question, ask, { signal }) => {
      const one = resolver()
      const cancel = () => one.cancel()
      signal.addEventListener('abort', cancel, { once: true })
      try {
        return question === 'names-of-address'
          ? await names(one, String(ask['address']), where)
          : await records(one, String(ask['name']), where)
      } finally {
        signal.removeEventListener('abort', cancel)
      }
    },
    health: (context) => health(resolver(), where, context),
    tryOut: () => tryOut(resolver(), where),
  }
}

/** What a look-up came to: "no such name" and "no such record" are answers, everything else is not having looked. */
type Looked = { readonly found: readonly string[] } | { readonly failed: string }

async function looked(ask: Promise<readonly string[]>): Promise<Looked> {
  try {
    return { found: [...new Set(await ask)].slice(0, recordsMax) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    return code === 'ENOTFOUND' || code === 'ENODATA' ? { found: [] } : { failed: code || wordsOf(error) }
  }
}

async function names(resolver: Resolver, asked: string, where: string): Promise<Answered> {
  if (!ipaddr.isValid(asked)) return { kind: 'not-applicable', why: `"${asked}" is no address` }
  const query = `PTR ${asked} of ${where}`
  const seen = await looked(resolver.reverse(ipaddr.process(asked).toString()))
  if ('failed' in seen) return { kind: 'failed', why: `the resolver did not answer: ${seen.failed}`, query }
  return seen.found.length === 0
    ? { kind: 'nothing', query }
    : { kind: 'found', answer: { names: seen.found.map((name) => name.toLowerCase()) }, query }
}

async function records(resolver: Resolver, asked: string, where: string): Promise<Answered> {
  const name = asked.trim().replace(/\.$/, '').toLowerCase()
  if (name === '' || name.length > 253 || ipaddr.isValid(name) || !/^[\p{L}\p{N}._-]+$/u.test(name))
    return { kind: 'not-applicable', why: `"${asked}" is no name` }
  const query = `A, AAAA, TXT ${name} of ${where}`
  const all = await Promise.all([
    looked(resolver.resolve4(name)),
    looked(resolver.resolve6(name)),
    looked(resolver.resolveTxt(name).then((texts) => texts.map((parts) => parts.join('').slice(0, textCharsMax)))),
  ])
  const failures = all.flatMap((one) => ('failed' in one ? [one.failed] : []))
  const [addresses4, addresses6, texts] = all.map((one) => ('found' in one ? one.found : []))
  const answer = { name, addresses: [...(addresses4 ?? []), ...(addresses6 ?? [])], texts: texts ?? [] }
  const isEmpty = answer.addresses.length + answer.texts.length === 0
  if (failures.length > 0 && (isEmpty || answer.addresses.length === 0))
    return { kind: 'failed', why: `the resolver did not answer: ${failures.join(', ')}`, query }
  if (isEmpty) return { kind: 'nothing', query }
  const warnings = failures.map((failure) => `Not all kinds of records could be looked up: ${failure}.`)
  return { kind: 'found', answer, query, warnings }
}

async function health(resolver: Resolver, where: string, { clock }: AskContext): Promise<Health> {
  const tried = await tryOut(resolver, where)
  return tried.kind === 'read'
    ? { state: 'active', says: 'It answers.', lastSuccess: clock.now().toISOString() }
    : { state: 'failing', says: tried.why, lastSuccess: null }
}

/** The root's name servers: every resolver that resolves anything knows them. */
async function tryOut(resolver: Resolver, where: string): Promise<TriedOut> {
  try {
    const servers = await resolver.resolveNs('.')
    const row = { name: '.', nameServers: servers.slice(0, 5).join(' ') }
    const can = ['look up names and addresses']
    return {
      kind: 'read',
      says: `Asked ${where}.`,
      rows: [row],
      can,
      cannot: ['see what a name was in the past'],
      warnings: [],
    }
  } catch (error) {
    return {
      kind: 'failed',
      why: wordsOf(error),
      next: 'Check the addresses of the resolvers, and whether this machine may ask them.',
    }
  }
}

import ipaddr from 'ipaddr.js'
import { getDomain } from 'tldts'
import type { z } from 'zod'
import { wordsOf } from '../../kit/errors.ts'
import { readRanges } from '../../kit/guard.ts'
import type { AskContext, Connector, Health, TriedOut } from '../../model/connector.ts'
import { connectorKind, type Opening } from '../../model/connector-kind.ts'
import type { Answered } from '../../model/finding.ts'
import type { QuestionName } from '../../model/question.ts'
import { Caller, type Response } from '../call.ts'
import { publicAddress } from '../reach.ts'
import { domainAnswer, networkAnswer } from './read.ts'
import { Bootstrap, RdapDomain, RdapNetwork, RdapSettings } from './schema.ts'

const answers = ['registration-of-domain', 'network-owner-of-address'] as const satisfies readonly QuestionName[]
/** IANA changes these files some times a week; RFC 9224 asks not to fetch them at every question. */
const bootstrapMsMax = 24 * 60 * 60_000
const headers = { accept: 'application/rdap+json, application/json', 'user-agent': 'counterfoil' }

/** Registration data of domains and networks, from the registries themselves (RFC 9082, RFC 9083). */
export const rdap = connectorKind({
  kind: 'rdap',
  title: 'Registration data (RDAP)',
  says: 'When a domain was registered, by whom, and whose network an address is in, from the registries themselves.',
  answers,
  settings: RdapSettings,
  secrets: [],
  target: [],
  fileOnly: null,
  open: openRdap,
})

type Source = {
  readonly settings: RdapSettings
  readonly caller: Caller
  readonly known: Map<string, { readonly services: z.infer<typeof Bootstrap>['services']; readonly until: number }>
}

function openRdap({ id, title, settings }: Opening<RdapSettings>): Connector {
  const { timeoutMs, concurrency, perMinute } = settings
  const ca = settings.ca.trim() === '' ? {} : { ca: settings.ca }
  const caller = new Caller({ allow: readRanges(settings.allowAddresses), timeoutMs, concurrency, ...ca })
  const source: Source = { settings, caller, known: new Map() }
  return {
    id,
    title,
    answers,
    limits: { timeoutMs, concurrency, perMinute },
    scope:
      'Asks the registries about domains and addresses of alerts, by their names. Whoever runs such a server sees what is asked. Names of owners are mostly withheld by the registries.',
    ask: (question, ask, context) =>
      question === 'registration-of-domain'
        ? domain(source, String(ask['domain']), context)
        : network(source, String(ask['address']), context),
    health: (context) => health(source, context),
    tryOut: (context) => tryOut(source, context),
    close: () => caller.close(),
  }
}

async function domain(source: Source, asked: string, context: AskContext): Promise<Answered> {
  const name = getDomain(asked)
  if (name === null) return { kind: 'not-applicable', why: `"${asked}" is no name that anybody registers` }
  const server = await serverOf(source, 'dns', (label) => name === label || name.endsWith(`.${label}`), context)
  const read = (found: RdapDomain) => domainAnswer(found, name)
  return fetched(source, server, `domain/${encodeURIComponent(name)}`, RdapDomain, read, context)
}

async function network(source: Source, asked: string, context: AskContext): Promise<Answered> {
  const known = publicAddress(asked)
  if ('why' in known) return { kind: 'not-applicable', why: known.why }
  const { address } = known
  const within = (range: string): boolean => {
    const [base, bits] = ipaddr.parseCIDR(range)
    return base.kind() === address.kind() && address.match(base, bits)
  }
  const server = await serverOf(source, address.kind() === 'ipv4' ? 'ipv4' : 'ipv6', within, context)
  const read = (found: RdapNetwork) => networkAnswer(found, address.toString(), context.clock.now())
  return fetched(source, server, `ip/${address.toString()}`, RdapNetwork, read, context)
}

type Server = { readonly base: string } | { readonly answered: Answered }

/** The server for a name or an address. Where the registry names none, nothing can be looked up; that is not "nothing there". */
async function serverOf(
  { settings, caller, known }: Source,
  file: 'dns' | 'ipv4' | 'ipv6',
  isFor: (entry: string) => boolean,
  { signal, clock }: AskContext,
): Promise<Server> {
  if (settings.server !== '') return { base: settings.server }
  const url = new URL(`${file}.json`, withSlash(settings.bootstrap)).href
  const failed = (why: string): Server => ({
    answered: { kind: 'failed', why: `the registry of servers: ${why}`, query: `GET ${url}` },
  })
  let services = known.get(file)
  if (services === undefined || services.until < performance.now()) {
    const response = await caller.call({ method: 'GET', url, headers, body: null }, signal, clock)
    const parsed = parsedAs(Bootstrap, response)
    if ('why' in parsed) return failed(parsed.why)
    services = { services: parsed.value.services, until: performance.now() + bootstrapMsMax }
    known.set(file, services)
  }
  try {
    // The longest entry is the nearest: 198.51.100.0/24 before 198.0.0.0/8.
    const fits = services.services.flatMap(([entries, servers]) =>
      entries.filter((entry) => isFor(entry)).map((entry) => ({ entry, servers })),
    )
    const nearest = fits.toSorted((a, b) => bitsOf(b.entry) - bitsOf(a.entry))[0]
    const base = nearest?.servers.find((one) => one.startsWith('https:')) ?? nearest?.servers[0]
    if (base !== undefined) return { base }
  } catch (error) {
    return failed(`it is not written as RFC 9224 says: ${wordsOf(error)}`)
  }
  return { answered: { kind: 'not-collected', why: 'no registry for it offers RDAP', query: `GET ${url}` } }
}

const withSlash = (base: string): string => (base.endsWith('/') ? base : `${base}/`)
const bitsOf = (entry: string): number => Number(entry.split('/')[1] ?? entry.length)

async function fetched<T extends z.ZodType>(
  { caller }: Source,
  server: Server,
  path: string,
  shape: T,
  /** null: it is about something else. */
  read: (value: z.output<T>) => unknown,
  { signal, clock }: AskContext,
): Promise<Answered> {
  if ('answered' in server) return server.answered
  const url = `${withSlash(server.base)}${path}`
  const query = `GET ${url}`
  const response = await caller.call({ method: 'GET', url, headers, body: null }, signal, clock)
  // RFC 7480, 5.3: 404 is "no such object". A proxy's 404 has no RDAP in it, and is no answer.
  if (!('failed' in response) && response.status === 404)
    return /rdap\+json/i.test(response.headers['content-type'] ?? '')
      ? { kind: 'nothing', query }
      : { kind: 'failed', why: 'status 404, but not from an RDAP server', query }
  const parsed = parsedAs(shape, response)
  if ('why' in parsed) return { kind: 'failed', why: parsed.why, query }
  const answer = read(parsed.value)
  return answer === null
    ? { kind: 'failed', why: 'it answered about something else than was asked', query }
    : { kind: 'found', answer, query }
}

function parsedAs<T extends z.ZodType>(
  shape: T,
  response: Response,
): { readonly value: z.output<T> } | { readonly why: string } {
  if ('failed' in response) return { why: response.failed }
  if (response.status !== 200) return { why: `status ${response.status}` }
  try {
    const parsed = shape.safeParse(JSON.parse(response.text))
    if (parsed.success) return { value: parsed.data }
    return {
      why: `it answered nonsense: ${parsed.error.issues[0]?.path.join('.') || 'it'}: ${parsed.error.issues[0]?.message}`,
    }
  } catch (error) {
    return { why: `it answered nonsense: ${wordsOf(error)}` }
  }
}

async function health(source: Source, context: AskContext): Promise<Health> {
  const tried = await tryOut(source, context)
  return tried.kind === 'read'
    ? { state: 'active', says: 'It answers.', lastSuccess: context.clock.now().toISOString() }
    : { state: 'failing', says: tried.why, lastSuccess: null }
}

/** A real read: example.com is registered for documentation (RFC 2606), and asking about it tells nobody anything. */
async function tryOut(source: Source, context: AskContext): Promise<TriedOut> {
  const answered = await domain(source, 'example.com', context)
  if (answered.kind !== 'found') {
    const why = answered.kind === 'nothing' ? 'it does not know example.com' : answered.why
    return {
      kind: 'failed',
      why,
      next: 'Check the address of the registry or server, and whether this machine may reach it.',
    }
  }
  const row = Object.fromEntries(
    Object.entries(answered.answer as Record<string, unknown>).map(([name, value]) => [name, [value].flat().join(' ')]),
  )
  return {
    kind: 'read',
    says: `Read the registration of example.com: ${answered.query}.`,
    rows: [row],
    can: ['read what registries publish about domains and networks'],
    cannot: ['see owners that a registry withholds', 'ask registries that offer no RDAP'],
    warnings: [],
  }
}

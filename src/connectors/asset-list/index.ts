import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { AskContext, Connector, Health } from '../../model/connector.ts'
import { type Asset, ageDays, type Lease, type Listed, type Person, staleAfterDays } from '../../model/context.ts'
import type { Answered } from '../../model/finding.ts'
import { houseConnectors } from '../../model/house-connectors.ts'
import { conflictsIn, type Merged } from '../../model/merged-facts.ts'
import type { AnswerOf, QuestionName } from '../../model/question.ts'
import { AssetListAsk } from './schema.ts'

/** How the list is looked up; the store is passed in. Each gives the freshest first. */
export type AssetLookups = {
  readonly byAddress: (address: string) => Promise<readonly Merged<Asset>[]>
  /** Assets that have one of these lower-case names as name, alias, or first label of either. */
  readonly byName: (names: readonly string[]) => Promise<readonly Merged<Asset>[]>
  /** Who had this address at that moment (ISO 8601), by the leases; the latest beginning first. */
  readonly leasesAt: (address: string, at: string) => Promise<readonly Listed<Lease>[]>
  /** People with this lower-case mail address, account or name. */
  readonly personOf: (key: string) => Promise<readonly Listed<Person>[]>
  /** When an asset list was last imported (ISO 8601); null: never. */
  readonly importedAt: () => Promise<string | null>
}

/** An address that a list gives to an asset today was hardly another's an hour ago; before that it is worth a word. */
const presentMs = 3_600_000

/** The asset list, as it was imported: which asset is it, whose is it, what is it for. */
export function assetList(lookups: AssetLookups): Connector {
  return {
    id: 'asset-list',
    title: houseConnectors['asset-list'],
    answers: ['asset-of-address', 'asset-of-host', 'owner-of-host', 'business-role-of-asset'],
    limits: { timeoutMs: 2_000, concurrency: 8, perMinute: Number.POSITIVE_INFINITY },
    scope:
      'Knows the assets of the lists that were imported, as old as those lists are, and who had an address when, as far as leases (DHCP, VPN) were imported. It does not look at the network.',
    copy: 'the asset lists',
    ask: (question, ask, context) => answer(lookups, question, AssetListAsk.parse(ask), context),
    health: (context) => health(lookups, context),
  }
}

/** Assets that fit, and what must be said about how they were found. */
type Matches = {
  readonly assets: readonly Merged<Asset>[]
  readonly warnings: readonly string[]
  /** Who had the address by a lease, where no list knows that one. */
  readonly holder: Listed<Lease> | null
}

async function answer(
  lookups: AssetLookups,
  question: QuestionName,
  ask: AssetListAsk,
  { clock }: AskContext,
): Promise<Answered> {
  const wanted = ask.address ?? ask.host ?? ask.asset ?? ''
  const then = ask.at == null ? '' : ` at ${ask.at}`
  const query = `assets with ${isAddress(wanted) ? `address ${wanted}${then}` : `name ${wanted}`}`
  if (question === 'asset-of-address' && !isAddress(wanted)) {
    return { kind: 'not-applicable', why: `"${wanted}" is no address` }
  }
  const matches = isAddress(wanted)
    ? await addressed(lookups, ipaddr.process(wanted).toString(), ask.at ?? null, clock.now())
    : { assets: await named(lookups, wanted), warnings: [], holder: null }
  const best = matches.assets[0]
  if (best === undefined && matches.holder !== null && question !== 'owner-of-host') {
    return { kind: 'found', answer: unlisted(matches.holder), query, warnings: matches.warnings }
  }
  if (best === undefined) {
    if ((await lookups.importedAt()) !== null) return { kind: 'nothing', query }
    return { kind: 'not-collected', why: 'no asset list was ever imported (counterfoil import assets FILE)', query }
  }
  const warnings = [
    ...matches.warnings,
    ...staleness(best, clock.now()),
    ...others(matches.assets),
    ...conflictsIn(best),
  ]
  if (question !== 'owner-of-host') return { kind: 'found', answer: answerOf(best), query, warnings }
  const owner = await ownerOf(lookups, best)
  return owner === null
    ? { kind: 'nothing', query: `owner of ${best.fact.name}` }
    : { kind: 'found', answer: owner, query, warnings }
}

/** Who had the address then, by the leases; where no lease covers that moment, who has it now, and that is said. */
async function addressed(lookups: AssetLookups, address: string, at: string | null, now: Date): Promise<Matches> {
  const then = at ?? now.toISOString()
  const [lease, ...more] = await lookups.leasesAt(address, then)
  if (lease === undefined) {
    const assets = await lookups.byAddress(address)
    const past = now.getTime() - Date.parse(then) > presentMs
    const says = `No lease says who had ${address} at ${then}: this is who has it now.`
    return { assets, warnings: past && assets.length > 0 ? [says] : [], holder: null }
  }
  const who = holderOf(lease)
  const until = lease.fact.to === null ? 'with no end known' : `to ${lease.fact.to}`
  const rivals = [...new Set(more.map(holderOf))].filter((other) => other !== who)
  const warnings = [
    `By the ${lease.fact.kind} lease of "${lease.source}" to ${who}, from ${lease.fact.from} ${until}.`,
    ...(rivals.length === 0 ? [] : [`Other leases of that time: ${rivals.slice(0, 4).join(', ')}.`]),
  ]
  const assets = lease.fact.host === null ? [] : await named(lookups, lease.fact.host)
  if (assets.length > 0) return { assets, warnings, holder: lease }
  return { assets, warnings: [...warnings, `No asset list knows ${who}.`], holder: lease }
}

function holderOf({ fact }: Listed<Lease>): string {
  return fact.host ?? fact.account ?? fact.mac ?? fact.address
}

/** All that a lease tells about a machine in no list: what it is called. */
function unlisted(lease: Listed<Lease>): AnswerOf<'asset-of-host'> {
  const name = holderOf(lease)
  const unknown = { role: null, application: null, environment: null, criticality: null, sensitivity: null }
  const nobody = { owner: lease.fact.account, ownerEmail: null, exposed: null, site: null }
  return { id: name, name, addresses: [lease.fact.address], ...nobody, ...unknown, regulatory: [], asOf: lease.asOf }
}

/** "CORP\HOST$", "host." and "HOST.corp.example" as the list's names are written. */
function hostName(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/^[^\\]*\\/, '')
    .replace(/[.$]+$/, '')
}

/**
 * By full name first. A short name counts only where one side has no domain: "db-01.emea.example" is not "db-01.apac.example".
 */
async function named(lookups: AssetLookups, text: string): Promise<readonly Merged<Asset>[]> {
  const name = hostName(text)
  if (name === '') return []
  const label = name.split('.')[0] ?? name
  const candidates = await lookups.byName(label === name ? [name] : [name, label])
  const namesOf = ({ fact }: Listed<Asset>) => [fact.name, ...fact.aliases].map(hostName)
  const whole = candidates.filter((one) => namesOf(one).includes(name))
  if (whole.length > 0) return whole
  return label === name ? candidates : candidates.filter((one) => namesOf(one).includes(label))
}

async function ownerOf(lookups: AssetLookups, { fact }: Listed<Asset>): Promise<AnswerOf<'owner-of-host'> | null> {
  for (const key of [fact.ownerEmail, fact.owner]) {
    if (key === null) continue
    const people = await lookups.personOf(key.toLowerCase())
    const person = people[0]?.fact
    // Two people of one name are not one owner: the name of the list stands alone then.
    if (person === undefined || people.some((other) => other.fact.id !== person.id)) continue
    const { id, name, email, department, title, manager, privileged } = person
    return {
      id,
      name,
      email: email ?? fact.ownerEmail,
      account: person.accounts[0] ?? null,
      department,
      title,
      manager,
      privileged,
    }
  }
  const name = fact.owner ?? fact.ownerEmail
  if (name === null) return null
  const unknown = { account: null, department: null, title: null, manager: null, privileged: null }
  return { id: fact.ownerEmail ?? name, name, email: fact.ownerEmail, ...unknown }
}

function answerOf({ fact, asOf }: Listed<Asset>): AnswerOf<'asset-of-host'> {
  const { aliases: _aliases, tags: _tags, software: _software, ...rest } = fact
  return { ...rest, asOf }
}

function staleness(listed: Listed<Asset>, now: Date): string[] {
  const days = ageDays(listed.asOf, now)
  return days === null || days <= staleAfterDays ? [] : [`The list "${listed.source}" is ${days} days old.`]
}

function others(matches: readonly Listed<Asset>[]): string[] {
  const names = [...new Set(matches.slice(1).map(({ fact, source }) => `${fact.name} (${source})`))]
  return names.length === 0 ? [] : [`Others fit too: ${names.slice(0, 4).join(', ')}.`]
}

async function health(lookups: AssetLookups, { clock }: AskContext): Promise<Health> {
  const at = await lookups.importedAt()
  if (at === null) return { state: 'not-configured', says: 'No asset list was ever imported.', lastSuccess: null }
  const days = ageDays(at, clock.now()) ?? 0
  if (days > staleAfterDays)
    return { state: 'warning', says: `The newest asset list is ${days} days old.`, lastSuccess: at, newest: at }
  return { state: 'active', says: `The newest asset list is ${days} days old.`, lastSuccess: at, newest: at }
}

/** Not ipaddr.js's isValid: that takes inet_aton's "10.0.0" and "0x7f.1" for addresses. A zone ("fe80::1%eth0") means nothing elsewhere. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%')
}

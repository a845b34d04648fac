import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { AskContext, Connector, Health } from '../../model/connector.ts'
import { type Asset, ageDays, type Listed, type Person, staleAfterDays } from '../../model/context.ts'
import type { Answered } from '../../model/finding.ts'
import type { AnswerOf, QuestionName } from '../../model/question.ts'
import { AssetListAsk } from './schema.ts'

/** How the list is looked up; the store is passed in. Each gives the freshest first. */
export type AssetLookups = {
  readonly byAddress: (address: string) => Promise<readonly Listed<Asset>[]>
  /** Assets that have one of these lower-case names as name, alias, or first label of either. */
  readonly byName: (names: readonly string[]) => Promise<readonly Listed<Asset>[]>
  /** People with this lower-case mail address, account or name. */
  readonly personOf: (key: string) => Promise<readonly Listed<Person>[]>
  /** When an asset list was last imported (ISO 8601); null: never. */
  readonly importedAt: () => Promise<string | null>
}

/** The asset list, as it was imported: which asset is it, whose is it, what is it for. */
export function assetList(lookups: AssetLookups): Connector {
  return {
    id: 'asset-list',
    title: 'Asset list',
    answers: ['asset-of-address', 'asset-of-host', 'owner-of-host', 'business-role-of-asset'],
    limits: { timeoutMs: 2_000, concurrency: 8, perMinute: Number.POSITIVE_INFINITY },
    scope:
      'Knows the assets of the lists that were imported, as old as those lists are. It does not look at the network.',
    ask: (question, ask, context) => answer(lookups, question, AssetListAsk.parse(ask), context),
    health: (context) => health(lookups, context),
  }
}

async function answer(
  lookups: AssetLookups,
  question: QuestionName,
  ask: AssetListAsk,
  { clock }: AskContext,
): Promise<Answered> {
  const wanted = ask.address ?? ask.host ?? ask.asset ?? ''
  const query = `assets with ${isAddress(wanted) ? 'address' : 'name'} ${wanted}`
  if ((await lookups.importedAt()) === null) {
    return { kind: 'not-collected', why: 'no asset list was ever imported (counterfoil import assets FILE)', query }
  }
  if (question === 'asset-of-address' && !isAddress(wanted)) {
    return { kind: 'not-applicable', why: `"${wanted}" is no address` }
  }
  const matches = isAddress(wanted)
    ? await lookups.byAddress(ipaddr.process(wanted).toString())
    : await named(lookups, wanted)
  const best = matches[0]
  if (best === undefined) return { kind: 'nothing', query }
  const warnings = [...staleness(best, clock.now()), ...others(matches)]
  if (question !== 'owner-of-host') return { kind: 'found', answer: answerOf(best), query, warnings }
  const owner = await ownerOf(lookups, best)
  return owner === null
    ? { kind: 'nothing', query: `owner of ${best.fact.name}` }
    : { kind: 'found', answer: owner, query, warnings }
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
async function named(lookups: AssetLookups, text: string): Promise<readonly Listed<Asset>[]> {
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
  const { aliases: _aliases, ...rest } = fact
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
    return { state: 'warning', says: `The newest asset list is ${days} days old.`, lastSuccess: at }
  return { state: 'active', says: `The newest asset list is ${days} days old.`, lastSuccess: at }
}

/** Not ipaddr.js's isValid: that takes inet_aton's "10.0.0" and "0x7f.1" for addresses. A zone ("fe80::1%eth0") means nothing elsewhere. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%')
}

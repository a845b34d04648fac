import {
  AndFilter,
  type Entry,
  EqualityFilter,
  ExtensibleFilter,
  type Filter,
  NoSuchObjectError,
  NotFilter,
  OrFilter,
} from 'ldapts'
import type { Answered } from '../../model/finding.ts'
import type { AnswerOf } from '../../model/question.ts'
import type { Directory } from './schema.ts'
import type { Session } from './session.ts'
import { all, bytes, dayCount, filetime, generalizedTime, guidText, one, siblingSid, sidText } from './values.ts'

type PersonAnswer = AnswerOf<'person-of-account'>
type Group = AnswerOf<'groups-of-account'>['groups'][number]

/** What is asked of one directory on one session. */
export type Reading = { readonly directory: Directory; readonly session: Session }

/** A value is its own field of the request (RFC 4511, 4.5.1), never a piece of a filter's text: "*" and ")" are letters like others. */
const equal = (attribute: string, value: string | Buffer): Filter => new EqualityFilter({ attribute, value })
/** Nobody is in more groups than that; in Active Directory a token holds at most 1,015. */
const groupsMax = 1_000
/** Groups of groups of groups: deeper ones were made by mistake. */
const depthMax = 8
/** Two that fit are one too many already; some more are read to say how many. */
const hitsMax = 5
/** LDAP_MATCHING_RULE_IN_CHAIN: groups of groups, resolved by the server ([MS-ADTS] 3.1.1.3.4.4). */
const inChain = '1.2.840.113556.1.4.1941'
/** Administrative groups of Active Directory by the last part of their SID: domain, schema, enterprise admins, policy owners; built-in ones. */
const privilegedRids = /^S-1-5-21-.*-(?:512|518|519|520)$|^S-1-5-32-(?:544|548|549|550|551)$/

export type AccountName = { readonly user: string; readonly domain: string | null; readonly whole: string }

/** "CORP\ameyer", "ameyer@corp.example", "ameyer". */
export function accountName(text: string): AccountName {
  const whole = text.trim()
  const windows = /^([^\\/@]+)[\\/]([^\\/]+)$/.exec(whole)
  if (windows !== null) return { user: windows[2] ?? '', domain: windows[1] ?? '', whole }
  const at = whole.lastIndexOf('@')
  if (at > 0) return { user: whole.slice(0, at), domain: whole.slice(at + 1), whole }
  return { user: whole, domain: null, whole }
}

/** The one entry of an account; or what to answer instead. */
export async function personEntry(
  { directory, session }: Reading,
  text: string,
  query: string,
  byName = false,
): Promise<{ readonly entry: Entry; readonly warnings: readonly string[] } | { readonly answered: Answered }> {
  const name = accountName(text)
  if (name.user === '') return { answered: { kind: 'not-applicable', why: 'the alert names no account' } }
  const { attributes, domains } = directory
  const foreign = name.domain !== null && domains.length > 0 && !domains.includes(name.domain.toLowerCase())
  const isMail = name.whole.includes('@')
  const ways = [
    ...(foreign ? [] : [equal(attributes.account, name.user)]),
    ...(isMail
      ? [attributes.mail, attributes.principal].filter((one) => one !== '').map((one) => equal(one, name.whole))
      : []),
    ...(byName ? [equal(attributes.name, name.whole), equal('cn', name.whole)] : []),
  ]
  if (ways.length === 0)
    return {
      answered: {
        kind: 'not-applicable',
        why: `${name.domain} is no domain of this directory (${domains.join(', ')})`,
      },
    }
  const { entries } = await session.search({
    base: directory.personBase,
    filter: new AndFilter({ filters: [people(directory), new OrFilter({ filters: ways })] }),
    attributes: personAttributes(directory),
    binary: binaryOf(directory),
    most: hitsMax,
  })
  const hit = entries[0]
  if (hit === undefined) return { answered: { kind: 'nothing', query } }
  if (entries.length > 1) {
    const names = entries.map((entry) => entry.dn).join(' and ')
    return {
      answered: {
        kind: 'failed',
        why: `${entries.length} entries fit, and it is not known which is meant: ${names.slice(0, 500)}`,
        query,
      },
    }
  }
  const guessed = name.domain !== null && !isMail && domains.length === 0
  return {
    entry: hit,
    warnings: guessed
      ? [`Whether ${name.domain} is this directory was not compared: its settings name no domains.`]
      : [],
  }
}

function people(directory: Directory): Filter {
  const person = equal('objectClass', directory.personClass)
  // A computer is a user too in Active Directory.
  if (!directory.activeDirectory) return person
  return new AndFilter({ filters: [person, new NotFilter({ filter: equal('objectClass', 'computer') })] })
}

function personAttributes({ attributes, id, activeDirectory }: Directory): readonly string[] {
  const { account, principal, mail, name, department, title, manager } = attributes
  const state = activeDirectory
    ? [
        'objectSid',
        'primaryGroupID',
        'userAccountControl',
        'lockoutTime',
        'accountExpires',
        'pwdLastSet',
        'lastLogonTimestamp',
        'whenCreated',
      ]
    : ['pwdAccountLockedTime', 'pwdChangedTime', 'shadowExpire', 'shadowLastChange', 'authTimestamp', 'createTimestamp']
  return ['cn', id.name, account, principal, mail, name, department, title, manager, ...state]
}

function binaryOf({ id, activeDirectory }: Directory): readonly string[] {
  return [...(id.binary ? [id.name] : []), ...(activeDirectory ? ['objectSid'] : [])]
}

function idOf(directory: Directory, entry: Entry): string {
  const { id } = directory
  const raw = id.binary ? bytes(entry, id.name) : null
  return (raw?.length === 16 ? guidText(raw) : one(entry, id.name)) ?? entry.dn
}

/** A person's answer; the manager's name and the groups are further reads. */
export async function personOf(
  reading: Reading,
  entry: Entry,
): Promise<{ answer: PersonAnswer; warnings: readonly string[] }> {
  const { attributes } = reading.directory
  const managerDn = one(entry, attributes.manager)
  const manager = managerDn === null ? null : await entryAt(reading, managerDn)
  const groups = canTellPrivileged(reading.directory) ? await groupsOf(reading, entry) : null
  const warnings =
    managerDn !== null && manager === null ? [`Its manager ${managerDn} is not in the directory any more.`] : []
  const { department, title, mail, account } = attributes
  const answer: PersonAnswer = {
    id: idOf(reading.directory, entry),
    name: nameOf(reading.directory, entry),
    email: one(entry, mail),
    account: one(entry, account),
    department: one(entry, department),
    title: one(entry, title),
    manager: manager === null ? null : nameOf(reading.directory, manager),
    privileged: groups === null ? null : groups.groups.some((group) => group.privileged === true),
  }
  return { answer, warnings }
}

export function nameOf({ attributes }: Directory, entry: Entry): string {
  return one(entry, attributes.name) ?? one(entry, 'cn') ?? one(entry, attributes.account) ?? entry.dn
}

/** The entry at a DN, or null where there is none any more. */
export async function entryAt({ directory, session }: Reading, dn: string): Promise<Entry | null> {
  try {
    const { entries } = await session.search({
      base: dn,
      scope: 'base',
      filter: new OrFilter({
        filters: ['person', 'group', 'groupOfNames', directory.personClass].map((one) => equal('objectClass', one)),
      }),
      attributes: personAttributes(directory),
      binary: binaryOf(directory),
      most: 1,
    })
    return entries[0] ?? null
  } catch (error) {
    if (error instanceof NoSuchObjectError) return null
    throw error
  }
}

/** The one machine of this name; a short name counts only where one side has no domain. */
export async function hostEntry(
  { directory, session }: Reading,
  text: string,
  query: string,
): Promise<{ readonly entry: Entry } | { readonly answered: Answered }> {
  const host = text.trim().replace(/\.$/, '').toLowerCase()
  if (host === '') return { answered: { kind: 'not-applicable', why: 'the alert names no host' } }
  const { attributes } = directory
  const [short = host, ...rest] = host.split('.')
  const ways = [equal(attributes.hostName, host), equal(attributes.hostName, short)]
  if (attributes.hostFullName !== '') ways.push(equal(attributes.hostFullName, host))
  const { hostName, hostFullName, hostOwner, hostRole, hostSite, hostAddress } = attributes
  const { entries } = await session.search({
    base: directory.hostBase,
    filter: new AndFilter({ filters: [equal('objectClass', directory.hostClass), new OrFilter({ filters: ways })] }),
    attributes: [
      directory.id.name,
      'cn',
      hostName,
      hostFullName,
      hostOwner,
      hostRole,
      hostSite,
      hostAddress,
      ...(directory.activeDirectory ? ['operatingSystem', 'whenChanged'] : ['modifyTimestamp']),
    ],
    binary: directory.id.binary ? [directory.id.name] : [],
    most: hitsMax,
  })
  const fitting = entries.filter((entry) => {
    const full = (one(entry, hostFullName) ?? one(entry, hostName) ?? '').toLowerCase()
    return rest.length === 0 || !full.includes('.') || full === host
  })
  const hit = fitting[0]
  if (hit === undefined) return { answered: { kind: 'nothing', query } }
  if (fitting.length > 1) {
    const names = fitting.map((entry) => entry.dn).join(' and ')
    return {
      answered: {
        kind: 'failed',
        why: `${fitting.length} machines fit, and it is not known which is meant: ${names.slice(0, 500)}`,
        query,
      },
    }
  }
  return { entry: hit }
}

export async function assetOf(reading: Reading, entry: Entry): Promise<AnswerOf<'asset-of-host'>> {
  const { attributes, activeDirectory } = reading.directory
  const ownerDn = one(entry, attributes.hostOwner)
  const owner = ownerDn === null ? null : await entryAt(reading, ownerDn)
  const system = one(entry, 'operatingSystem')
  return {
    id: idOf(reading.directory, entry),
    name: one(entry, attributes.hostFullName) ?? one(entry, attributes.hostName) ?? entry.dn,
    addresses: [...all(entry, attributes.hostAddress)],
    owner: owner === null ? null : nameOf(reading.directory, owner),
    ownerEmail: owner === null ? null : one(owner, attributes.mail),
    role: one(entry, attributes.hostRole) ?? system,
    application: null,
    environment: null,
    criticality: null,
    sensitivity: null,
    regulatory: [],
    exposed: null,
    site: one(entry, attributes.hostSite),
    asOf: generalizedTime(one(entry, activeDirectory ? 'whenChanged' : 'modifyTimestamp')),
  }
}

function canTellPrivileged(directory: Directory): boolean {
  return directory.activeDirectory || directory.privilegedGroups.length > 0
}

/** Every group of an account, those of its groups among them. */
export async function groupsOf(reading: Reading, entry: Entry): Promise<{ groups: readonly Group[]; more: boolean }> {
  return reading.directory.activeDirectory ? groupsByChain(reading, entry) : groupsByLevel(reading, entry)
}

async function groupsByChain({ directory, session }: Reading, entry: Entry) {
  const member = new ExtensibleFilter({ matchType: 'member', rule: inChain, value: entry.dn })
  const read = (filter: Filter) =>
    session.search({
      base: directory.groupBase,
      filter: new AndFilter({ filters: [equal('objectClass', 'group'), filter] }),
      attributes: ['cn', 'objectSid'],
      binary: ['objectSid'],
      most: groupsMax,
    })
  const listed = await read(member)
  // The primary group is in no `member`: who was moved there would be in no privileged group at all.
  const sid = bytes(entry, 'objectSid')
  const rid = Number(one(entry, 'primaryGroupID') ?? Number.NaN)
  const primary = sid === null || !Number.isInteger(rid) ? null : await read(equal('objectSid', siblingSid(sid, rid)))
  const both = [...listed.entries, ...(primary?.entries ?? [])]
  return { groups: both.map((group) => groupOf(directory, group)), more: listed.more }
}

async function groupsByLevel({ directory, session }: Reading, entry: Entry) {
  const seen = new Map<string, Group>()
  const account = one(entry, directory.attributes.account)
  let level: readonly string[] = [entry.dn]
  let more = false
  for (let depth = 0; depth < depthMax && level.length > 0; depth += 1) {
    const members = level.flatMap((dn) => [equal('member', dn), equal('uniqueMember', dn)])
    const byUid = depth === 0 && account !== null ? [equal('memberUid', account)] : []
    const hits = await session.search({
      base: directory.groupBase,
      filter: new OrFilter({ filters: [...members, ...byUid] }),
      attributes: ['cn'],
      most: groupsMax,
    })
    const fresh = hits.entries.filter((group) => !seen.has(group.dn))
    for (const group of fresh) seen.set(group.dn, groupOf(directory, group))
    more ||= hits.more || seen.size > groupsMax
    level = more ? [] : fresh.map((group) => group.dn)
  }
  return { groups: [...seen.values()].slice(0, groupsMax), more: more || level.length > 0 }
}

function groupOf(directory: Directory, entry: Entry): Group {
  const sid = bytes(entry, 'objectSid')
  const name = one(entry, 'cn') ?? entry.dn
  const named = [name, entry.dn].some((one) => directory.privilegedGroups.includes(one.toLowerCase()))
  const bySid = directory.activeDirectory && sid !== null && privilegedRids.test(sidText(sid) ?? '')
  return { id: entry.dn, name, privileged: canTellPrivileged(directory) ? named || bySid : null }
}

/** userAccountControl: disabled ([MS-ADTS] 2.2.16). */
const disabledBit = 2

export function stateOf(directory: Directory, entry: Entry): AnswerOf<'account-state'> {
  const account = one(entry, directory.attributes.account) ?? entry.dn
  if (directory.activeDirectory) {
    const control = one(entry, 'userAccountControl')
    const lockout = one(entry, 'lockoutTime')
    const signedIn = filetime(one(entry, 'lastLogonTimestamp'))
    return {
      account,
      enabled: control === null ? null : (Number(control) & disabledBit) === 0,
      locked: lockout === null ? (control === null ? null : false) : filetime(lockout) !== null,
      expiresAt: filetime(one(entry, 'accountExpires')),
      passwordChangedAt: filetime(one(entry, 'pwdLastSet')),
      lastSignInAt: signedIn,
      createdAt: generalizedTime(one(entry, 'whenCreated')),
      note: signedIn === null ? null : 'The last sign-in is exact to 14 days: Active Directory spreads it no sooner.',
    }
  }
  const lockedAt = one(entry, 'pwdAccountLockedTime')
  // draft-behera-ldap-password-policy: this value locks for good, by an administrator's hand.
  const forGood = lockedAt?.startsWith('000001010000') === true
  return {
    account,
    enabled: forGood ? false : null,
    locked: lockedAt === null ? null : true,
    expiresAt: dayCount(one(entry, 'shadowExpire')),
    passwordChangedAt: generalizedTime(one(entry, 'pwdChangedTime')) ?? dayCount(one(entry, 'shadowLastChange')),
    lastSignInAt: generalizedTime(one(entry, 'authTimestamp')),
    createdAt: generalizedTime(one(entry, 'createTimestamp')),
    note:
      lockedAt === null
        ? 'It is not marked as locked; this directory does not say whether an account is in use.'
        : null,
  }
}

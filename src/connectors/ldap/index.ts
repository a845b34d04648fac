import { PresenceFilter } from 'ldapts'
import { wordsOf } from '../../kit/errors.ts'
import type { AskContext, Connector, Health, TriedOut } from '../../model/connector.ts'
import { connectorKind, type Opening } from '../../model/connector-kind.ts'
import type { Answered } from '../../model/finding.ts'
import { type QuestionName, questions } from '../../model/question.ts'
import { nextAfter } from '../reach.ts'
import { assetOf, entryAt, groupsOf, hostEntry, personEntry, personOf, type Reading, stateOf } from './read.ts'
import { directoryOf, LdapSettings } from './schema.ts'
import { directoryProblem, Sessions } from './session.ts'

const answers = [
  'person-of-account',
  'manager-of-person',
  'groups-of-account',
  'account-state',
  'owner-of-host',
  'asset-of-host',
] as const satisfies readonly QuestionName[]
type Answers = (typeof answers)[number]

/** A directory by LDAP: Active Directory, OpenLDAP, and what speaks like them. */
export const ldap = connectorKind({
  kind: 'ldap',
  title: 'Directory (LDAP, Active Directory)',
  says: 'Who is behind an account, whom they report to, which groups it is in, whether it is in use or locked, and who owns a machine.',
  answers,
  settings: LdapSettings,
  secrets: [{ name: 'password', title: 'Password', says: 'Of the account it binds as', needed: false, lines: false }],
  target: ['host', 'port', 'security', 'ca', 'bindDn', 'allowAddresses'],
  fileOnly: null,
  open: openLdap,
})

function openLdap({ id, title, settings, secret }: Opening<LdapSettings>): Connector {
  const directory = directoryOf(settings)
  const sessions = new Sessions(settings, () => secret('password'))
  const use = <T>(signal: AbortSignal, work: (reading: Reading) => Promise<T>) =>
    sessions.use(signal, (session) => work({ directory, session }))
  const { timeoutMs, concurrency, perMinute } = settings
  return {
    id,
    title,
    answers,
    limits: { timeoutMs, concurrency, perMinute },
    scope: `Reads people below ${directory.personBase} and machines below ${directory.hostBase} at ${settings.host}, as ${settings.bindDn || 'nobody (anonymous)'}. It never writes, follows no referral, and knows nothing of accounts that are only on one machine or only in the cloud.`,
    ask: async (question, ask, context) => {
      const about = String(ask['account'] ?? ask['person'] ?? ask['host'] ?? '')
      const query = `${settings.host}: ${questions[question].title} ${about}`
      try {
        return await use(context.signal, (reading) => answer(question as Answers, about, reading, query))
      } catch (error) {
        return { kind: 'failed', why: directoryProblem(error), query }
      }
    },
    health: (context) => health(use, context),
    tryOut: (context) => tryOut(use, settings, context),
    close: async () => sessions.close(),
  }
}

async function answer(question: Answers, about: string, reading: Reading, query: string): Promise<Answered> {
  switch (question) {
    case 'asset-of-host':
    case 'owner-of-host': {
      const host = await hostEntry(reading, about, query)
      if ('answered' in host) return host.answered
      return question === 'asset-of-host'
        ? { kind: 'found', answer: await assetOf(reading, host.entry), query }
        : ownerOf(reading, host.entry[reading.directory.attributes.hostOwner], query)
    }
    case 'person-of-account':
    case 'manager-of-person':
    case 'groups-of-account':
    case 'account-state': {
      const person = await personEntry(reading, about, query, question === 'manager-of-person')
      if ('answered' in person) return person.answered
      const { entry, warnings } = person
      if (question === 'manager-of-person') return ownerOf(reading, entry[reading.directory.attributes.manager], query)
      if (question === 'account-state')
        return { kind: 'found', answer: stateOf(reading.directory, entry), query, warnings }
      if (question === 'groups-of-account')
        return { kind: 'found', answer: { ...(await groupsOf(reading, entry)), nested: true }, query, warnings }
      const found = await personOf(reading, entry)
      return { kind: 'found', answer: found.answer, query, warnings: [...warnings, ...found.warnings] }
    }
  }
}

/** The person that a DN points to. Nobody named is "nothing"; somebody named who is gone is not. */
async function ownerOf(reading: Reading, value: unknown, query: string): Promise<Answered> {
  const dns = [value].flat().filter((one): one is string => typeof one === 'string' && one !== '')
  const dn = dns[0]
  if (dn === undefined) return { kind: 'nothing', query }
  const entry = await entryAt(reading, dn)
  if (entry === null)
    return { kind: 'failed', why: `it names ${dn}, and there is no person or group of that name any more`, query }
  const { answer: person, warnings } = await personOf(reading, entry)
  const others = dns.length > 1 ? [`It names ${dns.length}; this is the first.`] : []
  return { kind: 'found', answer: person, query, warnings: [...warnings, ...others] }
}

type Use = <T>(signal: AbortSignal, work: (reading: Reading) => Promise<T>) => Promise<T>

const anything = new PresenceFilter({ attribute: 'objectClass' })

async function health(use: Use, context: AskContext): Promise<Health> {
  try {
    const seen = await use(context.signal, ({ directory, session }) =>
      session.search({
        base: directory.personBase,
        scope: 'base',
        filter: anything,
        attributes: ['objectClass'],
        most: 1,
      }),
    )
    if (seen.entries.length === 0)
      return { state: 'warning', says: 'It answers, but shows nothing at the base DN.', lastSuccess: null }
    return { state: 'active', says: 'It answers.', lastSuccess: context.clock.now().toISOString() }
  } catch (error) {
    return { state: 'failing', says: directoryProblem(error), lastSuccess: null }
  }
}

async function tryOut(use: Use, settings: LdapSettings, context: AskContext): Promise<TriedOut> {
  try {
    return await use(context.signal, async (reading) => {
      const people = await firstOf(reading, 'person')
      const machines = await firstOf(reading, 'host')
      const whoAmI = await reading.session.whoAmI().catch((error: unknown) => `not told (${wordsOf(error)})`)
      const can = [
        ...(people.length > 0 ? [`read people below ${reading.directory.personBase}`] : []),
        ...(machines.length > 0 ? [`read machines below ${reading.directory.hostBase}`] : []),
      ]
      const cannot = [
        ...(people.length > 0 ? [] : [`see any person below ${reading.directory.personBase}`]),
        ...(machines.length > 0 ? [] : [`see any machine below ${reading.directory.hostBase}`]),
      ]
      const warnings = [
        ...(settings.security === 'plain-text' ? ['The password and every answer can be read on the way.'] : []),
        ...(settings.bindDn === '' ? ['It asks without a name; who reads the directory cannot be told apart.'] : []),
      ]
      return {
        kind: 'read',
        says: `Signed in as ${whoAmI || settings.bindDn || 'nobody'}.`,
        rows: [...people, ...machines],
        can,
        cannot,
        warnings,
      }
    })
  } catch (error) {
    return {
      kind: 'failed',
      why: directoryProblem(error),
      next: nextAfter(error, 'Check the server, the encryption, the base DN, the account and its password.'),
    }
  }
}

/** One entry, with the attributes that the questions read. */
async function firstOf({ directory, session }: Reading, which: 'person' | 'host') {
  const { attributes: a } = directory
  const attributes =
    which === 'person'
      ? [a.account, a.name, a.mail, a.department, a.title, a.manager]
      : [a.hostName, a.hostFullName, a.hostOwner, a.hostRole, a.hostSite]
  const { entries } = await session.search({
    base: which === 'person' ? directory.personBase : directory.hostBase,
    filter: new PresenceFilter({ attribute: which === 'person' ? a.account : a.hostName }),
    attributes,
    most: 1,
  })
  return entries.slice(0, 1).map((entry) =>
    Object.fromEntries(
      ['dn', ...attributes].flatMap((name) => {
        const value = [entry[name]].flat()[0]
        return name === '' || value === undefined ? [] : [[name, String(value)]]
      }),
    ),
  )
}

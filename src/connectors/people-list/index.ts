import { z } from 'zod'
import type { CalendarEntry } from '../../model/calendar.ts'
import type { AskContext, Connector, Health } from '../../model/connector.ts'
import { ageDays, type Listed, type Person, staleAfterDays } from '../../model/context.ts'
import type { Answered } from '../../model/finding.ts'
import { houseConnectors } from '../../model/house-connectors.ts'
import type { AnswerOf } from '../../model/question.ts'

export type PeopleLookups = {
  /** People who have one of these lower-case keys (mail address, account with or without its domain, name). */
  readonly byKey: (keys: readonly string[]) => Promise<readonly Listed<Person>[]>
  /** Absences at a moment (ISO 8601) of whoever has one of these lower-case keys. Left out: no calendar is kept. */
  readonly absencesAt?: (keys: readonly string[], at: string) => Promise<readonly Listed<CalendarEntry>[]>
  /** When a people list was last imported (ISO 8601); null: never. */
  readonly importedAt: () => Promise<string | null>
}

const PersonAsk = z.object({ account: z.string() })

/** The people list, as it was imported: who is behind an account. */
export function peopleList(lookups: PeopleLookups): Connector {
  return {
    id: 'people-list',
    title: houseConnectors['people-list'],
    answers: ['person-of-account'],
    limits: { timeoutMs: 2_000, concurrency: 8, perMinute: Number.POSITIVE_INFINITY },
    scope:
      'Knows the people of the lists that were imported, by mail address, DOMAIN\\user, user@domain or user. It knows nothing of groups or sign-ins.',
    copy: 'the people lists',
    ask: async (_question, ask, context) => whoIs(lookups, PersonAsk.parse(ask).account, context),
    health: (context) => health(lookups, context),
  }
}

/** An account taken apart: "CORP\ameyer" and "ameyer@corp.example" are both ameyer, with another kind of domain. Lower-case. */
function accountOf(text: string): {
  readonly whole: string
  readonly user: string
  readonly domain: string
  readonly by: '\\' | '@' | ''
} {
  const whole = text.trim().toLowerCase()
  const down = /^([^\\]+)\\([^\\]+)$/.exec(whole)
  if (down !== null) return { whole, user: down[2] ?? '', domain: down[1] ?? '', by: '\\' }
  const upn = /^([^@]+)@([^@]+)$/.exec(whole)
  if (upn !== null) return { whole, user: upn[1] ?? '', domain: upn[2] ?? '', by: '@' }
  return { whole, user: whole, domain: '', by: '' }
}

async function whoIs(lookups: PeopleLookups, text: string, { clock }: AskContext): Promise<Answered> {
  const query = `people with account ${text}`
  if ((await lookups.importedAt()) === null) {
    return { kind: 'not-collected', why: 'no people list was ever imported (counterfoil import people FILE)', query }
  }
  const account = accountOf(text)
  if (account.user === '') return { kind: 'not-applicable', why: 'the account is empty' }
  const keysOf = ({ fact }: Listed<Person>) =>
    [fact.email ?? '', ...fact.accounts, fact.name].map((key) => key.toLowerCase())
  const candidates = await lookups.byKey([...new Set([account.whole, account.user])])
  const whole = candidates.filter((one) => keysOf(one).includes(account.whole))
  const short = candidates.filter((one) => keysOf(one).some((key) => isSame(account, accountOf(key))))
  const people = new Map((whole.length > 0 ? whole : short).map((one) => [one.fact.id, one]))
  const person = [...people.values()][0]
  if (person === undefined) return { kind: 'nothing', query }
  if (people.size > 1) {
    const names = [...people.values()].slice(0, 5).map(({ fact }) => fact.name)
    return {
      kind: 'failed',
      why: `it cannot be told who this is: ${people.size} people fit (${names.join(', ')})`,
      query,
    }
  }
  const warnings = [
    ...(whole.length > 0 ? [] : [`Found by "${account.user}" alone, without its domain.`]),
    ...staleness(person, clock.now()),
    ...(await absences(lookups, keysOf(person), clock.now())),
  ]
  return { kind: 'found', answer: answerOf(person.fact, text), query, warnings }
}

/** Who is away now cannot be asked, and hardly signed in: both are worth knowing at an alert. */
async function absences(lookups: PeopleLookups, keys: readonly string[], now: Date): Promise<string[]> {
  const away = (await lookups.absencesAt?.(keys, now.toISOString())) ?? []
  return away.map(({ fact }) => {
    const deputy = fact.deputy === null ? '' : `; ${fact.deputy} stands in`
    return `Away from ${fact.from} to ${fact.to}${deputy}.`
  })
}

/** Same user, and no two domains of the same kind that differ: OTHER\ameyer is not CORP\ameyer, but may be ameyer@corp.example. */
function isSame(asked: ReturnType<typeof accountOf>, listed: ReturnType<typeof accountOf>): boolean {
  if (asked.user !== listed.user) return false
  return asked.by !== listed.by || asked.domain === listed.domain
}

function answerOf(person: Person, account: string): AnswerOf<'person-of-account'> {
  const { id, name, email, department, title, manager, privileged } = person
  return { id, name, email, account, department, title, manager, privileged }
}

function staleness(listed: Listed<Person>, now: Date): string[] {
  const days = ageDays(listed.asOf, now)
  return days === null || days <= staleAfterDays ? [] : [`The list "${listed.source}" is ${days} days old.`]
}

async function health(lookups: PeopleLookups, { clock }: AskContext): Promise<Health> {
  const at = await lookups.importedAt()
  if (at === null) return { state: 'not-configured', says: 'No people list was ever imported.', lastSuccess: null }
  const days = ageDays(at, clock.now()) ?? 0
  return {
    state: days > staleAfterDays ? 'warning' : 'active',
    says: `The newest people list is ${days} days old.`,
    lastSuccess: at,
    newest: at,
  }
}

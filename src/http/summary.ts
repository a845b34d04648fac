import type { Finding } from '../model/finding.ts'
import type { AnswerOf, QuestionName } from '../model/question.ts'
import { questions } from '../model/question.ts'
import { type Outcome, outcomeTitles } from '../model/triage.ts'

/** "payroll application, owner M. Weiss": the parts of an answer that are there, in one line. */
const list = (...parts: (string | null | undefined | false)[]): string =>
  parts.filter((part) => typeof part === 'string' && part !== '').join(', ')
const times = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`

/** Past alerts may have been decided in words of before; those stand as they are. */
const outcomeWord = (outcome: string): string =>
  outcome in outcomeTitles ? outcomeTitles[outcome as Outcome] : outcome

type Say = { readonly [Q in QuestionName]: (answer: AnswerOf<Q>) => string }

const person = (answer: AnswerOf<'owner-of-host'>): string =>
  list(answer.name, answer.title, answer.department, answer.privileged === true && 'privileged account')
const asset = (answer: AnswerOf<'asset-of-host'>): string =>
  list(
    answer.name,
    answer.role,
    answer.owner !== null && `owner ${answer.owner}`,
    answer.criticality !== null && `criticality ${answer.criticality}`,
    answer.exposed === true && 'reachable from the internet',
    answer.regulatory.length > 0 && answer.regulatory.join(' and '),
  )
const sessions = (answer: AnswerOf<'sessions-of-address'>): string =>
  list(
    times(answer.count, 'record', 'records'),
    answer.first !== null && `first ${answer.first}`,
    answer.last !== null && `last ${answer.last}`,
  )

const vulnerabilities = (a: AnswerOf<'vulnerabilities-of-asset'>): string => {
  const open = a.open.map((one) => one.cve).join(', ')
  const scanned = a.scannedAt == null ? null : `last scanned ${a.scannedAt.slice(0, 10)}`
  if (a.vulnerable === null)
    return list(`${times(a.total ?? a.open.length, 'vulnerability', 'vulnerabilities')} open`, scanned)
  const patched = a.patchedAt == null ? null : `gone since ${a.patchedAt.slice(0, 10)} at the latest`
  if (a.vulnerable) {
    return list(
      a.open.length === 0 ? 'Vulnerable at that time' : `Vulnerable: ${open}`,
      patched,
      a.kev != null && `known to be exploited since ${a.kev}`,
      a.exposed === true && 'faces the internet',
      a.open[0]?.deadline != null && `due ${a.open[0].deadline}`,
      scanned,
    )
  }
  return list(
    a.open.length === 0
      ? patched === null
        ? 'No open vulnerability'
        : 'Not vulnerable then'
      : `Not to this; open: ${open}`,
    patched,
    scanned,
  )
}

const say: Say = {
  'asset-of-address': asset,
  'asset-of-host': asset,
  'business-role-of-asset': asset,
  'owner-of-host': person,
  'person-of-account': person,
  'manager-of-person': person,
  'groups-of-account': (a) =>
    a.groups.length === 0
      ? 'In no group'
      : list(
          times(a.groups.length, 'group', 'groups'),
          a.groups.some((group) => group.privileged === true) &&
            `privileged: ${a.groups
              .filter((group) => group.privileged === true)
              .map((group) => group.name)
              .join(', ')}`,
          a.more && 'and more',
        ),
  'account-state': (a) =>
    list(
      a.enabled === true && 'In use',
      a.enabled === false && 'Disabled',
      a.locked === true && 'locked',
      a.expiresAt !== null && `expires ${a.expiresAt}`,
      a.passwordChangedAt !== null && `password of ${a.passwordChangedAt}`,
      a.lastSignInAt !== null && `last sign-in ${a.lastSignInAt}`,
      a.note,
    ) || 'It exists; nothing more is known of it',
  'network-of-address': (a) =>
    a.ours ? list(`Ours: ${a.name ?? a.network ?? ''}`, a.site, a.zone) : 'Not one of our networks',
  'change-window-of-asset': (a) =>
    a.changes.length === 0
      ? 'No change was planned'
      : a.changes.map((change) => `${change.id}: ${change.title}`).join('; '),
  'vulnerabilities-of-asset': vulnerabilities,
  'sessions-between-addresses': sessions,
  'sessions-of-address': sessions,
  'logins-of-account': sessions,
  'processes-of-host': sessions,
  'hash-seen-on': sessions,
  'dns-of-host': sessions,
  'lookups-of-domain': sessions,
  'url-visited-by': sessions,
  'alerts-of-own-detections': sessions,
  'first-and-last-seen': (a) =>
    list(
      times(a.count, 'event', 'events'),
      `first ${a.first}`,
      `last ${a.last}`,
      `in ${a.sources.map((one) => one.source).join(', ')}`,
    ),
  coverage: (a) => (a.covered ? `Logs of ${a.sources.map((one) => one.source).join(', ')}` : 'No logs of that time'),
  'reputation-of-observable': (a) => list(a.verdict, a.sources.length > 0 && `by ${a.sources.join(', ')}`, a.note),
  'registration-of-domain': (a) =>
    list(
      a.registeredAt === null ? `${a.domain} is registered` : `${a.domain}, registered ${a.registeredAt.slice(0, 10)}`,
      a.registrar !== null && `at ${a.registrar}`,
      a.expiresAt !== null && `until ${a.expiresAt.slice(0, 10)}`,
      a.status.slice(0, 4).join(' and '),
    ),
  'network-owner-of-address': (a) =>
    list(
      a.organisation ?? a.name ?? a.network,
      a.asn !== null && `AS${a.asn}`,
      a.city,
      a.country,
      a.asOf !== null && `as of ${a.asOf.slice(0, 10)}`,
    ),
  'names-of-address': (a) => a.names.slice(0, 5).join(', '),
  'records-of-name': (a) =>
    list(a.addresses.slice(0, 5).join(' and '), a.texts.length > 0 && times(a.texts.length, 'text', 'texts')),
  'seen-before': (a) =>
    list(
      times(a.times, 'time before', 'times before'),
      a.lastDecision !== null && `last decided “${outcomeWord(a.lastDecision.outcome)}”: ${a.lastDecision.reason}`,
    ),
  'was-this-you': (a) =>
    list(
      { yes: 'Yes, it was me', no: 'No, it was not me', unsure: 'Not sure', 'not-me': 'This is not my account' }[
        a.answer
      ],
      a.comment,
      `by ${a.by}`,
    ),
}

/** A finding in one line: what was found, or why nothing was. */
export function summaryOf(finding: Finding): string {
  if (finding.kind === 'nothing') return 'Looked, and there is nothing.'
  if (finding.kind !== 'found') return finding.why
  const answer = questions[finding.question].answer.safeParse(finding.answer)
  if (!answer.success) return 'Answered, but not in the shape this question has.'
  return (say[finding.question] as (answer: unknown) => string)(answer.data)
}

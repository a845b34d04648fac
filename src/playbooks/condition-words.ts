import { getDomain } from 'tldts'
import type { z } from 'zod'
import type { AlertRecord } from '../db/alerts.ts'
import type { Alert } from '../model/alert.ts'
import { type Finding, FindingKind } from '../model/finding.ts'
import { type QuestionName, questionNames, questions } from '../model/question.ts'
import type { Decision, Judgement } from '../model/triage.ts'
import { listMax, textCharsMax } from './limits.ts'

/*
 * What conditions and texts of playbooks see: `alert`, `answers`, `findings`, `judgement`, `decision`, `steps`, `choices`; and `each` in the
 * `with` of a question that is asked for each of a list.
 * A text that is not known is "", a yes or no that may be unknown is "yes", "no" or "unknown". An answer that never came has
 * `found` and `kind` and nothing else: a condition that asks for more of it is unknown, neither yes nor no.
 */

/** CEL type of each word: a type name, or a map of words. */
export type WordSchema = { readonly [word: string]: string | WordSchema }

const alertSchema = {
  id: 'string',
  number: 'int',
  kind: 'string',
  provider: 'string',
  providerName: 'string',
  ticket: 'string',
  rule: 'string',
  severity: 'string',
  severityRank: 'int',
  status: 'string',
  title: 'string',
  summary: 'string',
  question: 'string',
  entity: 'string',
  host: 'string',
  account: 'string',
  source: 'string',
  destination: 'string',
  occurredAt: 'string',
  receivedAt: 'string',
  portalUrl: 'string',
  sample: 'bool',
  category: 'string',
  techniques: 'list<string>',
  first: { address: 'string', domain: 'string', url: 'string', hash: 'string', email: 'string', cve: 'string' },
  observables: 'list<map<string, string>>',
  names: 'list<map<string, string>>',
  fields: 'map<string, string>',
} as const
const judgementSchema = {
  known: 'bool',
  delivered: 'int',
  attained: 'int',
  applicable: 'int',
  risk: 'double',
  riskLevel: 'string',
  proposal: 'string',
  confidence: 'string',
  sentence: 'string',
} as const
const decisionSchema = { made: 'bool', outcome: 'string', reason: 'string', by: 'string' } as const

/** "owner-of-host" as a word of an expression: owner_of_host. */
export function wordOf(question: QuestionName): string {
  return question.replaceAll('-', '_')
}

type Kind = { readonly cel: string; readonly take: (value: unknown) => unknown }

const text = (value: unknown): string =>
  value === null || value === undefined ? '' : String(value).slice(0, textCharsMax)
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.slice(0, listMax).map(text) : [])
const yesNo = (value: unknown): string => (value === true ? 'yes' : value === false ? 'no' : 'unknown')
const row = (value: unknown): Record<string, string> =>
  typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, text(member)]))
    : {}
const rows = (value: unknown): Record<string, string>[] =>
  Array.isArray(value) ? value.slice(0, listMax).map(row) : []

/** How a field of an answer reads in an expression, by its own schema. */
function kindOf(schema: z.core.$ZodType, nullable = false): Kind {
  const { def } = schema._zod as unknown as {
    def: { type: string; innerType?: z.core.$ZodType; element?: z.core.$ZodType; check?: string; format?: string }
  }
  switch (def.type) {
    case 'nullable':
    case 'optional':
      return kindOf(def.innerType as z.core.$ZodType, true)
    case 'boolean':
      return nullable ? { cel: 'string', take: yesNo } : { cel: 'bool', take: (value) => value === true }
    case 'number':
      return nullable
        ? { cel: 'string', take: text }
        : def.format === 'safeint'
          ? { cel: 'int', take: (value) => BigInt(Math.trunc(Number(value))) }
          : { cel: 'double', take: Number }
    case 'array': {
      const inner = def.element?._zod.def.type
      return inner === 'object' || inner === 'record'
        ? { cel: 'list<map<string, string>>', take: rows }
        : { cel: 'list<string>', take: texts }
    }
    case 'object':
    case 'record':
      return { cel: 'map<string, string>', take: row }
    default:
      return { cel: 'string', take: text }
  }
}

const answerKinds = new Map<QuestionName, ReadonlyMap<string, Kind>>(
  questionNames.map((name) => [
    name,
    new Map(
      Object.entries(questions[name].answer.shape as Record<string, z.core.$ZodType>).map(([field, schema]) => [
        field,
        kindOf(schema),
      ]),
    ),
  ]),
)

const answersSchema: WordSchema = Object.fromEntries(
  questionNames.map((name) => {
    const fields = [...(answerKinds.get(name) ?? new Map<string, Kind>())].map(
      ([field, kind]) => [field, kind.cel] as const,
    )
    return [wordOf(name), { found: 'bool', kind: 'string', by: 'string', ...Object.fromEntries(fields) }]
  }),
)

/** Everything an expression may name, with its type: what it is checked against before a run. */
export const conditionSchema: WordSchema = {
  alert: alertSchema,
  answers: answersSchema,
  findings: 'list<map<string, string>>',
  judgement: judgementSchema,
  decision: decisionSchema,
  steps: 'map<string, string>',
  choices: 'map<string, string>',
  each: 'map<string, string>',
}

export type Known = {
  readonly alert: AlertRecord
  readonly findings: readonly Finding[]
  readonly judgement: Judgement | null
  readonly decision: Decision | null
  /** State of each step so far, by its path. */
  readonly steps: ReadonlyMap<string, string>
  /** What people chose in checklists so far, by the step's id. */
  readonly choices?: ReadonlyMap<string, string>
}

const severityRank: Readonly<Record<Alert['severity'], number>> = {
  unknown: 0,
  informational: 1,
  low: 2,
  medium: 3,
  high: 4,
  critical: 5,
}

/** Names under which providers say what kind of thing they saw. */
const categoryName =
  /^(?:alert |threat |incident |detection )?(?:category|tactic|kategorie|taktik|cat[eé]gorie|categor[ií]a)s?$/i

/** Observables of these types in the order of the alert, each type before the next. */
function valuesOf(alert: Alert, types: readonly string[]): string[] {
  const seen = alert.reading.observables.slice(0, listMax)
  return types.flatMap((type) => seen.filter((one) => one.type === type).map((one) => text(one.value)))
}

/**
 * Every domain name in the alert: by itself, in a web address, behind a mail address. `ours` is "yes" where it is the domain of the alert's own
 * machine or account: such a name tells about our inside and is nobody else's business.
 */
function namesIn(alert: Alert): { type: string; value: string; ours: string }[] {
  const homes = [alert.host, alert.account?.split('@')[1]].flatMap((name) => {
    const low = name?.toLowerCase().replace(/\.$/, '') ?? ''
    return low === '' ? [] : [low, ...(low.includes('.') ? [getDomain(low) ?? low] : [])]
  })
  const isHome = (name: string): boolean => homes.some((home) => name === home || name.endsWith(`.${home}`))
  const names = [
    ...valuesOf(alert, ['domain']),
    ...valuesOf(alert, ['url']).map((url) => URL.parse(url)?.hostname ?? ''),
    ...valuesOf(alert, ['email']).map((mail) => mail.split('@')[1] ?? ''),
  ].map((name) => name.toLowerCase().replace(/\.$/, ''))
  return [...new Set(names)]
    .filter((name) => isName.test(name))
    .slice(0, listMax)
    .map((value) => ({ type: 'domain', value, ours: isHome(value) ? 'yes' : 'unknown' }))
}

/** A name with a letter in its last label; an address in a URL is none. */
const isName = /\.[a-z][a-z0-9-]*$/

function alertWords({ alert }: AlertRecord) {
  const { reading } = alert
  return {
    id: alert.id,
    number: BigInt(alert.number),
    kind: alert.kind,
    provider: alert.providerId,
    providerName: text(alert.providerName),
    ticket: text(alert.ticket),
    rule: text(alert.rule),
    severity: alert.severity,
    severityRank: BigInt(severityRank[alert.severity]),
    status: text(reading.status?.value),
    title: text(alert.title),
    summary: text(reading.summary),
    question: text(reading.question?.value),
    entity: text(alert.entity),
    host: text(alert.host),
    account: text(alert.account),
    source: text(alert.source),
    destination: text(alert.destination),
    occurredAt: text(alert.occurredAt),
    receivedAt: alert.receivedAt,
    portalUrl: text(reading.portalUrl?.value),
    sample: alert.sample,
    category: text(reading.fields.find((field) => categoryName.test(field.name))?.value),
    techniques: [...new Set(valuesOf(alert, ['attack']))].map((id) => id.toUpperCase()),
    first: {
      address: valuesOf(alert, ['ipv4', 'ipv6'])[0] ?? '',
      domain: valuesOf(alert, ['domain'])[0] ?? '',
      url: valuesOf(alert, ['url'])[0] ?? '',
      hash: valuesOf(alert, ['sha256', 'sha1', 'md5'])[0] ?? '',
      email: valuesOf(alert, ['email'])[0] ?? '',
      cve: valuesOf(alert, ['cve'])[0] ?? '',
    },
    observables: reading.observables.slice(0, listMax).map(({ type, value }) => ({ type, value: text(value) })),
    names: namesIn(alert),
    fields: Object.fromEntries(reading.fields.slice(0, listMax).map((field) => [text(field.name), text(field.value)])),
  }
}

/** Found before nothing before could-not-look. */
const kindRank = new Map(FindingKind.options.map((kind, rank) => [kind, rank]))

/** The best answer to each question: a found one before any other, the latest of equals. */
function answerWords(findings: readonly Finding[]): Record<string, unknown> {
  const best = new Map<QuestionName, Finding>()
  for (const finding of findings) {
    const before = best.get(finding.question)
    if (before === undefined || (kindRank.get(finding.kind) ?? 9) <= (kindRank.get(before.kind) ?? 9))
      best.set(finding.question, finding)
  }
  return Object.fromEntries(
    questionNames.map((name) => {
      const finding = best.get(name)
      if (finding === undefined) return [wordOf(name), { found: false, kind: 'not-asked', by: '' }]
      const answer = finding.kind === 'found' ? questions[name].answer.safeParse(finding.answer) : null
      // A found answer of another shape (an older version wrote it) is no answer.
      if (answer === null || !answer.success)
        return [
          wordOf(name),
          { found: false, kind: finding.kind === 'found' ? 'failed' : finding.kind, by: finding.connector },
        ]
      const fields = [...(answerKinds.get(name) ?? [])].map(([field, kind]) => [
        field,
        kind.take((answer.data as Record<string, unknown>)[field]),
      ])
      return [wordOf(name), { found: true, kind: 'found', by: finding.connector, ...Object.fromEntries(fields) }]
    }),
  )
}

/** The first field of each question by its schema: the record gives the fields of an ask back in an order of its own. */
const aboutField = new Map(questionNames.map((name) => [name, Object.keys(questions[name].ask.shape)[0] ?? '']))

/**
 * One finding as texts: what was asked, of whom, how it came out, `about` (the first field of the ask) and, where something was found,
 * the fields of the answer: `findings.exists(f, f.about == alert.source && has(f.ours) && f.ours == "false")`.
 */
function findingWords({ question, connector, kind, why, ask, answer }: Finding): Record<string, string> {
  const fields = kind === 'found' ? row(answer) : {}
  return { ...fields, question, connector, kind, why: text(why), about: text(ask[aboutField.get(question) ?? '']) }
}

/** The words, for a condition: whole numbers are bigint, as CEL wants them. */
export function wordsFor(known: Known): Record<string, unknown> {
  const { judgement, decision } = known
  return {
    alert: alertWords(known.alert),
    answers: answerWords(known.findings),
    findings: known.findings.slice(-listMax).map(findingWords),
    judgement: {
      known: judgement !== null,
      delivered: BigInt(judgement?.fidelity.delivered ?? 0),
      attained: BigInt(judgement?.fidelity.attained ?? 0),
      applicable: BigInt(judgement?.fidelity.applicable ?? 0),
      risk: judgement?.risk.score ?? 0,
      riskLevel: judgement?.risk.level ?? '',
      proposal: judgement?.proposal.outcome ?? '',
      confidence: judgement?.proposal.confidence ?? '',
      sentence: judgement?.sentence ?? '',
    },
    decision: {
      made: decision !== null,
      outcome: decision?.outcome ?? '',
      reason: text(decision?.reason),
      by: decision?.by ?? '',
    },
    steps: Object.fromEntries(known.steps),
    choices: Object.fromEntries(known.choices ?? []),
  }
}

/** The same words for a text template: whole numbers are plain numbers. */
export function wordsForText(known: Known): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(wordsFor(known), (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
  ) as Record<string, unknown>
}

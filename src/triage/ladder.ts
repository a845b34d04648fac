import type { Alert } from '../model/alert.ts'
import type { Finding, FindingKind } from '../model/finding.ts'
import { sourceWords } from '../model/house-connectors.ts'
import { type QuestionName, questions, type Rung, rungs } from '../model/question.ts'
import type { LadderRung } from '../model/triage.ts'
import { isReadable } from './answers.ts'

/**
 * Which state a rung has when its findings disagree: the first of these that any of them has.
 * Whoever looked counts before whoever could not: a failed look-up takes nothing away from an answer (so it never lowers
 * fidelity), and it is named in `says` beside the answer. It comes before `not-collected`, because trying again may help.
 * `nothing` needs somebody who looked; `not-applicable` needs everybody to agree.
 */
const precedence = [
  'found',
  'nothing',
  'failed',
  'not-collected',
  'not-applicable',
] as const satisfies readonly FindingKind[]

/** The six rungs, each with its state, who filled it and what it says. Pure. */
export function makeLadder(alert: Alert, findings: readonly Finding[]): readonly LadderRung[] {
  return rungs.map((rung) =>
    makeRung(
      rung,
      alert,
      findings.filter((finding) => questions[finding.question].rung === rung),
    ),
  )
}

function makeRung(rung: Rung, alert: Alert, findings: readonly Finding[]): LadderRung {
  const delivered = deliveredBecause(rung, alert)
  const counted = findings.filter((finding) => !standBeside.has(finding.question))
  const asked = precedence.find((kind) => counted.some((finding) => kindOf(finding) === kind))
  const state: FindingKind = delivered === null ? (asked ?? 'not-collected') : 'found'
  const ours = asked === 'found' || asked === 'nothing'
  const known = delivered !== null || ours
  const says = [delivered, ...saysOf(findings, known)].filter((part) => part !== null)
  return {
    rung,
    state,
    supplier: delivered !== null ? 'provider' : ours ? 'us' : 'nobody',
    delivered: delivered !== null,
    says: says.length > 0 ? says.join(' ') : silent(rung, alert),
    findingIds: findings.map((finding) => finding.id),
  }
}

/** An answer that cannot be read counts as failed: it is not known what was found. */
function kindOf(finding: Finding): FindingKind {
  return isReadable(finding) ? finding.kind : 'failed'
}

/**
 * "We decided this before" tells about our memory, and "this address is ours" about a network: both are shown beside the business role,
 * and neither says what the asset is for. Whose network an address is in, and what DNS and registries say of a name, tell nothing of what
 * the provider saw. So they leave the rung as empty as it was.
 */
const standBeside: ReadonlySet<QuestionName> = new Set([
  'seen-before',
  'network-of-address',
  'registration-of-domain',
  'network-owner-of-address',
  'names-of-address',
  'records-of-name',
])

/** Does an answer to this question fill its rung? Some stand beside it. */
export function fillsRung(question: QuestionName): boolean {
  return !standBeside.has(question)
}

function deliveredBecause(rung: Rung, alert: Alert): string | null {
  const shown = alert.reading.delivered.find((line) => line.rung === rung)
  if (shown !== undefined) return `Delivered: ${stop(shown.because)}`
  if (rung === 'provider-alert' && alert.kind === 'alert')
    return `Delivered: ${alert.providerName} says "${alert.title}".`
  return null
}

function silent(rung: Rung, alert: Alert): string {
  if (rung === 'provider-alert')
    return `No reader understood the message of ${alert.providerName}: a person must read it.`
  return 'Nobody was asked.'
}

/**
 * Sentences, best first. Who answered is named once; what could not be asked is told only where nothing else fills the rung (the findings
 * below it have it all). A failure is always told, but where the same source answered the same question after all.
 */
function saysOf(findings: readonly Finding[], known: boolean): readonly string[] {
  const answered = new Set(findings.filter((finding) => ['found', 'nothing'].includes(kindOf(finding))).map(sourceOf))
  const found = [...new Set(findings.filter((one) => kindOf(one) === 'found').map(({ connector }) => connector))]
  const untold: readonly FindingKind[] = known ? ['not-collected', 'not-applicable'] : []
  const told = (['nothing', 'failed', 'not-collected', 'not-applicable'] as const).filter(
    (kind) => !untold.includes(kind),
  )
  const rest = told.flatMap((kind) => {
    const these = findings.filter(
      (finding) => kindOf(finding) === kind && (kind !== 'failed' || !answered.has(sourceOf(finding))),
    )
    return [...new Set(these.map((finding) => says(kind, finding)))]
  })
  return [...(found.length === 0 ? [] : [`Answered by ${found.map(sourceWords).join(', ')}.`]), ...rest]
}

function sourceOf(finding: Finding): string {
  return `${finding.question}\n${finding.connector}\n${JSON.stringify(finding.ask)}`
}

function says(kind: Exclude<FindingKind, 'found'>, finding: Finding): string {
  const question = questions[finding.question].title
  switch (kind) {
    case 'nothing':
      return finding.question === 'seen-before'
        ? 'Never decided before.'
        : `${question} ${sourceWords(finding.connector)} looked: nothing there.`
    case 'failed':
      return `${question} ${sourceWords(finding.connector)} could not look: ${stop(finding.why || 'its answer could not be read')}`
    case 'not-collected':
      return `${question} Not collected: ${stop(finding.why || 'nobody can answer that here')}`
    case 'not-applicable':
      return `${question} Not applicable: ${stop(finding.why || 'the alert does not name it')}`
  }
}

function stop(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

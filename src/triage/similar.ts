import type { Likeness } from '../model/triage.ts'

/** What an alert is compared by. `question` is what the provider asks without the names of the case (0018-alert.sql). */
export type Traits = {
  readonly rule: string | null
  readonly entity: string | null
  readonly question: string | null
  readonly account: string | null
}

/** A decided alert that shares at least one trait or observable with the one at hand. */
export type PastCase = Traits & {
  readonly id: string
  readonly number: number
  readonly decidedAt: string
  /** Rare observables that both name. */
  readonly observables: readonly string[]
}

export type Similar = { readonly past: PastCase; readonly because: readonly Likeness[]; readonly score: number }

/**
 * What each likeness counts. The rule says what happened, the entity where: an alert that shares both is the same question again and comes
 * first whatever else another shares (15 against at most 14). Up to two observables count: a mail names many parts of one thing.
 */
const weights = { rule: 8, entity: 7, question: 2, account: 2, observable: 1 } as const
const observablesCountedMax = 2
/** One shared observable alone is a coincidence more often than not. */
const scoreMin = 2

/** Similar past alerts, best first: by score, then the newest decision, then the higher number. Pure: the same record, the same order. */
export function rankSimilar(alert: Traits, cases: readonly PastCase[], shownMax: number): readonly Similar[] {
  return cases
    .map((past) => ({ past, because: likenessOf(alert, past) }))
    .map((one) => ({ ...one, score: scoreOf(one.because) }))
    .filter((one) => one.score >= scoreMin)
    .toSorted(
      (a, b) =>
        b.score - a.score ||
        Date.parse(b.past.decidedAt) - Date.parse(a.past.decidedAt) ||
        b.past.number - a.past.number,
    )
    .slice(0, shownMax)
}

function likenessOf(alert: Traits, past: PastCase): Likeness[] {
  const same = (kind: 'rule' | 'entity' | 'question' | 'account'): Likeness[] => {
    const value = alert[kind]
    const is = value !== null && value.toLowerCase() === past[kind]?.toLowerCase()
    return is ? [{ kind, value }] : []
  }
  // The subject and the account stand among the observables, too.
  const told = new Set([alert.entity?.toLowerCase(), alert.account?.toLowerCase()])
  const observables = past.observables
    .filter((value) => !told.has(value.toLowerCase()))
    .map((value): Likeness => ({ kind: 'observable', value }))
  return [...same('rule'), ...same('entity'), ...same('question'), ...same('account'), ...observables]
}

function scoreOf(because: readonly Likeness[]): number {
  const observables = because.filter(({ kind }) => kind === 'observable').length
  const traits = because.reduce((sum, { kind }) => sum + (kind === 'observable' ? 0 : weights[kind]), 0)
  return traits + Math.min(observables, observablesCountedMax) * weights.observable
}

import type { AlertRecord } from '../../db/alerts.ts'
import type { ExpectationScope, MatchKind } from '../../model/expectation.ts'
import type { Finding } from '../../model/finding.ts'
import { type QuestionName, questionNames, questions } from '../../model/question.ts'
import { isInScope } from '../../triage/expectation.ts'
import { wordOf, wordsFor } from '../condition-words.ts'
import { checkCondition, evaluate } from '../conditions.ts'

/** A judgement follows from expectations, so a condition cannot rest on it; and there is no run here. */
const elsewhere = /\b(?:judgement|decision|steps|choices|each)\s*[.[]/

/** What is wrong with the condition of an expectation, in words; null when it can be held against alerts. */
export function problemOfCondition(condition: string): string | null {
  if (condition === '') return null
  const found = elsewhere.exec(condition)
  if (found !== null) return `${found[0].slice(0, -1)} is not known here; use alert, answers and findings`
  const checked = checkCondition(condition, 'bool')
  return checked.ok ? null : checked.problem
}

/** Questions that a condition names. */
export function questionsIn(condition: string): readonly QuestionName[] {
  const named = new Set([...condition.matchAll(/\banswers\s*\.\s*([a-z_]+)/g)].map((match) => match[1]))
  return questionNames.filter((name) => named.has(wordOf(name)))
}

type Expected = { readonly scope: ExpectationScope; readonly condition: string }
export type Matched = { readonly kind: MatchKind; readonly why: string }

/**
 * Holds one alert against an expectation; null when it is out of its scope. "Could not look" is never a yes: each question the condition
 * names must have been answered, and where it walks over all findings none of them may have failed.
 */
export function matchOf(expected: Expected, record: AlertRecord, findings: readonly Finding[]): Matched | null {
  if (!isInScope(expected.scope, record.alert)) return null
  const { condition } = expected
  if (condition === '') return { kind: 'holds', why: '' }
  for (const name of questionsIn(condition)) {
    const kinds = findings.filter(({ question }) => question === name).map(({ kind }) => kind)
    if (kinds.includes('found') || kinds.includes('nothing')) continue
    const state =
      kinds.length === 0
        ? 'nobody has asked yet'
        : kinds.includes('failed')
          ? 'it failed'
          : 'it is not collected or does not apply'
    return { kind: 'unknown', why: `${questions[name].title} Could not look: ${state}.` }
  }
  if (/\bfindings\b/.test(condition)) {
    const failed = findings.find(({ kind }) => kind === 'failed')
    if (failed !== undefined) return { kind: 'unknown', why: `${questions[failed.question].title} It failed.` }
  }
  const words = wordsFor({ alert: record, findings, judgement: null, decision: null, steps: new Map() })
  const answer = evaluate(condition, words)
  if (answer.kind === 'unknown') return { kind: 'unknown', why: answer.why }
  return answer.value === true
    ? { kind: 'holds', why: '' }
    : { kind: 'contradicted', why: 'Its condition does not hold.' }
}

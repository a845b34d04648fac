import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Finding } from '../model/finding.ts'
import { questions } from '../model/question.ts'
import { sampleAlert, sampleAsset, sampleFinding } from './evidence.sample.ts'
import { judge } from './judge.ts'
import { turningPoints } from './turning-points.ts'

const now = new Date('2026-11-02T09:06:00.000Z')
const evidence = (findings: readonly Finding[]) => ({ alert: sampleAlert(), findings, history: [], now })
const points = (findings: readonly Finding[]) => turningPoints(evidence(findings))

test('the word of the owner turns an alert about which nothing is known, both ways, and is the next best question', () => {
  const asset = sampleAsset({ owner: 'Ada Meyer', criticality: 'high' })
  const [first, ...rest] = points([sampleFinding('asset-of-host', 'found', { answer: asset })])
  expect(first).toEqual({
    question: 'was-this-you',
    title: questions['was-this-you'].title,
    rung: 'identity-owner',
    turns: [
      { when: 'Ada Meyer says it was them', outcome: 'false-alarm-benign' },
      { when: 'Ada Meyer says it was not them', outcome: 'incident' },
    ],
  })
  expect(rest.map((one) => one.question)).toContain('change-window-of-asset')
})

test('a question that somebody answered is not asked again, one that failed or was not collected is', () => {
  const asked = (kind: Finding['kind']) =>
    points([sampleFinding('sessions-between-addresses', kind)]).map((one) => one.question)
  expect(asked('nothing')).not.toContain('sessions-between-addresses')
  expect(asked('failed')).toContain('sessions-between-addresses')
  expect(asked('not-collected')).toContain('sessions-between-addresses')
})

test('what is said to turn the proposal does turn it, whatever is known', () => {
  const kinds = fc.constantFrom('nothing', 'failed', 'not-collected', 'not-applicable')
  const questionsAsked = fc.constantFrom(
    'sessions-between-addresses',
    'vulnerabilities-of-asset',
    'change-window-of-asset',
  )
  const some = fc.array(fc.tuple(questionsAsked, kinds), { maxLength: 4 })
  fc.assert(
    fc.property(some, (list) => {
      const findings = list.map(([question, kind]) => sampleFinding(question as 'was-this-you', kind as 'failed'))
      const proposed = judge(evidence(findings)).proposal.outcome
      const found = points(findings)
      expect(found.length).toBeGreaterThan(0)
      for (const { turns } of found) {
        expect(turns.length).toBeGreaterThan(0)
        for (const { outcome } of turns) expect(outcome).not.toBe(proposed)
      }
      expect(points(findings)).toEqual(found)
    }),
  )
})

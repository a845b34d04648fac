import { expect, test } from 'vitest'
import { type PastCase, rankSimilar, type Traits } from './similar.ts'

const alert: Traits = {
  rule: 'Beaconing',
  entity: 'fin-app02',
  question: 'was this sign in of # planned',
  account: 'mweiss',
}
let number = 0
const past = (changes: Partial<PastCase>): PastCase => {
  number += 1
  const none = { rule: null, entity: null, question: null, account: null, observables: [] }
  return { id: `case-${number}`, number, decidedAt: '2026-10-01T08:00:00.000Z', ...none, ...changes }
}
const order = (...cases: PastCase[]) => rankSimilar(alert, cases, 10).map((one) => one.past.id)

test('the same rule about the same thing comes before everything else that another could share', () => {
  const exact = past({ rule: 'beaconing', entity: 'FIN-APP02', decidedAt: '2025-01-01T00:00:00.000Z' })
  const rest = {
    question: alert.question,
    account: 'mweiss',
    observables: ['203.0.113.9', '203.0.113.8', '203.0.113.7'],
  }
  const almost = [past({ rule: 'Beaconing', ...rest }), past({ entity: 'fin-app02', ...rest })]
  expect(order(...almost, exact)[0]).toBe(exact.id)
})

test('each says why it is similar, and what only one hint ties to it is left out', () => {
  const coincidence = past({ observables: ['203.0.113.9'] })
  const asked = past({ question: alert.question })
  const found = rankSimilar(alert, [coincidence, asked, past({ rule: 'Another', entity: 'elsewhere' })], 10)
  expect(found).toEqual([{ past: asked, score: 2, because: [{ kind: 'question', value: alert.question }] }])
})

test('of two as similar the newer decision comes first, then the higher number; never more than asked for', () => {
  const older = past({ rule: 'Beaconing', decidedAt: '2026-01-01T00:00:00.000Z' })
  const one = past({ rule: 'Beaconing' })
  const two = past({ rule: 'Beaconing' })
  expect(order(older, one, two)).toEqual([two.id, one.id, older.id])
  expect(rankSimilar(alert, [older, one, two], 2)).toHaveLength(2)
})

test('what is not known on either side is never a likeness', () => {
  const nothing: Traits = { rule: null, entity: null, question: null, account: null }
  expect(rankSimilar(nothing, [past({}), past({ rule: 'Beaconing' })], 10)).toEqual([])
})

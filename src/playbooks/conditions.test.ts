import { expect, test } from 'vitest'
import { questionNames } from '../model/question.ts'
import { conditionSchema, wordOf } from './condition-words.ts'
import { checkCondition, evaluate } from './conditions.ts'
import { listMax } from './limits.ts'

const observables = Array.from({ length: listMax }, (_, n) => ({
  type: 'domain',
  value: `${'a'.repeat(200)}-${n}.example`,
}))
const words = {
  alert: { title: 'a'.repeat(2000), severity: 'high', severityRank: 4n, host: '', observables },
  answers: {
    seen_before: { found: false, kind: 'failed', by: 'past-alerts' },
    person_of_account: { found: true, kind: 'found', by: 'list', privileged: 'yes' },
  },
  findings: [{ question: 'seen-before', kind: 'failed', connector: 'x', why: '', about: '' }],
  judgement: { risk: 12.5, attained: 3n },
  decision: { made: false },
  steps: { wait: 'timed-out' },
}

test.each([
  ['alert.severityRank >= 4 && alert.severity == "high"', true],
  ['answers.person_of_account.privileged == "yes"', true],
  ['judgement.risk > 10.0 || judgement.attained == 3', true],
  ['steps["wait"] == "timed-out"', true],
  ['findings.exists(f, f.kind == "failed")', true],
  ['re2(alert.title, "^a+$")', true],
  ['alert.host == "" ? "nobody" : alert.host', 'nobody'],
  ['alert.severityRank + 1', 5],
])('%s', (text, value) => {
  expect(checkCondition(text, 'any')).toEqual({ ok: true })
  expect(evaluate(text, words)).toEqual({ kind: 'value', value })
})

test('an answer that never came makes a condition unknown, neither yes nor no', () => {
  expect(evaluate('answers.seen_before.times == 0', words)).toMatchObject({ kind: 'unknown' })
  expect(evaluate('!(answers.seen_before.times == 0)', words)).toMatchObject({ kind: 'unknown' })
  expect(evaluate('answers.seen_before.found && answers.seen_before.times == 0', words)).toEqual({
    kind: 'value',
    value: false,
  })
  expect(evaluate('answers.seen_before.times == 0 || alert.severity == "high"', words)).toEqual({
    kind: 'value',
    value: true,
  })
})

test.each([
  ['alert.nope == "x"', 'No such key: nope'],
  ['alert.severity > 3', 'no such overload'],
  ['nobody.knows', 'Unknown variable'],
  ['alert.severity', 'not yes or no'],
  ['alert.title.matches("(a+)+$")', 're2'],
  ['matches(alert.title, "a")', 're2'],
  ['re2(alert.title, alert.severity)', 'in quotes'],
  ['re2(alert.title, "(")', 'not one'],
  ['alert.observables.exists(a, alert.observables.exists(b, a.value == b.value))', 'inside another'],
  ['alert.title.split("").size() > 1', 'not known here'],
  ['cel.bind(x, alert.title + alert.title, x != "")', 'not known here'],
  [`${Array.from({ length: 300 }, () => 'true').join(' && ')}`, 'AST'],
  ['alert.title ==', ''],
])('refused before a run: %s', (text, problem) => {
  const checked = checkCondition(text, 'bool')
  expect(checked.ok).toBe(false)
  if (!checked.ok) expect(checked.problem.toLowerCase()).toContain(problem.toLowerCase())
})

test('the dearest condition that is let through takes less than 50 ms', () => {
  const inside = Array.from({ length: 20 }, (_, n) => `re2(o.value, "(a|b)*${n}x")`).join(' || ')
  const text = `alert.observables.exists(o, ${inside})`
  expect(checkCondition(text, 'bool')).toEqual({ ok: true })
  evaluate(text, words)
  const times = Array.from({ length: 3 }, () => {
    const began = process.cpuUsage()
    expect(evaluate(text, words).kind).toBe('value')
    const used = process.cpuUsage(began)
    return (used.user + used.system) / 1000
  })
  expect(Math.min(...times)).toBeLessThan(50)
})

test('every question the house may ask has its word, with the type of each field', () => {
  const answers = conditionSchema['answers'] as Record<string, Record<string, string>>
  expect(Object.keys(answers)).toEqual(questionNames.map(wordOf))
  expect(answers['seen_before']).toMatchObject({
    found: 'bool',
    times: 'int',
    first: 'string',
    outcomes: 'map<string, string>',
  })
  expect(answers['network_of_address']).toMatchObject({ ours: 'bool' })
  expect(answers['business_role_of_asset']).toMatchObject({
    exposed: 'string',
    criticality: 'string',
    regulatory: 'list<string>',
  })
})

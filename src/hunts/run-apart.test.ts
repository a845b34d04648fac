import { expect, test } from 'vitest'
import { Trouble } from '../kit/errors.ts'
import { compileRules, type Rule } from '../lake/sigma/compile.ts'
import { readRules } from '../lake/sigma/read.ts'
import type { SigmaRun } from '../lake/sigma/run.ts'
import { runApart } from './run-apart.ts'

const texts = Array.from(
  { length: 7 },
  (_, at) => `title: Rule ${at}
id: 00000000-0000-4000-8000-00000000000${at}
logsource: { product: linux }
detection:
  words: [word${at}]
  condition: words
`,
)
const { rules } = compileRules(texts.flatMap((text, at) => readRules(text, `rule-${at}.yml`).documents))

/** A run that says which rules it was given, and stops where one of them is too dear. */
function runWith(dear: readonly string[], asked: string[][]): (rules: readonly Rule[]) => Promise<SigmaRun> {
  return async (some) => {
    const titles = some.map(({ rule }) => rule.title)
    asked.push(titles)
    if (titles.some((title) => dear.includes(title))) throw new Trouble('lake.too-costly', { reason: 'memory' })
    const hits = some.map(({ rule }) => ({ rule, count: 1, first: '', last: '', events: [], groups: [] }))
    return { hits, notRun: [], eventsInWindow: 10, candidates: some.length }
  }
}

test('rules that nobody can afford are named, and all others look once', async () => {
  const asked: string[][] = []
  const run = await runApart(rules, runWith(['Rule 2', 'Rule 6'], asked))
  expect(run.hits.map(({ rule }) => rule.title)).toEqual(['Rule 0', 'Rule 1', 'Rule 3', 'Rule 4', 'Rule 5'])
  expect(run.notRun.map(({ rule, why }) => [rule.title, why])).toEqual([
    ['Rule 2', 'stopped: it would have used more than one query may (memory)'],
    ['Rule 6', 'stopped: it would have used more than one query may (memory)'],
  ])
  expect(run.eventsInWindow).toBe(10)
  expect(asked.length).toBeLessThan(2 * rules.length)
})

test('rules that can be afforded run together', async () => {
  const asked: string[][] = []
  expect((await runApart(rules, runWith([], asked))).hits).toHaveLength(7)
  expect(asked).toHaveLength(1)
})

test('an engine that does not answer is no matter of a rule', async () => {
  const away = async (): Promise<SigmaRun> => {
    throw new Trouble('lake.unreachable', {})
  }
  await expect(runApart(rules, away)).rejects.toMatchObject({ code: 'lake.unreachable' })
})

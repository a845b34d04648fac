import { beforeAll, expect, test } from 'vitest'
import { freshOpenLake } from '../../../test/lake.ts'
import { fixedClock } from '../../kit/clock.ts'
import type { LogParser } from '../../model/log-parser.ts'
import type { Lake } from '../open.ts'
import { loadLogParsers } from '../parse/parser-files.ts'
import { Binder } from './binder.ts'
import { conditionOf } from './condition.ts'
import { matchesIn } from './matching.ts'

/** Conditions in one statement. */
const atOnce = 40
let lake: Lake
let parsers: readonly LogParser[]

/** Lines in which a value stands in another way than it is read. */
const awkward: Readonly<Record<string, readonly string[]>> = {
  'generic-json': [
    String.raw`{"plain":"abcdef","escaped":"ab\u0063def","slash":"a\/b\/cdef","half":"abc\ud800def","n":1.50,"big":1e10,"long":123456789012345678901234,"in":{"a": [1.0, "two words"]}}`,
  ],
  'generic-kv': [`one=abc two="x; y" three='quoted value' four=a=b`],
}

beforeAll(async () => {
  parsers = await loadLogParsers()
  ;({ lake } = await freshOpenLake({ clock: fixedClock('2026-11-23T12:00:00.000Z') }))
  for (const { id, samples } of parsers)
    for (const { line, header } of [...samples, ...(awkward[id] ?? []).map((one) => ({ line: one, header: '' }))])
      await lake.take({ source: id, peer: '', position: null, lines: [Buffer.from(line)], header })
  await lake.settle()
}, 120_000)

test('what a line is looked through for first hides no event: every field of every sample is found by its value, and by a part of it', async () => {
  // Taken apart once, for some thousand questions.
  await lake.engine.command('CREATE TABLE taken_apart ENGINE = Memory AS SELECT raw, split, fields FROM events')
  const rows = await lake.engine.rows<{ name: string; value: string }>(
    `SELECT DISTINCT name, value FROM taken_apart ARRAY JOIN mapKeys(fields) AS name, mapValues(fields) AS value
     WHERE value != '' AND length(value) < 200 ORDER BY cityHash64(name, value)`,
  )
  expect(rows.length).toBeGreaterThan(1_000)
  const wanted = rows.flatMap(({ name, value }) => {
    const middle = value.slice(Math.floor(value.length / 4), Math.ceil((value.length * 3) / 4))
    return [{ name, pieces: [value] }, ...(middle.length > 2 ? [{ name, pieces: ['', middle, ''] }] : [])]
  })
  const wrong: string[] = []
  let found = 0
  for (let at = 0; at < wanted.length; at += atOnce) {
    const some = wanted.slice(at, at + atOnce)
    const binder = new Binder()
    const counts = some.map(({ name, pieces }) => {
      const looked = conditionOf(
        { kind: 'field', field: `fields.${name}`, match: { kind: 'is', pattern: { pieces } }, at: 0 },
        binder,
      )
      return `(countIf(${looked}), countIf(${matchesIn(`fields[${binder.bind(name, 'String')}]`, { pieces }, binder)}))`
    })
    const [row] = await lake.engine.rows<{ counts: readonly (readonly [number, number])[] }>(
      `SELECT [${counts.join(', ')}] AS counts FROM taken_apart`,
      binder.params,
    )
    for (const [place, [looked, plain]] of (row?.counts ?? []).entries())
      if (looked !== plain) wrong.push(`${JSON.stringify(some[place])}: ${looked} instead of ${plain}`)
      else if (plain > 0) found += 1
  }
  expect(found).toBeGreaterThan(1_000)
  expect(wrong).toEqual([])
}, 120_000)

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseRig } from '../../../test/parse.ts'
import type { LogParser } from '../../model/log-parser.ts'
import { againBytesMax, eventsSql, readSplits, splitId } from './fields-again.ts'
import { layered } from './layers.ts'
import { loadLogParsers } from './parser-files.ts'
import { takenBy } from './split.ts'

let parsers: readonly LogParser[]
let rig: Awaited<ReturnType<typeof parseRig>>
beforeAll(async () => {
  parsers = await loadLogParsers()
  rig = await parseRig(parsers)
})
afterAll(() => rig.close())

/** The fields as the load's own layers take them out of what is stored, beside those of `events`: how many lines differ, and how many there are. */
async function compared(parser: LogParser): Promise<{ readonly lines: number; readonly other: number }> {
  const { layers, fields } = takenBy(parser.split)
  const lines = `SELECT load, line, header, if(isValidUTF8(raw), substring(raw, body_at), toValidUTF8(substring(raw, body_at))) AS body
    FROM stored_events WHERE parser = '${parser.id}'`
  const before = `SELECT load, line, ${fields} AS fields_before FROM (${layered(lines, layers)})`
  const now = eventsSql(new Map([[splitId(parser.split), parser.split]]))
  const [row] = await rig.rows(
    `SELECT count() AS lines, countIf(toString(fields) != toString(fields_before)) AS other
     FROM (SELECT load, line, fields FROM (${now}) WHERE parser = '${parser.id}') AS a JOIN (${before}) AS b USING (load, line)`,
  )
  return { lines: Number(row?.['lines']), other: Number(row?.['other']) }
}

test('the fields of a stored line are those that the load took out of it, whatever was made of the line on its way', async () => {
  const twisted = parsers.flatMap((parser) =>
    parser.samples.flatMap(({ line, header }) => {
      const edits = fc.sample(
        fc.record({
          at: fc.nat(line.length),
          text: fc.oneof(
            fc.constantFrom(
              '"',
              '""',
              '\\',
              '\\u0041',
              '=',
              '|',
              ',',
              ';',
              '\t',
              ' ',
              '{',
              '}',
              '<',
              '&amp;',
              'é',
              '€',
              '\u001f',
            ),
            fc.string({ maxLength: 4 }),
          ),
        }),
        { numRuns: 2, seed: line.length },
      )
      const lines = edits.map(({ at, text }) => line.slice(0, at) + text + line.slice(at))
      return [line, ...lines, `${line.slice(0, -3)}\uD83D`].map((one) => ({ line: one, header, source: parser.id }))
    }),
  )
  // Bytes that are no UTF-8 as well.
  const torn = twisted.map(({ line, ...more }) => ({
    ...more,
    line: Buffer.concat([Buffer.from(line), Buffer.from([0xff, 0xc3])]),
  }))
  await rig.read([...twisted, ...torn], {
    sources: parsers.map(({ id }) => ({ id, parser: id, timeZone: 'UTC' })),
  })
  const differing: string[] = []
  for (const parser of parsers) {
    const { lines, other } = await compared(parser)
    expect(lines, parser.id).toBeGreaterThan(0)
    if (other > 0) differing.push(`${parser.id}: ${other} of ${lines}`)
  }
  expect(differing).toEqual([])
}, 120_000)

test('a line that is too long to be taken apart again keeps its fields', async () => {
  const long = `{"a":"${'x'.repeat(againBytesMax)}","b":"short"}`
  const [read] = await rig.read([{ line: long, source: 'generic-json' }])
  expect(read?.event).toMatchObject({ split: '', fields: { b: 'short' } })
})

test('a split that a later version has kept is said, not passed over', () => {
  expect(() => readSplits([{ id: 'toml-1', json: '{"kind":"toml"}' }])).toThrow('state.conflict')
})

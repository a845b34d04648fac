import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadSignatures, ownParsers, readParserFiles } from '../src/lake/parse/parser-files.ts'
import { parseRig, type ReadLine, valueAt } from './parse.ts'

const files = await readParserFiles([ownParsers])
const parsers = files.flatMap(({ parser }) => parser ?? [])

describe('every log parser that comes along', () => {
  let rig: Awaited<ReturnType<typeof parseRig>>
  const read = new Map<string, readonly ReadLine[]>()

  beforeAll(async () => {
    rig = await parseRig(parsers, await loadSignatures())
    // All samples of all parsers in one load, as a real one comes: nobody may take another's lines.
    const samples = parsers.flatMap((parser) => parser.samples.map((sample) => ({ parser, sample })))
    const lines = await rig.read(samples.map(({ sample }) => ({ line: sample.line, header: sample.header })))
    for (const [at, { parser }] of samples.entries())
      read.set(parser.id, [...(read.get(parser.id) ?? []), lines[at] as ReadLine])
  }, 120_000)
  afterAll(() => rig.close())

  test('there are parsers, and each file is valid', () => {
    expect(files.length).toBeGreaterThan(10)
    expect(
      files.flatMap(({ file, issues }) =>
        issues.map((issue) => `${file}:${issue.line} ${issue.where} ${issue.problem}`),
      ),
    ).toEqual([])
  })

  describe.each(parsers.map((parser) => [parser.id, parser] as const))('%s', (id, parser) => {
    test.each(parser.samples.map((sample, at) => [at, sample] as const))('reads sample %i', (at, sample) => {
      const line = read.get(id)?.[at] as ReadLine
      expect({ parser: line.header['parser'], line: sample.line }).toEqual({ parser: id, line: sample.line })
      const got = Object.fromEntries(Object.keys(sample.expect).map((place) => [place, valueAt(line, place)]))
      expect(got).toEqual(sample.expect)
    })

    test('its samples fill most of the columns that it maps', () => {
      // What a parser takes from another is shown by that one's samples.
      const filled = parser.like === undefined ? Object.keys(parser.map) : []
      const empty = (line: ReadLine, place: string): boolean => ['', '0'].includes(String(valueAt(line, place)))
      const never = filled.filter((place) => (read.get(id) ?? []).every((line) => empty(line, place)))
      // A mapping whose column stays empty in every sample is one that nobody has seen work; a few rare ones are let pass.
      expect(never.length, `never filled: ${never.join(', ')}`).toBeLessThanOrEqual((filled.length * 2) / 3)
    })
  })
})

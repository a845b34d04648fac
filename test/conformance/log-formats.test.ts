import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadLogParsers } from '../../src/lake/parse/parser-files.ts'
import { parseRig, type ReadLine, valueAt } from '../parse.ts'
import { corpus, crowdSecPairs, type Expected, ocsfPairs, type Pair, secOpsPairs } from './log-pairs.ts'

// Real lines of three projects and what they say must come of them, beside the checkout and never copied into it.
const here = existsSync(corpus)
if (!here) process.stderr.write('conformance of log formats: passed over, no corpus beside the checkout\n')

/** Some examples drop the fraction of a second, or have the time of the header, a second after the event's own. */
const apartMsMax = 1_000

function holds(line: ReadLine, { path, value, by }: Expected): boolean {
  const read = valueAt(line, path)
  const said = String(value)
  if (by === 'end') return String(read).endsWith(said)
  if (path === 'time') {
    const [ours, theirs] = [new Date(String(read)), new Date(said)]
    if (by === 'moment-without-year') theirs.setUTCFullYear(ours.getUTCFullYear())
    return Math.abs(ours.getTime() - theirs.getTime()) <= apartMsMax
  }
  // Hosts, protocols and digests are kept in lower case; a domain's last dot is no part of it.
  const meant = path.endsWith('hostname') ? said.replace(/\.$/, '') : said
  return String(read).toLowerCase() === meant.toLowerCase()
}

type Tally = { lines: number; recognised: number; values: number; right: number; readonly missed: string[] }

async function tallyOf(rig: Awaited<ReturnType<typeof parseRig>>, pairs: readonly Pair[]): Promise<Tally> {
  const read = await rig.read(pairs.map((pair) => pair.line))
  const tally: Tally = { lines: 0, recognised: 0, values: 0, right: 0, missed: [] }
  pairs.forEach((pair, at) => {
    const line = read[at]
    if (line === undefined) throw new Error(`${pair.name} was not stored`)
    const parser = String(line.header['parser'])
    if (pair.parsers.length === 0) {
      tally.missed.push(`${pair.name}: no parser is meant for it; read by "${parser}"`)
      return
    }
    tally.lines += 1
    if (pair.parsers.includes(parser)) tally.recognised += 1
    else tally.missed.push(`${pair.name}: read by "${parser}", not by ${pair.parsers.join(' or ')}`)
    for (const expected of pair.expected) {
      tally.values += 1
      if (holds(line, expected)) tally.right += 1
      else
        tally.missed.push(
          `${pair.name}: ${expected.path} is ${JSON.stringify(valueAt(line, expected.path))}, not ${JSON.stringify(expected.value)}`,
        )
    }
  })
  return tally
}

const percent = (part: number, whole: number): number => (100 * part) / whole

function report(name: string, tally: Tally): void {
  const words = [
    `${name}: ${tally.recognised} of ${tally.lines} lines by their own parser (${percent(tally.recognised, tally.lines).toFixed(1)} %)`,
    `${tally.right} of ${tally.values} values (${percent(tally.right, tally.values).toFixed(1)} %)`,
  ]
  process.stdout.write(`${words.join(', ')}\n${tally.missed.map((line) => `  ${line}\n`).join('')}`)
}

describe.skipIf(!here)('log formats of the corpus', () => {
  let rig: Awaited<ReturnType<typeof parseRig>>
  beforeAll(async () => {
    rig = await parseRig(await loadLogParsers())
  })
  afterAll(async () => rig.close())

  // Floors stand slightly under what was measured; docs/log-formats.md says what is missed and why.
  test.each([
    ['CrowdSec', crowdSecPairs, { lines: 110, values: 330, recognised: 100, right: 98.5 }],
    ['OCSF', ocsfPairs, { lines: 30, values: 250, recognised: 100, right: 93 }],
    ['SecOps', secOpsPairs, { lines: 75, values: 180, recognised: 100, right: 96 }],
  ] as const)(
    '%s: lines are read by their own parser, and the values are the expected ones',
    async (name, pairsOf, floor) => {
      const tally = await tallyOf(rig, pairsOf())
      report(name, tally)
      expect(tally.lines).toBeGreaterThanOrEqual(floor.lines)
      expect(tally.values).toBeGreaterThanOrEqual(floor.values)
      expect(percent(tally.recognised, tally.lines)).toBeGreaterThanOrEqual(floor.recognised)
      expect(percent(tally.right, tally.values)).toBeGreaterThanOrEqual(floor.right)
    },
  )
})

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCsaf } from '../../src/parsers/advisory/csaf.ts'
import { readKev } from '../../src/parsers/advisory/kev.ts'
import { readCveRecord } from '../../src/parsers/advisory/vulnrichment.ts'
import { loadDecisionTable } from '../../src/playbooks/decision-table.ts'
import { deadlineRange } from '../../src/triage/deadline.ts'

const corpus = path.resolve(import.meta.dirname, '..', '..', '..', 'shared', 'corpus')
const at = (...parts: string[]) => path.join(corpus, ...parts)
const read = (...parts: string[]) => readFileSync(at(...parts), 'utf8')

describe.skipIf(!existsSync(at('ssvc')))("CERT/CC's table of BOD 26-04", () => {
  test('each of its rows is a row of ours', async () => {
    const [, ...rows] = read('ssvc', 'csv', 'cisa', 'cisa_bod_26_04_1_0_0.csv')
      .trim()
      .split(/\r?\n/)
      .map((line) => line.split(','))
    expect(rows).toHaveLength(16)
    const table = await loadDecisionTable()
    for (const [, kev, exposed, automatable, impact, timeline] of rows) {
      const facts = {
        kev: kev === 'yes',
        exposed: exposed === 'yes',
        automatable: automatable === 'yes',
        impact: impact === 'total' ? 'total' : 'partial',
      } as const
      expect(deadlineRange(table, facts).certain.title.toLowerCase()).toBe(
        timeline?.replace('& forensic investigation', 'and forensic triage'),
      )
    }
  })
})

describe.skipIf(!existsSync(at('kev')))('the KEV catalogue', () => {
  test('has as many entries as it says', () =>
    expect(readKev(read('kev', 'known_exploited_vulnerabilities.json')).entries).toHaveLength(1404))
})

describe.skipIf(!existsSync(at('vulnrichment')))('records of Vulnrichment', () => {
  const files = existsSync(at('vulnrichment'))
    ? readdirSync(at('vulnrichment')).filter((name) => name.endsWith('.json'))
    : []
  test('there are records', () => expect(files.length).toBeGreaterThan(30))
  test.each(files)('%s says what CISA assessed', (name) => {
    const text = read('vulnrichment', name)
    const facts = readCveRecord(JSON.parse(text))
    expect(facts?.cve).toBe(name.replace('.json', ''))
    const said = (option: string) => new RegExp(`"${option}":\\s*"(\\w+)"`).exec(text)?.[1] ?? null
    expect([facts?.exploitation, facts?.automatable, facts?.impact]).toEqual([
      said('Exploitation'),
      said('Automatable'),
      said('Technical Impact'),
    ])
  })
})

describe.skipIf(!existsSync(at('csaf')))('CSAF documents', () => {
  const folder = at('csaf')
  const all = existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
        /csaf_2\.\d\/(?:examples|mandatory|optional|informative|recommended)\/.*\.json$/.test(name),
      )
    : []
  const examples = all.filter((name) => name.includes('/examples/'))
  test('there are documents', () => expect(examples.length).toBeGreaterThan(20))

  test.each(examples)('%s: as many statements as products stand in its lists', (name) => {
    const text = read('csaf', name)
    type Counted = { vulnerabilities: { product_status: Record<string, string[]> }[] }
    const products = (JSON.parse(text) as Counted).vulnerabilities.flatMap(({ product_status }) =>
      Object.entries(product_status).flatMap(([status, ids]) => (status === 'recommended' ? [] : ids)),
    )
    expect(readCsaf(text).statements).toHaveLength(products.length)
  })

  test.each(all)('%s is taken or refused in words', (name) => {
    try {
      readCsaf(read('csaf', name))
    } catch (error) {
      expect(error).toMatchObject({ code: 'input.invalid' })
    }
  })

  test.each([
    'csaf_2.0/mandatory/oasis_csaf_tc-csaf_2_0-2021-6-1-01-01.json',
    'csaf_2.1/mandatory/oasis_csaf_tc-csaf_2_1-2024-6-1-01-01.json',
  ])('%s names a product that it does not define', (name) => {
    expect(() => readCsaf(read('csaf', name))).toThrow('input.invalid')
  })
})

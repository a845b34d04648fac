import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Statement, vendorWord } from '../../src/model/vendor-word.ts'
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
      expect(error).toMatchObject({ code: 'file.invalid' })
    }
  })

  test.each([
    'csaf_2.0/mandatory/oasis_csaf_tc-csaf_2_0-2021-6-1-01-01.json',
    'csaf_2.1/mandatory/oasis_csaf_tc-csaf_2_1-2024-6-1-01-01.json',
  ])('%s names a product that it does not define', (name) => {
    expect(() => readCsaf(read('csaf', name))).toThrow('file.invalid')
  })
})

/*
 * The use cases of "VEX Use Cases" (CISA, April 2022) as CSAF, published with the standard. They name products by vendor, product and version, none by
 * CPE or package URL.
 */
describe.skipIf(!existsSync(at('csaf')))('a machine with the software of a VEX document', () => {
  const now = new Date('2026-03-01T00:00:00Z')
  const told = (sample: string, cve: string, ...software: string[]) => {
    const document = readCsaf(read('csaf', `csaf_2.0/examples/csaf/csaf_vex/2022-evd-uc-${sample}.json`))
    const statements = document.statements
      .filter((one) => one.cve === cve)
      .map(
        (one): Statement => ({
          ...one,
          publisher: document.publisher,
          publisherCategory: document.publisherCategory,
          documentStatus: document.status,
          document: document.id,
          releasedAt: document.releasedAt,
        }),
      )
    const on = { software, asOf: '2026-02-20T00:00:00.000Z', isCertain: true }
    const title = 'Example Company ABC DEF GHI XYZ: log4shell'
    const word = vendorWord(on, statements, { title, now })
    return word === null ? null : `${word.status} ${word.applies ? 'counts' : 'may apply'}`
  }
  const log4shell = 'CVE-2021-44228'

  test.each<[string, string, string[], string | null]>([
    ['01-na-001', log4shell, ['Example Company ABC 4.2'], 'not-affected counts'],
    ['01-na-001', log4shell, ['example company  abc 4.2'], 'not-affected counts'],
    ['01-na-001', log4shell, ['Example Company ABC 4.1'], null],
    ['01-na-001', log4shell, ['Example Company ABC'], 'not-affected may apply'],
    ['01-na-001', log4shell, ['cpe:2.3:a:example_company:abc:4.2:*:*:*:*:*:*:*'], 'not-affected may apply'],
    ['01-na-001', log4shell, ['Example Company ABC 4.2', 'Example Company ABC 4.1'], 'not-affected may apply'],
    ['01-a-001', log4shell, ['Example Company DEF 1.0'], 'affected counts'],
    ['01-f-001', log4shell, ['Example Company DEF 1.1'], 'fixed counts'],
    ['01-ui-001', log4shell, ['Example Company GHI 17.4'], 'under-investigation counts'],
    // A document that says different things of versions: the version that it names counts, one in a range only may.
    ['06-001', log4shell, ['Example Company ABC 4.2'], 'not-affected counts'],
    ['06-001', log4shell, ['Example Company ABC 2.4'], 'affected counts'],
    ['06-001', log4shell, ['Example Company ABC 3.0'], 'affected may apply'],
    ['06-001', log4shell, ['Example Company ABC 4.2', 'Example Company ABC 2.4'], 'affected counts'],
    ['05-001', log4shell, ['Example Company XYZ 1'], 'under-investigation may apply'],
    ['01-na-001', 'CVE-2020-11896', ['Example Company ABC 4.2'], null],
  ])('%s says of %s on %j: %s', (sample, cve, software, expected) => {
    expect(told(sample, cve, ...software)).toBe(expected)
  })
})

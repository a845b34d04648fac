import { describe, expect, test } from 'vitest'
import { readCsaf } from './csaf.ts'
import { readEpss } from './epss.ts'
import { readKev } from './kev.ts'
import { readCveRecord } from './vulnrichment.ts'

async function* once(text: string): AsyncGenerator<string> {
  yield text
}

describe('KEV', () => {
  const entry = {
    cveID: 'CVE-2026-0001',
    dateAdded: '2026-01-05',
    vulnerabilityName: 'Example',
    requiredAction: 'Apply the update.',
    knownRansomwareCampaignUse: 'Known',
    dueDate: '2026-01-26',
  }
  const catalogue = {
    catalogVersion: '2026.01.05',
    dateReleased: '2026-01-05T10:00:00.0000Z',
    count: 1,
    vulnerabilities: [entry],
  }

  test('entries with the day they came in; the due date of the revoked rule is passed over', () => {
    expect(readKev(JSON.stringify(catalogue))).toEqual({
      version: '2026.01.05',
      releasedAt: '2026-01-05T10:00:00.000Z',
      entries: [
        { cve: 'CVE-2026-0001', added: '2026-01-05', name: 'Example', action: 'Apply the update.', ransomware: true },
      ],
    })
  })

  test.each([
    ['another count than it has', { ...catalogue, count: 2 }],
    ['no CVE', { ...catalogue, vulnerabilities: [{ ...entry, cveID: 'CVE-1' }] }],
    ['something else', { vulnerabilities: [] }],
  ])('%s is refused whole: half a catalogue would call the rest not exploited', (_name, value) => {
    expect(() => readKev(JSON.stringify(value))).toThrow('file.invalid')
  })
})

describe('EPSS', () => {
  const head = '#model_version:v2025.03.14,score_date:2026-01-05T12:55:00Z\ncve,epss,percentile\n'
  const scores = async (text: string) => {
    const read = await readEpss(once(text))
    const all: unknown[] = []
    for await (const some of read.scores) all.push(...some)
    return { ...read, scores: all }
  }

  test('each score, with the model and day that it is of', async () => {
    expect(await scores(`${head}CVE-2026-0001,0.00043,0.07\nCVE-2026-0002,1,1\n`)).toEqual({
      model: 'v2025.03.14',
      scoredAt: '2026-01-05T12:55:00.000Z',
      scores: [
        { cve: 'CVE-2026-0001', epss: 0.00043, percentile: 0.07 },
        { cve: 'CVE-2026-0002', epss: 1, percentile: 1 },
      ],
    })
  })

  test.each([
    ['no model', 'cve,epss,percentile\nCVE-2026-0001,0.1,0.1\n'],
    ['other columns', '#model_version:v1,score_date:2026-01-05\ncve,score\nCVE-2026-0001,0.1\n'],
    ['a score above 1', `${head}CVE-2026-0001,7,0.1\n`],
    ['an empty score', `${head}CVE-2026-0001,,0.1\n`],
    ['nothing', ''],
  ])('%s is refused', async (_name, text) => {
    await expect(scores(text)).rejects.toMatchObject({ code: 'file.invalid' })
  })
})

describe('Vulnrichment', () => {
  const ssvc = {
    other: {
      type: 'ssvc',
      content: {
        timestamp: '2026-01-05T10:00:00Z',
        options: [{ Exploitation: 'active' }, { Automatable: 'yes' }, { 'Technical Impact': 'total' }],
      },
    },
  }
  const record = (containers: object, state = 'PUBLISHED') => ({
    dataType: 'CVE_RECORD',
    cveMetadata: { cveId: 'CVE-2026-0001', state, datePublished: '2026-01-02T10:00:00Z' },
    containers,
  })
  const cna = {
    title: 'Example',
    metrics: [{ cvssV3_1: { vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', baseScore: 1 } }],
  }

  test("CISA's assessment and the vector of the record; the score is computed", () => {
    const facts = readCveRecord(
      record({
        cna,
        adp: [
          { providerMetadata: { shortName: 'CVE' } },
          { providerMetadata: { shortName: 'CISA-ADP' }, metrics: [ssvc] },
        ],
      }),
    )
    expect(facts).toMatchObject({
      cve: 'CVE-2026-0001',
      exploitation: 'active',
      automatable: 'yes',
      impact: 'total',
      publishedAt: '2026-01-02T10:00:00.000Z',
      cvss: { score: 9.8 },
    })
  })

  test('what nobody assessed is not known, and the word of another container does not count as that of CISA', () => {
    expect(
      readCveRecord(record({ cna, adp: [{ providerMetadata: { shortName: 'OTHER' }, metrics: [ssvc] }] })),
    ).toMatchObject({ automatable: null, impact: null, assessedAt: null })
    expect(readCveRecord(record({ cna }, 'REJECTED'))).toBeNull()
    expect(readCveRecord({ nonsense: true })).toBeNull()
  })
})

describe('CSAF', () => {
  const document = {
    category: 'csaf_vex',
    csaf_version: '2.0',
    title: 'Example',
    publisher: { name: 'Example PSIRT' },
    tracking: { id: 'EX-1', version: '2', current_release_date: '2026-01-05T10:00:00Z' },
  }
  const product = (id: string, extra: object = {}) => ({ product_id: id, name: `Product ${id}`, ...extra })
  const tree = {
    branches: [
      {
        branches: [
          {
            product: product('A', {
              product_identification_helper: { cpe: 'cpe:2.3:a:example:a:1:*:*:*:*:*:*:*', purl: 'pkg:generic/a@1' },
            }),
          },
        ],
      },
    ],
    full_product_names: [product('B')],
    relationships: [{ full_product_name: product('A:B') }],
    product_groups: [{ group_id: 'G', product_ids: ['B', 'A:B'] }],
  }
  const csaf = (product_status: object, more: object = {}) =>
    JSON.stringify({
      document,
      product_tree: tree,
      vulnerabilities: [{ cve: 'CVE-2026-0001', product_status, ...more }],
    })

  test('one statement for each product, from branches, names and relationships; why by product and group', () => {
    const { statements, ...about } = readCsaf(
      csaf(
        { known_not_affected: ['B', 'A:B'], known_affected: ['A'], recommended: ['A'] },
        {
          flags: [{ label: 'component_not_present', group_ids: ['G'] }],
          threats: [{ category: 'impact', details: 'It is not built in.', product_ids: ['B'] }],
          remediations: [{ category: 'vendor_fix', details: 'Upgrade to 2.', product_ids: ['A'] }],
        },
      ),
    )
    expect(about).toEqual({
      id: 'EX-1',
      version: '2',
      title: 'Example',
      publisher: 'Example PSIRT',
      publisherCategory: null,
      status: null,
      releasedAt: '2026-01-05T10:00:00.000Z',
    })
    expect(
      statements.map(({ product: name, status, justification, detail }) => [name, status, justification, detail]),
    ).toEqual([
      ['Product B', 'not-affected', 'component_not_present', 'It is not built in.'],
      ['Product A:B', 'not-affected', 'component_not_present', ''],
      ['Product A', 'affected', null, 'Upgrade to 2.'],
    ])
    expect(statements[2]).toMatchObject({ cpe: 'cpe:2.3:a:example:a:1:*:*:*:*:*:*:*', purl: 'pkg:generic/a@1' })
  })

  test.each([
    ['a product that is not defined', csaf({ fixed: ['Z'] })],
    ['two things of one product', csaf({ fixed: ['A'], known_affected: ['A'] })],
    ['another version of the format', csaf({}).replace('"2.0"', '"3.0"')],
    ['something else', '{"document": 1}'],
    ['no JSON', '{'],
    ['branches without end', `{"document": ${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`],
  ])('%s is refused', (_name, text) => expect(() => readCsaf(text)).toThrow('file.invalid'))
})

import { createReadStream, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readScan } from '../../src/parsers/scan/read-scan.ts'

const corpus = path.resolve(import.meta.dirname, '..', '..', '..', 'shared', 'corpus')
const counts = path.join(corpus, 'scans', 'expected-counts.json')

/** Counted by a program of another maker, without our readers: elements and rows, and CVE ids anywhere in the text. */
const Counts = z.record(
  z.string(),
  z.object({
    csv_rows: z.int().optional(),
    distinct_cves_in_text: z.int(),
    elements_ReportHost: z.int().optional(),
    elements_ReportItem: z.int().optional(),
    elements_node: z.int().optional(),
    elements_test: z.int().optional(),
    elements_result: z.int().optional(),
    elements_HOST: z.int().optional(),
    elements_port: z.int().optional(),
    root: z.string().optional(),
    defectdojo_findings: z.int().optional(),
  }),
)

/** Rows above the first finding: the headings, and where the vendor puts them, who made the report. */
const headingRows: Record<string, number> = {
  'scans/qualys_vmdr/one_vuln_qid.csv': 4,
  'scans/qualys_vmdr/many_vulns_cve.csv': 4,
}
/** Spreadsheets leave rows of nothing but commas behind; the count has them, and they say nothing. */
const blankRows = (text: string): number => text.match(/^,+\r?$/gm)?.length ?? 0

describe.skipIf(!existsSync(counts))('scanner reports of the real world', () => {
  const files = existsSync(counts) ? Object.entries(Counts.parse(JSON.parse(readFileSync(counts, 'utf8')))) : []

  test('there are reports', () => expect(files.length).toBeGreaterThan(15))

  test.each(files)('%s has the hosts, rows and CVEs that were counted', async (name, expected) => {
    const { events } = await readScan(createReadStream(path.join(corpus, name)))
    const seen = { rows: 0, hosts: new Set<string>(), cves: new Set<string>(), refused: 0 }
    for await (const some of events) {
      for (const one of some) {
        if (one.kind === 'sighting') seen.rows += 1
        else if (one.kind === 'host') seen.hosts.add(one.key)
        else if (one.kind === 'refused') seen.refused += 1
        else for (const cve of one.cves) seen.cves.add(cve)
      }
    }
    expect(seen.refused).toBe(0)
    // Some texts name a CVE in their prose only; no report names more than there are.
    expect(seen.cves.size).toBeLessThanOrEqual(expected.distinct_cves_in_text)
    const hosts = expected.elements_ReportHost ?? expected.elements_node ?? expected.elements_HOST
    if (hosts !== undefined) expect(seen.hosts.size).toBe(hosts)
    const ports = expected.root === 'nmaprun' ? (expected.elements_port ?? 0) : undefined
    const elements = expected.elements_ReportItem ?? expected.elements_test ?? expected.elements_result ?? ports
    if (elements !== undefined) expect(seen.rows).toBe(elements)
    if (expected.csv_rows !== undefined) {
      const blank = blankRows(readFileSync(path.join(corpus, name), 'utf8'))
      expect(seen.rows).toBe(expected.csv_rows - (headingRows[name] ?? 1) - blank)
    }
  })
})

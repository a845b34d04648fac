import { Readable } from 'node:stream'
import { putCveFacts, putEpss, putKev, putVex } from '../../src/db/cves.ts'
import { importScan } from '../../src/playbooks/import-scan.ts'
import type { Desk } from '../../test/desk.ts'
import { assetsCsv } from './sample-mail.ts'

const day = 86_400_000

/** Weaknesses of made-up products: CVE, title, severity, score, fix. */
const weaknesses = [
  ['CVE-2026-10001', 'Example web server before 2.4.60: request smuggling', 'Critical', '9.8', 'Upgrade to 2.4.60.'],
  [
    'CVE-2026-10002',
    'Example mail gateway: code execution by attachment',
    'Critical',
    '9.1',
    'Install the update of October.',
  ],
  ['CVE-2025-20003', 'Example database 14: privileges by crafted index', 'High', '8.1', 'Upgrade to 14.22.'],
  [
    'CVE-2025-20004',
    'Example remote desktop: sign-in can be skipped',
    'High',
    '7.5',
    'Turn network level authentication on.',
  ],
  [
    'CVE-2024-30005',
    'Example print service: files of others can be read',
    'Medium',
    '5.3',
    'Upgrade, or turn the service off.',
  ],
  ['CVE-2024-30006', 'Example PDF reader: memory after its end', 'Medium', '6.5', 'Upgrade to 11.'],
  ['', 'TLS 1.0 is offered', 'Low', '3.7', 'Turn TLS 1.0 off.'],
] as const

/** Two scans of the sample desk's machines, a week apart, and what is known about what they found. */
export async function seedVulnerabilities(desk: Desk): Promise<void> {
  const { db } = desk.running.database
  const { clock } = desk.running.house
  const by = 'system'
  const now = clock.now().getTime()
  const at = (days: number) => new Date(now - days * day).toISOString()
  const hosts = assetsCsv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/[,;]/)[0] ?? '')
    .filter((name) => name !== '')
  const head =
    'Plugin ID,CVE,CVSS v3.0 Base Score,Risk,Host,Protocol,Port,Name,Synopsis,Solution,First Found,Last Found\n'
  const report = (seen: string, has: (host: number, weakness: number) => boolean) =>
    head +
    hosts
      .flatMap((host, number) =>
        weaknesses.flatMap(([cve, title, risk, score, fix], index) =>
          has(number, index)
            ? [`${900 + index},${cve},${score},${risk},${host},tcp,443,"${title}",s,"${fix}",,${seen}`]
            : [],
        ),
      )
      .join('\n')
  for (const [days, has] of [
    [9, (host: number, weakness: number) => (host * 3 + weakness) % 4 !== 0],
    [2, (host: number, weakness: number) => (host * 3 + weakness) % 4 === 1 || (host + weakness) % 3 === 0],
  ] as const) {
    await importScan(db, { stream: Readable.from([Buffer.from(report(at(days), has))]), source: 'weekly', by, clock })
  }
  const catalogue = {
    version: '2026.11',
    releasedAt: at(3),
    entries: [
      {
        cve: 'CVE-2026-10002',
        added: at(20).slice(0, 10),
        name: 'Example mail gateway',
        action: 'Apply the update, or disconnect it.',
        ransomware: true,
      },
    ],
  }
  await putKev(db, catalogue, by, clock)
  const scores = weaknesses.flatMap(([cve], index) =>
    cve === '' ? [] : [{ cve, epss: [0.42, 0.91, 0.06, 0.13, 0.004, 0.011][index] ?? 0, percentile: 0.9 }],
  )
  await putEpss(db, { model: 'v2025.03.14', scoredAt: at(1), scores: once(scores) }, by, clock)
  const none = { v2: null, v3: null, v4: null, score: null, version: null }
  const facts = (cve: string, automatable: 'yes' | 'no', impact: 'partial' | 'total') => ({
    cve,
    title: null,
    publishedAt: at(60),
    cvss: none,
    exploitation: 'poc',
    automatable,
    impact,
    assessedAt: at(30),
  })
  await putCveFacts(
    db,
    each([
      facts('CVE-2026-10001', 'yes', 'total'),
      facts('CVE-2026-10002', 'yes', 'total'),
      facts('CVE-2025-20003', 'no', 'total'),
    ]),
    by,
    clock,
  )
  const statement = {
    cve: 'CVE-2026-10001',
    product: 'Example appliance 7',
    cpe: null,
    purl: null,
    status: 'not-affected',
    justification: 'vulnerable_code_not_in_execute_path',
    detail: 'The proxy is never started.',
  } as const
  await putVex(
    db,
    {
      id: 'EX-2026-7',
      version: '1',
      title: 'Example',
      publisher: 'Example PSIRT',
      publisherCategory: 'vendor',
      status: 'final',
      releasedAt: at(20),
      statements: [statement],
    },
    by,
    clock,
  )
  await importScan(db, {
    stream: Readable.from([Buffer.from(head + `999,,0,None,${hosts[0] ?? 'h'},tcp,22,Banner,s,,,${at(1)}`)]),
    source: 'outside',
    by,
    clock,
  })
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield await Promise.resolve(value)
}

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) yield await Promise.resolve(value)
}

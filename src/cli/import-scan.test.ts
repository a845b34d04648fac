import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { runCommand, type Said } from '../../test/program.ts'
import { feedStates } from '../db/cves.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-import-scan-'))
let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(async () => {
  await house.close()
  rmSync(folder, { recursive: true })
})

function counterfoil(...args: readonly string[]): Promise<Said> {
  const env = { COUNTERFOIL_DATA: path.join(folder, 'data'), DATABASE_URL: house.url }
  return runCommand(['import', ...args], env, { cwd: folder })
}
function file(name: string, content: string | Buffer): string {
  const at = path.join(folder, name)
  mkdirSync(path.dirname(at), { recursive: true })
  writeFileSync(at, content)
  return at
}

const head = 'Plugin ID,CVE,Risk,Host,Protocol,Port,Name,Synopsis\n'

test('a report: counts to stdout, what could not be read to stderr, and that nothing was closed then', async () => {
  const good = file('good.csv', `${head}1,CVE-2026-0001,High,192.0.2.1,tcp,443,n,s\n`)
  const said = await counterfoil('scan', good, '--source', 'weekly', '--as-of', '2026-01-01')
  expect(said).toMatchObject({ code: 0, err: '' })
  expect(said.out).toContain('nessus-csv, source weekly: 1 rows of 1 machines and 1 checks, 1 new, 0 no longer found')
  const bad = file('bad.csv', `${head}1,,High,,tcp,443,n,s\n2,,High,192.0.2.1,tcp,443,n,s\n`)
  const again = await counterfoil('scan', bad, '--source', 'weekly', '--as-of', '2026-01-08')
  expect(again.err).toContain('row 2: it names no host')
  expect(again.out).toContain('nothing was closed')
  const json = await counterfoil('scan', good, '--source', 'weekly', '--as-of', '2026-01-15', '--json')
  expect(JSON.parse(json.out)).toMatchObject({ source: 'weekly', rows: 1, closed: 1 })
})

test('a file that is no report, or is not there, exits 1 and says which are known', async () => {
  const said = await counterfoil('scan', file('list.csv', 'Host;IP\na;192.0.2.1\n'))
  expect(said.code).toBe(1)
  expect(said.err).toContain('Qualys')
  expect((await counterfoil('scan', 'not-there.xml')).code).toBe(1)
})

test('knowledge: a gzipped file, a folder of which one file is bad, and an age for each', async () => {
  const epss =
    '#model_version:v2025.03.14,score_date:2026-01-05T00:00:00Z\ncve,epss,percentile\nCVE-2026-0001,0.5,0.9\n'
  expect(await counterfoil('epss', file('epss.csv.gz', gzipSync(epss)))).toMatchObject({
    code: 0,
    out: 'epss: 1 rows taken, model v2025.03.14, as of 2026-01-05\n',
  })
  const record = {
    dataType: 'CVE_RECORD',
    cveMetadata: { cveId: 'CVE-2026-0001', state: 'PUBLISHED' },
    containers: { cna: {} },
  }
  file('cves/2026/CVE-2026-0001.json', JSON.stringify(record))
  file('cves/2026/other.json', '{"broken"')
  const cves = await counterfoil('vulnrichment', path.join(folder, 'cves'))
  expect(cves.code).toBe(0)
  expect(cves.out).toContain('1 rows taken')
  expect(cves.err).toContain('other.json')
  expect((await counterfoil('kev', file('kev.json', '{"count": 1}'))).code).toBe(1)
  expect((await feedStates(house.db)).map(({ feed }) => feed)).toEqual(['epss', 'vulnrichment'])
})

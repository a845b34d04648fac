import { makeAsk } from '../../src/connectors/ask.ts'
import { scannerReports } from '../../src/connectors/scanner-reports/index.ts'
import { VulnerabilityQuery } from '../../src/contract/vulnerabilities.ts'
import type { Db } from '../../src/db/open.ts'
import { openPage } from '../../src/db/vulnerability-front.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { scanLookups } from '../../src/main/scan-lookups.ts'
import { loadDecisionTable } from '../../src/playbooks/decision-table.ts'
import { importScan } from '../../src/playbooks/import-scan.ts'
import { onEmbedded } from './embedded.ts'
import type { BenchResult } from './result.ts'

const rows = 200_000
const rowsOfHost = 100
const checks = 5_000
const lookups = 500
const mebibyte = 1024 * 1024

/** A .nessus file, made as it is read. */
async function* report(scannedAt: number): AsyncGenerator<Uint8Array> {
  yield Buffer.from('<?xml version="1.0"?>\n<NessusClientData_v2><Report name="bench">\n')
  for (let host = 0; host < rows / rowsOfHost; host += 1) {
    let text = `<ReportHost name="host-${host}.example.com"><HostProperties><tag name="host-ip">10.0.${host >> 8}.${host & 255}</tag><tag name="HOST_END_TIMESTAMP">${scannedAt}</tag></HostProperties>\n`
    for (let item = 0; item < rowsOfHost; item += 1) {
      const check = (host * 31 + item * 47) % checks
      text += `<ReportItem port="443" protocol="tcp" severity="${check % 5}" pluginID="${check}" pluginName="Example product ${check}"><cve>CVE-${2015 + (check % 11)}-${10_000 + check}</cve><cvss3_vector>CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H</cvss3_vector><description>Some text about what was found, as long as such texts are.</description><solution>Upgrade.</solution></ReportItem>\n`
    }
    yield Buffer.from(`${text}</ReportHost>\n`)
  }
  yield Buffer.from('</Report></NessusClientData_v2>\n')
}

/** A report in, the next week's over it, and a machine's answer, on an embedded PostgreSQL with fsync on. */
export async function bench(): Promise<BenchResult[]> {
  return onEmbedded(async (db) => [...(await measureImport(db)), ...(await measureQuestion(db))])
}

async function measureImport(db: Db): Promise<BenchResult[]> {
  const now = Math.floor(Date.now() / 1_000)
  let mostMb = 0
  const take = async (scannedAt: number) => {
    const began = performance.now()
    const used = process.cpuUsage()
    let seen = 0
    const taken = await importScan(db, {
      stream: report(scannedAt),
      source: 'bench',
      by: 'system',
      clock: systemClock,
      onProgress: (done) => {
        if (done - seen < rows / 10) return
        seen = done
        globalThis.gc?.()
        mostMb = Math.max(mostMb, process.memoryUsage().heapUsed / mebibyte)
      },
    })
    if (taken.rows !== rows) throw new Error(`${taken.rows} of ${rows} rows were read`)
    const { user, system } = process.cpuUsage(used)
    return { seconds: (performance.now() - began) / 1_000, cpuUs: (user + system) / rows }
  }
  const first = await take(now - 7 * 86_400)
  const again = await take(now)
  const result = (name: string, { seconds, cpuUs }: typeof first): BenchResult => ({
    name: `vulnerabilities: ${name} of ${rows} rows`,
    value: rows / seconds,
    unit: 'rows/s',
    goal: 'none',
    ok: true,
    note: `${cpuUs.toFixed(1)} microseconds of our CPU a row, PostgreSQL's not counted; counting what is due included`,
  })
  return [
    result('import', first),
    result("next week's report over it", again),
    {
      name: 'vulnerabilities: heap while importing',
      value: mostMb,
      unit: 'MiB',
      goal: '<= 128',
      ok: mostMb <= 128,
      note: 'in use after collection, most of the samples',
    },
  ]
}

async function measureQuestion(db: Db): Promise<BenchResult[]> {
  const connector = scannerReports(scanLookups(db, await loadDecisionTable()))
  const ask = makeAsk({ connectors: [connector], clock: systemClock, news: () => undefined })
  const { signal } = new AbortController()
  const took: number[] = []
  for (let at = 0; at < lookups; at += 1) {
    const host = (at * 7_919) % (rows / rowsOfHost)
    const check = (host * 31 + 47) % checks
    const from = performance.now()
    const [asked] = await ask(
      'vulnerabilities-of-asset',
      { asset: `host-${host}`, cve: `CVE-${2015 + (check % 11)}-${10_000 + check}` },
      { signal },
    )
    took.push(performance.now() - from)
    if (asked?.answered.kind !== 'found') throw new Error(`host-${host} was not found`)
  }
  const page = performance.now()
  const { rows: shown } = await openPage(db, VulnerabilityQuery.parse({}), new Date())
  const pageMs = performance.now() - page
  if (shown.length === 0) throw new Error('the list is empty')
  took.sort((a, b) => a - b)
  const median = took[Math.floor(took.length / 2)] ?? Number.NaN
  return [
    {
      name: 'vulnerabilities: was this machine vulnerable to that, median',
      value: median,
      unit: 'ms',
      goal: '<= 20',
      ok: median <= 20,
      note: `p99 ${(took[Math.floor(took.length * 0.99)] ?? 0).toFixed(1)} ms, one after the other, among ${rows}`,
    },
    { name: 'vulnerabilities: first page of the list', value: pageMs, unit: 'ms', goal: '<= 200', ok: pageMs <= 200 },
  ]
}

import { z } from 'zod'
import { cvssOf } from './cvss.ts'
import { fixCharsMax, type Gathering, keyCharsMax, titleCharsMax } from './gather.ts'
import { cvesIn, namesAndAddresses, severityOf, shortText, timeOf } from './words.ts'

const maybe = z.string().nullish()

/** A row of api/vulnerabilities/machinesVulnerabilities, and of the exports SoftwareVulnerabilitiesByMachine (Microsoft Defender for Endpoint). */
const Row = z.object({
  cveId: maybe,
  machineId: maybe,
  deviceId: maybe,
  deviceName: maybe,
  osPlatform: maybe,
  fixingKbId: maybe,
  recommendedSecurityUpdate: maybe,
  productName: maybe,
  softwareName: maybe,
  productVendor: maybe,
  softwareVendor: maybe,
  productVersion: maybe,
  softwareVersion: maybe,
  severity: maybe,
  vulnerabilitySeverityLevel: maybe,
  cvssScore: z.number().nullish(),
  firstSeenTimestamp: maybe,
  lastSeenTimestamp: maybe,
})

/** Reads one object of a Defender export. */
export function readDefenderRow(value: unknown, at: string, out: Gathering): void {
  const parsed = Row.safeParse(value)
  const row = parsed.data
  const host = (row?.machineId ?? row?.deviceId ?? '').slice(0, keyCharsMax)
  const cve = cvesIn(row?.cveId ?? '')[0]
  if (row === undefined || host === '') return out.refused(at, 'it names no machine')
  const lastSeen = timeOf(row.lastSeenTimestamp ?? undefined)
  out.host({
    key: host,
    ...namesAndAddresses([row.deviceName ?? undefined]),
    os: shortText(row.osPlatform ?? undefined, titleCharsMax) || null,
    scannedAt: lastSeen,
    byLogin: true,
    lookedFor: 'vulnerabilities',
  })
  // In the full export a machine without vulnerable software has a row without a CVE: it was looked at, and nothing was found.
  if (cve === undefined) return
  const product = [row.productVendor ?? row.softwareVendor, row.productName ?? row.softwareName]
    .filter(Boolean)
    .join(' ')
  const version = row.productVersion ?? row.softwareVersion ?? ''
  const check = `${cve} ${product}`.trim().toLowerCase().slice(0, keyCharsMax)
  const kb = row.fixingKbId ? `KB${row.fixingKbId.replace(/^KB/i, '')}` : null
  out.check(check, [cve], () => ({
    title: shortText(product === '' ? cve : `${cve} in ${product}`, titleCharsMax),
    severity: severityOf(row.severity ?? row.vulnerabilitySeverityLevel ?? undefined) ?? 'info',
    cvss: cvssOf({ vectors: [], scores: [String(row.cvssScore ?? '')] }),
    fix:
      shortText(
        [row.recommendedSecurityUpdate ?? kb ?? '', version === '' ? '' : `(found in ${version})`].join(' '),
        fixCharsMax,
      ) || null,
  }))
  const firstSeen = timeOf(row.firstSeenTimestamp ?? undefined)
  out.sighting({ host, check, port: 0, protocol: '', state: 'open', firstSeen, lastSeen, fixedAt: null })
}

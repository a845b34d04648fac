import type { Scanner, VulnerabilitySeverity } from '../../model/vulnerability.ts'
import { severityByQualys, severityByRapid7, severityOf } from './words.ts'

/** What a column of a scanner's CSV is for. */
export type ScanField =
  | 'check'
  | 'title'
  | 'severity'
  | 'cve'
  | 'host'
  | 'names'
  | 'addresses'
  | 'os'
  | 'port'
  | 'protocol'
  | 'status'
  | 'firstSeen'
  | 'lastSeen'
  | 'scannedAt'
  | 'fixedAt'
  | 'vectors'
  | 'scores'
  | 'fix'
  | 'vendor'
  | 'product'

/** A scanner's CSV: recognised by headings that only it has, read by a table of headings (compared without case, spaces and signs). */
export type CsvFormat = {
  readonly id: string
  readonly scanner: Scanner
  /** All of these are there. */
  readonly needs: readonly string[]
  /** The first heading that is there and filled counts; of names, addresses, vectors and scores each one. */
  readonly columns: Readonly<Partial<Record<ScanField, readonly string[]>>>
  readonly severityOf: (word: string) => VulnerabilitySeverity
}

const byWord = (word: string): VulnerabilitySeverity => severityOf(word) ?? 'info'
const byQualys = (word: string): VulnerabilitySeverity => severityByQualys[Number(word)] ?? byWord(word)

/** Newest products first; the first whose headings are all there is it. */
// biome-ignore format: a table reads better in few lines
export const csvFormats: readonly CsvFormat[] = [
  {
    id: 'tenable-sc-csv', scanner: 'nessus', needs: ['Plugin', 'Plugin Name', 'Family', 'Severity', 'IP Address'], severityOf: byWord,
    columns: {
      check: ['Plugin'], title: ['Plugin Name'], severity: ['Severity'], cve: ['CVE'], host: ['IP Address', 'DNS Name', 'NetBIOS Name'],
      names: ['DNS Name', 'NetBIOS Name'], addresses: ['IP Address'], port: ['Port'], protocol: ['Protocol'],
      firstSeen: ['First Discovered'], lastSeen: ['Last Observed'], vectors: ['CVSS V4 Vector', 'CVSS V3 Vector', 'CVSS V2 Vector'],
      scores: ['CVSS V4 Base Score', 'CVSS V3 Base Score', 'CVSS V2 Base Score'], fix: ['Solution'],
    },
  },
  {
    // Nessus writes the first of these columns, Tenable.io all of them.
    id: 'nessus-csv', scanner: 'nessus', needs: ['Plugin ID', 'Risk', 'Host', 'Name', 'Synopsis'], severityOf: byWord,
    columns: {
      check: ['Plugin ID'], title: ['Name'], severity: ['Risk'], cve: ['CVE'], host: ['Host'], names: ['Host', 'FQDN', 'NetBios'],
      addresses: ['Host', 'IP Address'], os: ['OS'], port: ['Port'], protocol: ['Protocol'], status: ['Vulnerability State'],
      firstSeen: ['First Found'], lastSeen: ['Last Found'], scannedAt: ['Host End', 'Host Start'], fixedAt: ['Last Fixed'],
      vectors: ['CVSS4 Vector', 'CVSS3 Vector', 'CVSS Vector', 'CVSS v4.0 Vector', 'CVSS v3.0 Vector', 'CVSS v2.0 Vector'],
      scores: ['CVSS v4.0 Base Score', 'CVSS v3.0 Base Score', 'CVSS3 Base Score', 'CVSS Base Score', 'CVSS', 'CVSS v2.0 Base Score'],
      fix: ['Solution'],
    },
  },
  {
    id: 'openvas-csv', scanner: 'openvas', needs: ['IP', 'Hostname', 'NVT Name', 'NVT OID'], severityOf: byWord,
    columns: {
      check: ['NVT OID'], title: ['NVT Name'], severity: ['Severity'], cve: ['CVEs'], host: ['IP', 'Hostname'], names: ['Hostname'],
      addresses: ['IP'], port: ['Port'], protocol: ['Port Protocol'], lastSeen: ['Timestamp'], scores: ['CVSS'], fix: ['Solution'],
    },
  },
  {
    id: 'qualys-vmdr-csv', scanner: 'qualys', needs: ['QID', 'Title', 'Severity', 'Asset Name', 'Asset IPV4'], severityOf: byQualys,
    columns: {
      check: ['QID'], title: ['Title'], severity: ['Severity'], cve: ['CVE'], host: ['Asset Id', 'Asset Name', 'Asset IPV4'],
      names: ['Asset Name'], addresses: ['Asset IPV4', 'Asset IPV6'], os: ['Operating System'], port: ['Port'], protocol: ['Protocol'],
      status: ['Status'], firstSeen: ['First Detected'], lastSeen: ['Last Detected'], fixedAt: ['Last Fixed'],
      scores: ['CVSSv3.1 Base (nvd)', 'CVSSv2 Base (nvd)'], fix: ['Solution'],
    },
  },
  {
    id: 'qualys-csv', scanner: 'qualys', needs: ['IP', 'QID', 'Title', 'Vuln Status', 'Severity'], severityOf: byQualys,
    columns: {
      check: ['QID'], title: ['Title'], severity: ['Severity'], cve: ['CVE ID'], host: ['IP', 'DNS'], names: ['DNS', 'NetBIOS', 'FQDN'],
      addresses: ['IP'], os: ['OS'], port: ['Port'], protocol: ['Protocol'], status: ['Vuln Status'], firstSeen: ['First Detected'],
      lastSeen: ['Last Detected'], fixedAt: ['Date Last Fixed'], vectors: ['CVSS3 Base', 'CVSS Base'], scores: ['CVSS3 Base', 'CVSS3', 'CVSS Base'], fix: ['Solution'],
    },
  },
  {
    id: 'rapid7-csv', scanner: 'nexpose', needs: ['Asset IP Address', 'Vulnerability ID', 'Vulnerability Title'], severityOf: severityByRapid7,
    columns: {
      check: ['Vulnerability ID'], title: ['Vulnerability Title'], severity: ['Vulnerability Severity Level'], cve: ['Vulnerability CVE IDs'],
      host: ['Asset IP Address'], names: ['Asset Names'], addresses: ['Asset IP Address'], os: ['Asset OS Name'], port: ['Service Port'],
      protocol: ['Service Protocol'], firstSeen: ['Vulnerable Since'], lastSeen: ['Vulnerability Test Date'],
      vectors: ['Vulnerability CVSSv3 Vector', 'Vulnerability CVSS Vector'],
      scores: ['Vulnerability CVSSv3 Score', 'Vulnerability CVSS Score'], fix: ['Vulnerability Solution'],
    },
  },
  {
    // Advanced hunting, table DeviceTvmSoftwareVulnerabilities, exported as CSV.
    id: 'defender-csv', scanner: 'defender', needs: ['DeviceId', 'CveId', 'SoftwareName'], severityOf: byWord,
    columns: {
      title: ['CveId'], severity: ['VulnerabilitySeverityLevel'], cve: ['CveId'], host: ['DeviceId'], names: ['DeviceName'],
      os: ['OSPlatform'], lastSeen: ['LastSeenTimestamp', 'Timestamp'], firstSeen: ['FirstSeenTimestamp'],
      fix: ['RecommendedSecurityUpdate'], scores: ['CvssScore'], vendor: ['SoftwareVendor'], product: ['SoftwareName'],
    },
  },
  {
    id: 'alert-logic-csv', scanner: 'alert-logic', needs: ['Vulnerability', 'CVSS Score', 'Asset Name', 'Vulnerability ID'], severityOf: byWord,
    columns: {
      check: ['Vulnerability ID'], title: ['Vulnerability'], severity: ['Severity'], cve: ['CVE'], host: ['Asset Name', 'IP Address'],
      names: ['Asset Name'], addresses: ['IP Address'], os: ['Operating System'], port: ['Protocol/Port'], firstSeen: ['First Seen'],
      lastSeen: ['Last Scanned'], scores: ['CVSS Score'], fix: ['Resolution'],
    },
  },
]

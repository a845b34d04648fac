import { cvssOf } from './cvss.ts'
import { fixCharsMax, type Gathering, titleCharsMax } from './gather.ts'
import { cvesIn, namesAndAddresses, portOf, severityByQualys, shortText, timeOf } from './words.ts'
import type { XmlElements } from './xml.ts'

type Told = Record<string, string>

const ofHost = ['IP', 'DNS', 'NETBIOS', 'OPERATING_SYSTEM', 'LAST_SCAN_DATETIME']
const ofSighting = ['QID', 'PORT', 'PROTOCOL', 'FIRST_FOUND', 'LAST_FOUND', 'LAST_FIXED', 'VULN_STATUS']
const ofCheck = ['QID', 'TITLE', 'SEVERITY', 'SOLUTION', 'CVSS_BASE', 'CVSS3_BASE', 'CVSS3_VECTOR']

/** An ASSET_DATA_REPORT of Qualys VM: hosts with what was found, then a glossary that says what each QID means. */
export function qualysElements(out: Gathering): XmlElements {
  let generatedAt: string | null = null
  let host: Told | null = null
  let hostIsTold = false
  let sighting: Told | null = null
  let check: Told | null = null
  let cves: string[] = []
  const tellHost = (scannedAt: string | null): void => {
    if (host === null || hostIsTold) return
    hostIsTold = true
    out.host({
      key: host['IP'] ?? '',
      ...namesAndAddresses([host['IP'], host['DNS'], host['NETBIOS']]),
      os: shortText(host['OPERATING_SYSTEM'], titleCharsMax) || null,
      scannedAt: timeOf(host['LAST_SCAN_DATETIME']) ?? scannedAt ?? generatedAt,
      byLogin: null,
      lookedFor: 'vulnerabilities',
    })
  }
  const closeSighting = (told: Told): void => {
    const key = host?.['IP'] ?? ''
    const id = told['QID'] ?? ''
    if (key === '' || id === '') return out.refused('<VULN_INFO>', 'it has no QID or its host no IP')
    tellHost(timeOf(told['LAST_FOUND']))
    out.sighting({
      host: key,
      check: id,
      ...portOf(told['PORT'], told['PROTOCOL']),
      state: /^fixed$/i.test(told['VULN_STATUS'] ?? '') ? 'fixed' : 'open',
      firstSeen: timeOf(told['FIRST_FOUND']),
      lastSeen: timeOf(told['LAST_FOUND']),
      fixedAt: timeOf(told['LAST_FIXED']),
    })
  }
  const closeCheck = (told: Told): void => {
    const id = told['QID'] ?? ''
    if (id === '') return out.refused('<VULN_DETAILS>', 'it has no QID')
    out.check(id, [...new Set(cves)], () => ({
      title: shortText(told['TITLE'], titleCharsMax) || `QID ${id}`,
      severity: severityByQualys[Number(told['SEVERITY'])] ?? 'info',
      cvss: cvssOf({ vectors: [told['CVSS3_VECTOR']], scores: [told['CVSS3_BASE'], told['CVSS_BASE']] }),
      fix: shortText(told['SOLUTION'], fixCharsMax).replace(/^n\/a$/i, '') || null,
    }))
  }
  return {
    texts: new Set(['GENERATION_DATETIME', 'ID', ...ofHost, ...ofSighting, ...ofCheck]),
    open: (name) => {
      if (name === 'HOST') {
        host = {}
        hostIsTold = false
      } else if (name === 'VULN_INFO') sighting = {}
      else if (name === 'VULN_DETAILS') {
        check = {}
        cves = []
      }
    },
    close: (name, text, parent) => {
      if (name === 'GENERATION_DATETIME') generatedAt = timeOf(text)
      else if (name === 'VULN_INFO' && sighting !== null) {
        closeSighting(sighting)
        sighting = null
      } else if (name === 'VULN_DETAILS' && check !== null) {
        closeCheck(check)
        check = null
      } else if (name === 'HOST') {
        if (host?.['IP'] !== undefined) tellHost(null)
        host = null
      } else if (name === 'ID' && parent === 'CVE_ID' && check !== null) cves.push(...cvesIn(text))
      else if (sighting !== null && ofSighting.includes(name)) sighting[name] = text
      else if (check !== null && ofCheck.includes(name)) check[name] = text
      else if (host !== null && parent === 'HOST' && ofHost.includes(name)) host[name] = text
    },
  }
}

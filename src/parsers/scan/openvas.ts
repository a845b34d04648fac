import { cvssOf } from './cvss.ts'
import { fixCharsMax, type Gathering, titleCharsMax } from './gather.ts'
import {
  cvesIn,
  cvesOfCheckMax,
  namesAndAddresses,
  portOf,
  severityOf,
  severityOfScore,
  shortText,
  timeOf,
} from './words.ts'
import type { XmlElements } from './xml.ts'

type Result = { told: Record<string, string>; oid: string; cves: string[]; hostname: string }

const ofResult = ['host', 'hostname', 'port', 'threat', 'severity']
const ofCheck = ['name', 'solution', 'tags', 'cve', 'cvss_base']

/** An XML report of OpenVAS or Greenbone (GMP's <report>, bare or within a response): each <result>, and the hosts that were looked at. */
export function openvasElements(out: Gathering): XmlElements {
  let scanEnd: string | null = null
  let result: Result | null = null
  let scanned: { ip: string; end: string | null; words: string[]; detail: string } | null = null
  const closeResult = ({ told, oid, cves, hostname }: Result): void => {
    const key = (told['host'] ?? '').trim().split(/\s/)[0] ?? ''
    if (key === '' || oid === '') return out.refused('<result>', 'it has no host or no nvt')
    const known = [...new Set([...cves, ...cvesIn(told['cve'] ?? '')])]
    out.host({
      key,
      ...namesAndAddresses([key, hostname]),
      os: null,
      scannedAt: scanEnd,
      byLogin: null,
      lookedFor: 'vulnerabilities',
    })
    out.check(oid, known, () => {
      const score = told['cvss_base'] ?? told['severity']
      const vector = /(?:^|\|)cvss_base_vector=([^|]+)/.exec(told['tags'] ?? '')?.[1]
      const solution = /(?:^|\|)solution=([^|]+)/.exec(told['tags'] ?? '')?.[1]
      return {
        title: shortText(told['name'], titleCharsMax) || oid,
        severity: severityOf(told['threat']) ?? severityOfScore(Number(score)),
        cvss: cvssOf({ vectors: [told['vector'], vector], scores: [score] }),
        fix: shortText(told['solution'] ?? solution, fixCharsMax) || null,
      }
    })
    out.sighting({
      host: key,
      check: oid,
      ...portOf(told['port']),
      state: 'open',
      firstSeen: null,
      lastSeen: null,
      fixedAt: null,
    })
  }
  return {
    texts: new Set(['scan_start', 'scan_end', 'ip', 'end', 'value', ...ofResult, ...ofCheck]),
    open: (name, attributes, parent) => {
      if (name === 'result' && parent === 'results') result = { told: {}, oid: '', cves: [], hostname: '' }
      else if (name === 'nvt' && result !== null) result.oid = attributes['oid'] ?? ''
      else if (name === 'ref' && result !== null && attributes['type'] === 'cve') {
        if (result.cves.length < cvesOfCheckMax) result.cves.push(...cvesIn(attributes['id'] ?? ''))
      } else if (name === 'host' && parent === 'report') scanned = { ip: '', end: null, words: [], detail: '' }
    },
    close: (name, text, parent) => {
      if (name === 'scan_start' || name === 'scan_end') scanEnd = timeOf(text) ?? scanEnd
      else if (name === 'result' && result !== null) {
        closeResult(result)
        result = null
      } else if (result !== null) {
        if (name === 'hostname') result.hostname = text
        else if (name === 'value' && parent === 'severity') result.told['vector'] = text
        else if (name === 'host' && parent === 'result') result.told['host'] = text
        else if (parent === 'nvt' && ofCheck.includes(name)) result.told[name] = text
        else if (parent === 'result' && ofResult.includes(name)) result.told[name] = text
      } else if (scanned !== null) {
        if (name === 'ip' && parent === 'host') scanned.ip = text
        else if (name === 'end' && parent === 'host') scanned.end = timeOf(text)
        else if (name === 'name' && parent === 'detail') scanned.detail = text
        else if (name === 'value' && parent === 'detail' && scanned.detail === 'hostname') scanned.words.push(text)
        else if (name === 'host') {
          closeHost(out, scanned, scanEnd)
          scanned = null
        }
      }
    },
  }
}

function closeHost(
  out: Gathering,
  { ip, end, words }: { ip: string; end: string | null; words: string[] },
  scanEnd: string | null,
): void {
  if (ip === '') return
  const scannedAt = end ?? scanEnd
  out.host({
    key: ip,
    ...namesAndAddresses([ip, ...words]),
    os: null,
    scannedAt,
    byLogin: null,
    lookedFor: 'vulnerabilities',
  })
}

import { cvssOf } from './cvss.ts'
import { fixCharsMax, type Gathering, titleCharsMax } from './gather.ts'
import { cvesIn, namesAndAddresses, portOf, severityByRapid7, shortText, timeOf } from './words.ts'
import type { XmlElements } from './xml.ts'

type Attributes = Readonly<Record<string, string>>

/** "vulnerable-exploited", "vulnerable-version", "vulnerable-potential" are open; "not-vulnerable", "skipped-..." and the rest are not. */
const isOpen = /^vulnerable-|^exception-vulnerable-/

/** An XML report of Rapid7 InsightVM or Nexpose (NexposeReport 1.0 and 2.0). What the tests mean stands after the nodes. */
export function nexposeElements(out: Gathering): XmlElements {
  let scannedAt: string | null = null
  let node: { key: string; words: string[]; os: string | null; isTold: boolean } | null = null
  let endpoint: Attributes = {}
  let definition: { attributes: Attributes; cves: string[]; fix: string } | null = null
  const tellHost = (): void => {
    if (node === null || node.isTold) return
    node.isTold = true
    out.host({
      key: node.key,
      ...namesAndAddresses(node.words),
      os: node.os,
      scannedAt,
      byLogin: null,
      lookedFor: 'vulnerabilities',
    })
  }
  const closeDefinition = ({ attributes, cves, fix }: NonNullable<typeof definition>): void => {
    const id = (attributes['id'] ?? '').toLowerCase()
    if (id === '') return out.refused('<vulnerability>', 'it has no id')
    out.check(id, cves, () => ({
      title: shortText(attributes['title'], titleCharsMax) || id,
      severity: severityByRapid7(attributes['severity']),
      cvss: cvssOf({
        vectors: [attributes['cvssV3Vector'], attributes['cvssVector']],
        scores: [attributes['cvssV3Score'], attributes['cvssScore']],
      }),
      fix: shortText(fix, fixCharsMax) || null,
    }))
  }
  const openTest = (attributes: Attributes): void => {
    tellHost()
    const check = (attributes['id'] ?? '').toLowerCase()
    if (node === null || check === '') return out.refused('<test>', 'it has no id or stands in no node')
    // A test that was not positive is no sighting; that the host was scanned is said by the host.
    if (!isOpen.test(attributes['status'] ?? '')) return
    const { port, protocol } = portOf(endpoint['port'], endpoint['protocol'])
    const firstSeen = timeOf(attributes['vulnerable-since'])
    out.sighting({ host: node.key, check, port, protocol, state: 'open', firstSeen, lastSeen: null, fixedAt: null })
  }
  return {
    texts: new Set(['name', 'reference']),
    deepTexts: new Set(['solution']),
    open: (name, attributes, parent) => {
      if (name === 'scan') {
        const at = timeOf(attributes['endTime'])
        if (at !== null && (scannedAt === null || at > scannedAt)) scannedAt = at
      } else if (name === 'node') {
        const key = attributes['address'] ?? ''
        node = key === '' ? null : { key, words: [key], os: null, isTold: false }
      } else if (name === 'os' && parent === 'fingerprints' && node !== null) {
        node.os ??=
          [attributes['vendor'], attributes['product'], attributes['version']].filter(Boolean).join(' ') || null
      } else if (name === 'endpoint') endpoint = attributes
      else if (name === 'test') openTest(attributes)
      else if (name === 'vulnerability') definition = { attributes, cves: [], fix: '' }
    },
    close: (name, text, parent) => {
      if (name === 'name' && parent === 'names') node?.words.push(text)
      else if (name === 'endpoint') endpoint = {}
      else if (name === 'node') {
        tellHost()
        node = null
      } else if (name === 'reference') definition?.cves.push(...cvesIn(text))
      else if (name === 'solution' && definition !== null) definition.fix = text
      else if (name === 'vulnerability' && definition !== null) {
        closeDefinition(definition)
        definition = null
      }
    },
  }
}

import { cvssOf } from './cvss.ts'
import { fixCharsMax, type Gathering, titleCharsMax } from './gather.ts'
import { cvesIn, cvesOfCheckMax, namesAndAddresses, portOf, severityByNessus, shortText, timeOf } from './words.ts'
import type { XmlElements } from './xml.ts'

type Item = {
  readonly attributes: Readonly<Record<string, string>>
  readonly told: Record<string, string>
  readonly cves: string[]
}

const toldOfItem = new Set([
  'solution',
  'cvss_base_score',
  'cvss_vector',
  'cvss3_base_score',
  'cvss3_vector',
  'cvss4_base_score',
  'cvss4_vector',
])

/** A .nessus file (NessusClientData_v2) of Nessus, Tenable.io or Tenable.sc: ReportHost, its properties, a ReportItem for each plugin and port. */
export function nessusElements(out: Gathering): XmlElements {
  let host = ''
  let tag = ''
  let properties: Record<string, string> = {}
  let item: Item | null = null
  const closeItem = ({ attributes, told, cves }: Item): void => {
    const check = attributes['pluginID'] ?? ''
    if (host === '' || check === '')
      return out.refused(`<ReportItem> of ${host}`, 'it has no pluginID or stands in no host')
    out.check(check, cves, () => ({
      title: shortText(attributes['pluginName'], titleCharsMax),
      severity: severityByNessus[Number(attributes['severity'])] ?? 'info',
      cvss: cvssOf({
        vectors: [told['cvss4_vector'], told['cvss3_vector'], told['cvss_vector']],
        scores: [told['cvss4_base_score'], told['cvss3_base_score'], told['cvss_base_score']],
      }),
      fix: shortText(told['solution'], fixCharsMax).replace(/^n\/a$/i, '') || null,
    }))
    const { port, protocol } = portOf(attributes['port'], attributes['protocol'])
    out.sighting({ host, check, port, protocol, state: 'open', firstSeen: null, lastSeen: null, fixedAt: null })
  }
  return {
    texts: new Set(['tag', 'cve', ...toldOfItem]),
    open: (name, attributes) => {
      if (name === 'ReportHost') {
        host = attributes['name'] ?? ''
        properties = {}
      } else if (name === 'tag') tag = attributes['name'] ?? ''
      else if (name === 'ReportItem') item = { attributes, told: {}, cves: [] }
    },
    close: (name, text, parent) => {
      if (name === 'tag' && parent === 'HostProperties') properties[tag] = text
      else if (name === 'HostProperties') out.host(hostOf(host, properties))
      else if (name === 'cve' && item !== null) {
        if (item.cves.length < cvesOfCheckMax) item.cves.push(...cvesIn(text))
      } else if (toldOfItem.has(name) && item !== null) item.told[name] = text
      else if (name === 'ReportItem' && item !== null) {
        closeItem(item)
        item = null
      }
    },
  }
}

function hostOf(key: string, told: Readonly<Record<string, string>>) {
  const words = [key, told['host-ip'], told['host-fqdn'], told['host-rdns'], told['netbios-name'], told['hostname']]
  return {
    key,
    ...namesAndAddresses(words),
    os: shortText(told['operating-system'], titleCharsMax) || null,
    scannedAt: timeOf(told['HOST_END_TIMESTAMP']) ?? timeOf(told['HOST_END']) ?? timeOf(told['HOST_START']),
    byLogin: /^(?:true|yes)$/i.test(told['Credentialed_Scan'] ?? '')
      ? true
      : told['Credentialed_Scan'] === undefined
        ? null
        : false,
    lookedFor: 'vulnerabilities' as const,
  }
}

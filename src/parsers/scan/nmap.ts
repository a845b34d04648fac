import { cvssOf } from './cvss.ts'
import { type Gathering, titleCharsMax } from './gather.ts'
import { cvesIn, namesAndAddresses, portOf, shortText, timeOf } from './words.ts'
import type { XmlElements } from './xml.ts'

/** What one script may name on one port; vulners names hundreds for an old server. */
const cvesOfScriptMax = 500

/** Nmap's XML (-oX): hosts that are up, their open ports, and the CVEs that scripts (vulners, *-vuln-*) name. */
export function nmapElements(out: Gathering): XmlElements {
  let lookedFor: 'vulnerabilities' | 'ports' = 'ports'
  let scannedAt: string | null = null
  let host: { words: string[]; key: string; isUp: boolean; isTold: boolean; os: string | null } | null = null
  let port: { port: number; protocol: string; isOpen: boolean } | null = null
  const tellHost = (): void => {
    if (host === null || host.isTold || !host.isUp || host.key === '') return
    host.isTold = true
    out.host({ key: host.key, ...namesAndAddresses(host.words), os: host.os, scannedAt, byLogin: null, lookedFor })
  }
  const openPort = (): void => {
    if (host === null || port === null) return
    tellHost()
    out.check('open-port', [], () => ({
      title: 'Open port',
      severity: 'info',
      cvss: cvssOf({ vectors: [] }),
      fix: null,
    }))
    const { port: number, protocol } = port
    out.sighting({
      host: host.key,
      check: 'open-port',
      port: number,
      protocol,
      state: 'open',
      firstSeen: null,
      lastSeen: null,
      fixedAt: null,
    })
  }
  const script = (attributes: Readonly<Record<string, string>>): void => {
    const id = attributes['id'] ?? ''
    const output = attributes['output'] ?? ''
    if (host === null || !/vuln/.test(id) || /\bNOT VULNERABLE\b/.test(output)) return
    tellHost()
    for (const cve of cvesIn(output).slice(0, cvesOfScriptMax)) {
      const check = `${id}:${cve}`
      // What a script says of the one CVE follows it on its line: "CVE-2021-41773  7.5  https://..." (vulners).
      const score = new RegExp(`${cve}\\s+(\\d{1,2}\\.\\d)`).exec(output)?.[1]
      const cvss = cvssOf({ vectors: [], scores: [score] })
      out.check(check, [cve], () => ({
        title: shortText(`${cve}, by the script ${id}`, titleCharsMax),
        severity: 'medium',
        cvss,
        fix: null,
      }))
      const { port: number, protocol } = port ?? { port: 0, protocol: '' }
      out.sighting({
        host: host.key,
        check,
        port: number,
        protocol,
        state: 'open',
        firstSeen: null,
        lastSeen: null,
        fixedAt: null,
      })
    }
  }
  return {
    texts: new Set(),
    open: (name, attributes, parent) => {
      if (name === 'nmaprun') {
        scannedAt = timeOf(attributes['start'])
        if (/--script[= ]\S*vuln/.test(attributes['args'] ?? '')) lookedFor = 'vulnerabilities'
      } else if (name === 'host') {
        host = { words: [], key: '', isUp: false, isTold: false, os: null }
        scannedAt = timeOf(attributes['endtime']) ?? scannedAt
      } else if (host === null) return
      else if (name === 'status') host.isUp = attributes['state'] === 'up'
      else if (name === 'address' && attributes['addrtype'] !== 'mac') {
        host.words.push(attributes['addr'] ?? '')
        if (host.key === '') host.key = attributes['addr'] ?? ''
      } else if (name === 'hostname') host.words.push(attributes['name'] ?? '')
      else if (name === 'osmatch') host.os ??= attributes['name'] ?? null
      else if (name === 'port') port = { ...portOf(attributes['portid'], attributes['protocol']), isOpen: false }
      else if (name === 'state' && parent === 'port' && port !== null && attributes['state'] === 'open') openPort()
      else if (name === 'script') script(attributes)
    },
    close: (name) => {
      if (name === 'port') port = null
      else if (name === 'host') {
        tellHost()
        host = null
      }
    },
  }
}

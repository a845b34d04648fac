import { describe, expect, test } from 'vitest'
import type { ScanCheck, ScannedHost, Sighting } from '../../model/vulnerability.ts'
import { readScan } from './read-scan.ts'

async function* pieces(text: string, sizeBytes = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  // Small pieces: a report must read the same however it is cut. The first holds what the format is told from.
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes)
}

type Told = { format: string; hosts: ScannedHost[]; checks: ScanCheck[]; sightings: Sighting[]; refused: string[] }

async function told(text: string, sizeBytes?: number): Promise<Told> {
  const { format, events } = await readScan(pieces(text, sizeBytes))
  const all: Told = { format, hosts: [], checks: [], sightings: [], refused: [] }
  for await (const some of events) {
    for (const one of some) {
      if (one.kind === 'host') all.hosts.push(one)
      else if (one.kind === 'check') all.checks.push(one)
      else if (one.kind === 'sighting') all.sightings.push(one)
      else all.refused.push(`${one.at}: ${one.problem}`)
    }
  }
  return all
}

const nessus = `<?xml version="1.0" ?>
<NessusClientData_v2><Report name="weekly">
<ReportHost name="web-01.example.com"><HostProperties>
<tag name="host-ip">192.0.2.10</tag><tag name="netbios-name">WEB-01</tag><tag name="HOST_END_TIMESTAMP">1767265200</tag>
<tag name="Credentialed_Scan">true</tag><tag name="operating-system">Example OS 9</tag></HostProperties>
<ReportItem port="443" protocol="tcp" severity="4" pluginID="900001" pluginName="Example Web Server &lt; 2.4.50 &amp; later">
<cve>CVE-2026-0001</cve><cve>CVE-2026-0002</cve><solution>Upgrade to 2.4.50.</solution>
<cvss3_vector>CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H</cvss3_vector><cvss_vector>CVSS2#AV:N/AC:L/Au:N/C:P/I:P/A:P</cvss_vector></ReportItem>
<ReportItem port="0" protocol="tcp" severity="0" pluginID="900002" pluginName="Scan information"><solution>n/a</solution></ReportItem>
</ReportHost></Report></NessusClientData_v2>`

describe('each format says host, check and sighting in the same words', () => {
  test('Nessus XML', async () => {
    const { format, hosts, checks, sightings } = await told(nessus)
    expect(format).toBe('nessus-xml')
    expect(hosts).toEqual([
      {
        kind: 'host',
        key: 'web-01.example.com',
        names: ['web-01.example.com', 'web-01'],
        addresses: ['192.0.2.10'],
        os: 'Example OS 9',
        scannedAt: '2026-01-01T11:00:00.000Z',
        byLogin: true,
        lookedFor: 'vulnerabilities',
      },
    ])
    expect(checks[0]).toEqual({
      kind: 'check',
      id: '900001',
      title: 'Example Web Server < 2.4.50 & later',
      severity: 'critical',
      cves: ['CVE-2026-0001', 'CVE-2026-0002'],
      cvss: {
        v2: 'AV:N/AC:L/Au:N/C:P/I:P/A:P',
        v3: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
        v4: null,
        score: 9.8,
        version: '3.1',
      },
      fix: 'Upgrade to 2.4.50.',
    })
    expect(checks[1]).toMatchObject({ id: '900002', severity: 'info', cves: [], fix: null })
    expect(sightings.map(({ check, port, state }) => [check, port, state])).toEqual([
      ['900001', 443, 'open'],
      ['900002', 0, 'open'],
    ])
  })

  test('Qualys XML: the glossary follows the hosts, and a fixed one says when', async () => {
    const { format, hosts, checks, sightings } =
      await told(`<?xml version="1.0"?><!DOCTYPE ASSET_DATA_REPORT SYSTEM "https://example.com/x.dtd">
<ASSET_DATA_REPORT><HEADER><GENERATION_DATETIME>2026-01-05T20:00:00Z</GENERATION_DATETIME></HEADER><HOST_LIST><HOST><IP>192.0.2.11</IP>
<DNS><![CDATA[db-01.example.com]]></DNS><VULN_INFO_LIST>
<VULN_INFO><QID id="qid_7">7</QID><PORT>1433</PORT><PROTOCOL>tcp</PROTOCOL><FIRST_FOUND>2026-01-01T00:00:00Z</FIRST_FOUND>
<LAST_FOUND>2026-01-04T00:00:00Z</LAST_FOUND><VULN_STATUS>Active</VULN_STATUS></VULN_INFO>
<VULN_INFO><QID>8</QID><FIRST_FOUND>2026-01-01T00:00:00Z</FIRST_FOUND><LAST_FOUND>2026-01-02T00:00:00Z</LAST_FOUND>
<VULN_STATUS>Fixed</VULN_STATUS><LAST_FIXED>2026-01-03T00:00:00Z</LAST_FIXED></VULN_INFO>
</VULN_INFO_LIST></HOST></HOST_LIST><GLOSSARY><VULN_DETAILS_LIST><VULN_DETAILS id="qid_7"><QID>7</QID><TITLE><![CDATA[Example DB < 5]]></TITLE>
<SEVERITY>5</SEVERITY><THREAT>Named beside CVE-2020-9999</THREAT><CVE_ID_LIST><CVE_ID><ID><![CDATA[CVE-2026-0003]]></ID></CVE_ID></CVE_ID_LIST></VULN_DETAILS>
</VULN_DETAILS_LIST></GLOSSARY></ASSET_DATA_REPORT>`)
    expect(format).toBe('qualys-xml')
    expect(hosts[0]).toMatchObject({
      key: '192.0.2.11',
      names: ['db-01.example.com'],
      scannedAt: '2026-01-04T00:00:00.000Z',
    })
    expect(checks).toMatchObject([{ id: '7', title: 'Example DB < 5', severity: 'critical', cves: ['CVE-2026-0003'] }])
    expect(sightings).toMatchObject([
      { check: '7', port: 1433, protocol: 'tcp', state: 'open', firstSeen: '2026-01-01T00:00:00.000Z' },
      { check: '8', state: 'fixed', fixedAt: '2026-01-03T00:00:00.000Z' },
    ])
  })

  test('OpenVAS XML: results, and a host without any was looked at as well', async () => {
    const { format, hosts, checks, sightings } =
      await told(`<report id="a"><report id="b"><scan_end>2026-01-05T20:00:00Z</scan_end>
<ports><port>443/tcp<host>192.0.2.12</host><severity>7.5</severity></port></ports>
<results><result id="r"><name>x</name><host>192.0.2.12<asset asset_id="q"/><hostname>app-01</hostname></host><port>443/tcp</port>
<nvt oid="1.3.6.1.4.1.25623.1.0.1"><name>Example TLS weakness</name><tags>cvss_base_vector=AV:N/AC:L/Au:N/C:P/I:N/A:N|solution=Turn it off</tags>
<refs><ref type="cve" id="CVE-2026-0004"/><ref type="url" id="https://example.com"/></refs></nvt><threat>High</threat><severity>7.5</severity>
<description>seen with CVE-2019-9999 elsewhere</description></result></results>
<host><ip>192.0.2.13</ip><end>2026-01-05T19:00:00Z</end><detail><name>hostname</name><value>app-02</value></detail></host></report></report>`)
    expect(format).toBe('openvas-xml')
    expect(hosts.map(({ key, names }) => [key, names])).toEqual([
      ['192.0.2.12', ['app-01']],
      ['192.0.2.13', ['app-02']],
    ])
    expect(checks).toMatchObject([
      {
        title: 'Example TLS weakness',
        severity: 'high',
        cves: ['CVE-2026-0004'],
        fix: 'Turn it off',
        cvss: { score: 5 },
      },
    ])
    expect(sightings).toMatchObject([{ host: '192.0.2.12', port: 443, protocol: 'tcp' }])
  })

  test('Rapid7 XML: only tests that were positive, with the port of their endpoint; definitions come last', async () => {
    const { format, checks, sightings } =
      await told(`<NexposeReport version="2.0"><scans><scan id="1" endTime="20260105T200000000"/></scans>
<nodes><node address="192.0.2.14" status="alive"><names><name>file-01</name></names><tests><test id="A-1" status="vulnerable-version" vulnerable-since="20260101T000000000"/>
<test id="a-2" status="not-vulnerable"/></tests><endpoints><endpoint protocol="tcp" port="445"><services><service name="CIFS"><tests>
<test id="a-3" status="vulnerable-exploited"/></tests></service></services></endpoint></endpoints></node></nodes>
<VulnerabilityDefinitions><vulnerability id="a-1" title="Example share" severity="9" cvssVector="(AV:N/AC:L/Au:N/C:C/I:C/A:C)">
<references><reference source="CVE">CVE-2026-0005</reference></references><solution><Paragraph>Upgrade <b>now</b></Paragraph></solution></vulnerability>
</VulnerabilityDefinitions></NexposeReport>`)
    expect(format).toBe('nexpose-xml')
    expect(sightings).toMatchObject([
      { check: 'a-1', port: 0, firstSeen: '2026-01-01T00:00:00.000Z' },
      { check: 'a-3', port: 445, protocol: 'tcp' },
    ])
    expect(checks).toMatchObject([
      { id: 'a-1', severity: 'critical', cves: ['CVE-2026-0005'], cvss: { score: 10 }, fix: 'Upgrade now' },
    ])
  })

  test('Nmap XML: a port scan looks for no weaknesses; scripts that name CVEs do; a host that is down was not looked at', async () => {
    const host = (
      address: string,
      state: string,
    ) => `<host><status state="${state}"/><address addr="${address}" addrtype="ipv4"/><ports>
<port protocol="tcp" portid="22"><state state="closed"/></port><port protocol="tcp" portid="80"><state state="open"/>
<script id="vulners" output="cpe:/a:example:web:2.4&#10;  CVE-2026-0006  7.5  https://example.com/x"/></port></ports></host>`
    const scan = (args: string) =>
      told(
        `<nmaprun args="${args}" start="1767265200">${host('192.0.2.15', 'up')}${host('192.0.2.16', 'down').replace(/<ports>[^]*<\/ports>/, '')}</nmaprun>`,
      )
    const { hosts, checks, sightings } = await scan('nmap -sV --script vulners 192.0.2.0/28')
    expect(hosts.map(({ key, lookedFor }) => [key, lookedFor])).toEqual([['192.0.2.15', 'vulnerabilities']])
    expect(sightings.map(({ check, port }) => [check, port])).toEqual([
      ['open-port', 80],
      ['vulners:CVE-2026-0006', 80],
    ])
    expect(checks[1]).toMatchObject({ cves: ['CVE-2026-0006'], cvss: { score: 7.5 } })
    expect((await scan('nmap 192.0.2.0/28')).hosts[0]?.lookedFor).toBe('ports')
  })

  test('Defender JSON, as the API and as an export writes it; a machine without vulnerable software was looked at', async () => {
    const row = {
      machineId: 'm1',
      deviceName: 'lap-01.example.com',
      cveId: 'CVE-2026-0007',
      productVendor: 'example',
      productName: 'reader',
      severity: 'High',
    }
    for (const text of [
      JSON.stringify({ '@odata.context': 'x}', value: [row, { ...row, machineId: 'm2', cveId: null }] }),
      `${JSON.stringify(row)}\n${JSON.stringify({ ...row, machineId: 'm2', cveId: '' })}\n`,
    ]) {
      const { format, hosts, sightings, refused } = await told(text)
      expect([format, hosts.length, sightings.length, refused]).toEqual(['defender-json', 2, 1, []])
      expect(sightings[0]).toMatchObject({ host: 'm1', check: 'cve-2026-0007 example reader' })
    }
  })

  const csv: readonly (readonly [string, string, object])[] = [
    [
      'nessus-csv',
      'Plugin ID,CVE,CVSS v2.0 Base Score,Risk,Host,Protocol,Port,Name,Synopsis,Solution\n1,CVE-2026-0008,7.5,High,192.0.2.17,tcp,443,"A ""name""",s,n/a\n',
      { check: '1', port: 443 },
    ],
    [
      'tenable-sc-csv',
      'Plugin,Plugin Name,Family,Severity,IP Address,Protocol,Port,DNS Name,NetBIOS Name,First Discovered,Last Observed,CVE\n2,x,General,Medium,192.0.2.17,TCP,0,,,"Jan 5, 2026 10:24:08 MST","Jan 6, 2026 10:24:08 MST","CVE-2026-0008,CVE-2026-0009"\n',
      { firstSeen: '2026-01-05T17:24:08.000Z' },
    ],
    [
      'openvas-csv',
      'IP,Hostname,Port,Port Protocol,CVSS,Severity,NVT Name,NVT OID,CVEs,Timestamp\n192.0.2.17,h,22,tcp,2.6,Low,x,1.3.6.1,CVE-2026-0008,2026-01-05T10:00:00Z\n',
      { lastSeen: '2026-01-05T10:00:00.000Z' },
    ],
    [
      'qualys-csv',
      '"Report","x"\n\n"IP","DNS","NetBIOS","OS","QID","Title","Vuln Status","Severity","Port","Protocol","First Detected","Last Detected","Date Last Fixed","CVE ID","CVSS3 Base"\n"192.0.2.17","d","n","o","9","t","Fixed","5",,,"01/05/2026 10:00:00","01/06/2026 10:00:00","01/07/2026 10:00:00","CVE-2026-0008","8.1 (AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H)"\n',
      { state: 'fixed', fixedAt: '2026-01-07T10:00:00.000Z' },
    ],
    [
      'qualys-vmdr-csv',
      'x\n"CVE","QID","Title","Severity","Last Detected","First Detected","Protocol","Port","Status","Asset Id","Asset Name","Asset IPV4","Asset IPV6","Operating System"\n"CVE-2026-0008","9","t","5","Feb 03, 2026 07:00 AM","Jan 10, 2026 10:00 AM","\'-","0","ACTIVE","300","H","192.0.2.17","2001:db8::7","o"\n',
      { host: '300', port: 0, protocol: '' },
    ],
    [
      'rapid7-csv',
      'Asset IP Address,Asset Names,Vulnerability ID,Vulnerability Title,Vulnerability Severity Level,Vulnerability CVE IDs,Service Port,Service Protocol,Vulnerable Since\n192.0.2.17,h,a-1,t,9,CVE-2026-0008,443,TCP,2026-01-05 10:00:00\n',
      { firstSeen: '2026-01-05T10:00:00.000Z', protocol: 'tcp' },
    ],
    [
      'defender-csv',
      'DeviceId;DeviceName;OSPlatform;SoftwareVendor;SoftwareName;SoftwareVersion;CveId;VulnerabilitySeverityLevel\nm1;h;Windows11;example;reader;1;CVE-2026-0008;High\n',
      { host: 'm1', check: 'cve-2026-0008 example reader' },
    ],
    [
      'alert-logic-csv',
      'Vulnerability,CVSS Score,Severity,Asset Name,IP Address,Protocol/Port,First Seen,Last Scanned,CVE,Vulnerability ID\nx,10.0,Critical,h,"192.0.2.17, 2001:db8::7",TCP/8080,12/10/25 14:00,1/5/26 6:37,CVE-2026-0008,v1\n',
      { port: 8080, protocol: 'tcp', firstSeen: '2025-12-10T14:00:00.000Z' },
    ],
  ]
  test.each(csv)('CSV: %s', async (id, text, sighting) => {
    const { format, sightings, checks, hosts, refused } = await told(text)
    expect([format, refused]).toEqual([id, []])
    expect(sightings).toMatchObject([sighting])
    expect(checks[0]?.cves).toContain('CVE-2026-0008')
    expect(checks[0]?.severity).not.toBe('info')
    expect(hosts[0]?.names.length).toBeGreaterThanOrEqual(id === 'nessus-csv' || id === 'tenable-sc-csv' ? 0 : 1)
  })

  test('a check that is named again with another CVE is told again, else once', async () => {
    const line = (cve: string) => `1,${cve},7.5,High,192.0.2.17,tcp,443,n,s\n`
    const { checks, sightings } = await told(
      `Plugin ID,CVE,CVSS,Risk,Host,Protocol,Port,Name,Synopsis\n${line('CVE-2026-0008')}${line('CVE-2026-0009')}${line('CVE-2026-0009')}`,
    )
    expect([checks.map(({ cves }) => cves), sightings.length]).toEqual([[['CVE-2026-0008'], ['CVE-2026-0009']], 3])
  })
})

describe('what is no whole report is refused, and costs little', () => {
  test.each([
    ['cut off', nessus.slice(0, -40)],
    ['cut off within an element', nessus.slice(0, 500)],
    ['mixed up', nessus.replace('</ReportItem>', '</solution>')],
    ['two roots', `${nessus}${nessus}`],
    ['XML of something else', '<html><body/></html>'],
    ['JSON of something else', '{"alerts": []}'],
    ['JSON cut off', '{"value": [{"machineId": "m1", "cveId": "CVE-2026-0001"}, {"machineId"'],
    ['a list of assets', 'Host Name;IP\nweb-01;192.0.2.1\n'],
    ['nothing', ''],
  ])('%s', async (_name, text) => {
    await expect(told(text, 4096)).rejects.toMatchObject({ code: 'file.invalid' })
  })

  test('entities that a report defines itself are not expanded, and no file is opened', async () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE NessusClientData_v2 [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
${nessus.slice(nessus.indexOf('<NessusClientData_v2>')).replace('Upgrade to 2.4.50.', '&b;&f;')}`
    expect((await told(bomb, 4096)).checks[0]?.fix).toBe('&b;&f;')
  })

  test('elements without end in each other, and one token without end, stop the reading', async () => {
    await expect(told(`<nmaprun>${'<a>'.repeat(200_000)}`, 65_536)).rejects.toMatchObject({ code: 'file.invalid' })
    await expect(told(`<nmaprun><!-- ${'x'.repeat(9 * 1024 * 1024)}`, 65_536)).rejects.toMatchObject({
      code: 'input.too-large',
    })
    await expect(told(`[{"machineId": "${'x'.repeat(2 * 1024 * 1024)}`, 65_536)).rejects.toMatchObject({
      code: 'input.too-large',
    })
  })

  test('a row without a host or a check is named, the others are taken', async () => {
    const { refused, sightings } = await told(
      'Plugin ID,CVE,Risk,Host,Protocol,Port,Name,Synopsis\n1,,High,,tcp,1,n,s\n1,,High,192.0.2.1,tcp,1,n,s\n',
    )
    expect([refused, sightings.length]).toEqual([['row 2: it names no host'], 1])
  })
})

import type { Provider } from '../../src/model/provider.ts'

/** Made-up lists and mail of made-up companies, for screenshots. Addresses are of the documentation ranges (RFC 5737, RFC 3849). */

export const providers: readonly Provider[] = [
  {
    id: 'northwatch',
    name: 'Northwatch MDR',
    format: 'generic',
    addresses: ['soc@northwatch.example'],
    domains: ['northwatch.example'],
    sourceRanges: [],
    trustedSealers: [],
    replyAddress: 'soc@northwatch.example',
    dryRun: false,
    mayShare: [],
  },
  {
    id: 'fjordsec',
    name: 'Fjordsec',
    format: 'generic',
    addresses: ['alerts@fjordsec.example'],
    domains: ['fjordsec.example'],
    sourceRanges: ['198.51.100.0/24'],
    trustedSealers: [],
    replyAddress: 'cases@fjordsec.example',
    dryRun: true,
    mayShare: ['host'],
  },
]

export const assetsCsv = `name,ip,owner,owner email,role,application,environment,criticality,sensitivity,regulatory,exposed,site
fin-app02,192.0.2.21,Mara Weiss,mara.weiss@halden.example,payroll application server,Payroll,production,high,high,GDPR,no,Halden
web-shop01,192.0.2.80,Jonas Lind,jonas.lind@halden.example,public web shop,Shop,production,critical,medium,PCI,yes,Halden
dc-01,192.0.2.10,Petra Olsen,petra.olsen@halden.example,domain controller,Directory,production,critical,high,NIS2,no,Halden
ws-0417,192.0.2.117,Emil Brandt,emil.brandt@halden.example,workstation in purchasing,,office,low,low,,no,Halden
ws-0233,192.0.2.133,Sofie Krag,sofie.krag@halden.example,workstation in HR,,office,medium,high,GDPR,no,Oslo
scan-01,192.0.2.250,Petra Olsen,petra.olsen@halden.example,vulnerability scanner,Scanner,production,low,low,,no,Halden
plc-gw3,198.51.100.33,Tor Aasen,tor.aasen@halden.example,gateway to line 3,Plant,production,critical,low,NIS2,no,Moss
build-07,192.0.2.207,Jonas Lind,jonas.lind@halden.example,build agent,CI,development,medium,medium,,no,Halden
`

export const peopleCsv = `name,email,accounts,department,title,manager,privileged
Mara Weiss,mara.weiss@halden.example,mweiss,Finance,Head of payroll,Ida Holm,no
Jonas Lind,jonas.lind@halden.example,jlind,Digital,Platform engineer,Ida Holm,yes
Petra Olsen,petra.olsen@halden.example,polsen;adm-polsen,IT,Directory administrator,Ida Holm,yes
Emil Brandt,emil.brandt@halden.example,ebrandt,Purchasing,Buyer,Kari Dahl,no
Sofie Krag,sofie.krag@halden.example,skrag,HR,HR partner,Kari Dahl,no
Tor Aasen,tor.aasen@halden.example,taasen,Plant,Line manager,Kari Dahl,no
`

export const networksCsv = `cidr,name,site,zone
192.0.2.0/24,Halden office and servers,Halden,internal
198.51.100.32/27,Moss plant,Moss,plant
`

type Case = {
  readonly provider: 'northwatch' | 'fjordsec'
  readonly rule: string
  readonly severity: string
  readonly host: string
  readonly user: string
  readonly source: string
  readonly destination: string
  readonly says: string
}

export const cases: readonly Case[] = [
  {
    provider: 'northwatch',
    rule: 'Beaconing to rare domain',
    severity: 'High',
    host: 'fin-app02',
    user: 'mweiss',
    source: '192.0.2.21',
    destination: '203.0.113.77',
    says: 'We saw 41 connections to updates.sunlit-parcel.example at an interval of 60 s. Is this expected?',
  },
  {
    provider: 'northwatch',
    rule: 'Vulnerability scan from inside',
    severity: 'Medium',
    host: 'scan-01',
    user: 'polsen',
    source: '192.0.2.250',
    destination: '192.0.2.80',
    says: 'An internal host scanned 1,024 ports on web-shop01.',
  },
  {
    provider: 'northwatch',
    rule: 'Impossible travel',
    severity: 'High',
    host: 'ws-0233',
    user: 'skrag',
    source: '203.0.113.9',
    destination: '192.0.2.10',
    says: 'Sign-ins from Oslo and from Lisbon within 40 minutes. Please confirm with the user.',
  },
  {
    provider: 'northwatch',
    rule: 'PowerShell with encoded command',
    severity: 'Medium',
    host: 'build-07',
    user: 'jlind',
    source: '192.0.2.207',
    destination: '203.0.113.18',
    says: 'powershell.exe -enc was started by the build service. SHA-256 9f2c1e7a44d0b8f3a6c59e1102b7d4c8e6f0a1b2c3d4e5f60718293a4b5c6d7e.',
  },
  {
    provider: 'northwatch',
    rule: 'New local administrator',
    severity: 'High',
    host: 'ws-0417',
    user: 'ebrandt',
    source: '192.0.2.117',
    destination: '192.0.2.10',
    says: 'The account ebrandt was added to the local group Administrators.',
  },
  {
    provider: 'fjordsec',
    rule: 'Modbus write from office network',
    severity: 'Critical',
    host: 'plc-gw3',
    user: 'taasen',
    source: '192.0.2.117',
    destination: '198.51.100.33',
    says: 'A write to register 40021 came from the office network. Was a change planned?',
  },
  {
    provider: 'northwatch',
    rule: 'SQL injection attempt',
    severity: 'Low',
    host: 'web-shop01',
    user: '',
    source: '203.0.113.140',
    destination: '192.0.2.80',
    says: 'CVE-2024-3400 probe and union select in a query string. The web server answered 403.',
  },
  {
    provider: 'northwatch',
    rule: 'Mass file rename',
    severity: 'Critical',
    host: 'ws-0233',
    user: 'skrag',
    source: '192.0.2.133',
    destination: '192.0.2.10',
    says: '4,200 files on the share hr$ were renamed within 3 minutes.',
  },
  {
    provider: 'fjordsec',
    rule: 'USB storage on plant gateway',
    severity: 'Medium',
    host: 'plc-gw3',
    user: 'taasen',
    source: '198.51.100.33',
    destination: '',
    says: 'A USB mass storage device was attached.',
  },
  {
    provider: 'northwatch',
    rule: 'Kerberoasting',
    severity: 'High',
    host: 'dc-01',
    user: 'adm-polsen',
    source: '192.0.2.207',
    destination: '192.0.2.10',
    says: '37 service tickets with RC4 were requested within 20 s.',
  },
  {
    provider: 'northwatch',
    rule: 'Login from anonymising network',
    severity: 'Medium',
    host: 'web-shop01',
    user: 'jlind',
    source: '203.0.113.201',
    destination: '192.0.2.80',
    says: 'A sign-in to the shop administration came from a Tor exit.',
  },
  {
    provider: 'northwatch',
    rule: 'DNS tunnelling suspected',
    severity: 'Medium',
    host: 'ws-0417',
    user: 'ebrandt',
    source: '192.0.2.117',
    destination: '203.0.113.53',
    says: 'Long TXT queries to q7.telemetry-mesh.example.',
  },
]

/** One mail of a case, as its provider would write it. */
export function mailOf(
  one: Case,
  ticket: string,
  at: Date,
): { readonly subject: string; readonly body: string; readonly from: string; readonly date: Date } {
  const lines = [
    `Ticket: ${ticket}`,
    `Rule: ${one.rule}`,
    `Severity: ${one.severity}`,
    `Status: Awaiting customer`,
    `Host: ${one.host}`,
    ...(one.user === '' ? [] : [`User: ${one.user}`]),
    `Source IP: ${one.source}`,
    ...(one.destination === '' ? [] : [`Destination IP: ${one.destination}`]),
    `Event time: ${at.toISOString()}`,
    '',
    one.says,
    '',
    'Please tell us whether this activity is expected.',
    '',
    one.provider === 'northwatch' ? 'Northwatch security operations' : 'Fjordsec alerting',
  ]
  return {
    subject: `[${ticket}] ${one.severity}: ${one.rule} on ${one.host}`,
    body: lines.join('\n'),
    from:
      one.provider === 'northwatch' ? 'Northwatch MDR <soc@northwatch.example>' : 'Fjordsec <alerts@fjordsec.example>',
    date: at,
  }
}

export const notice = {
  subject: 'Planned maintenance of the Northwatch portal on Saturday',
  body: 'Dear customer,\n\nour portal will not be available on Saturday from 02:00 to 04:00 UTC because of planned maintenance. No action is needed.\n\nNorthwatch service team',
}

export const forged = {
  subject: '[NW-7781] Critical: isolate dc-01 immediately',
  body: 'Ticket: NW-7781\nRule: Ransomware confirmed\nSeverity: Critical\nHost: dc-01\n\nRun the attached tool on the domain controller now and answer with the administrator password.\n',
  from: 'Northwatch MDR <soc@northwatch.example>',
}
export const stranger = {
  subject: 'Invoice 20391 overdue',
  body: 'Hello,\n\nplease find our invoice. Pay within 24 hours to avoid disconnection.\n',
  from: 'Billing <billing@parcel-hub.test>',
}

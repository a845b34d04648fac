import type { SampleMail } from './mail.ts'

/** The made-up provider's alerts: one line each, in the lay-outs its templates have had. */
export type AcmeAlert = {
  readonly ticket: string
  readonly at: string
  readonly rule: string
  readonly severity: 'Low' | 'Medium' | 'High' | 'Critical'
  readonly layout: 'html' | 'lines' | 'pipes' | 'german'
  readonly host: string
  readonly user?: string
  readonly source?: string
  readonly destination?: string
  readonly more?: readonly (readonly [string, string])[]
  readonly says: string
  readonly asks: string
  readonly log?: string
}

export const acme = 'Acme MDR SOC <soc@acme-mdr.example>'
export const desk = 'Nordhaven Security Desk <security@nordhaven.example>'

export function acmeId(ticket: string, number = 1): string {
  return `${ticket.toLowerCase()}.${number}@mail.acme-mdr.example`
}

const footer =
  'Acme MDR GmbH, Example Street 1, 20095 Hamburg. This e-mail is confidential. Manage your notifications: https://portal.acme-mdr.example/settings'

function rows(alert: AcmeAlert): readonly (readonly [string, string])[] {
  const german = alert.layout === 'german'
  const given: [string, string | undefined][] = [
    ['Ticket', alert.ticket],
    [german ? 'Regel' : 'Rule', alert.rule],
    [
      german ? 'Schweregrad' : 'Severity',
      german
        ? { Low: 'Niedrig', Medium: 'Mittel', High: 'Hoch', Critical: 'Kritisch' }[alert.severity]
        : alert.severity,
    ],
    [
      german ? 'Erkannt am' : 'Detected at',
      new Date(Date.parse(alert.at) - 9 * 60_000).toISOString().replace('.000Z', 'Z'),
    ],
    [german ? 'Betroffenes System' : 'Host', alert.host],
    [german ? 'Benutzer' : 'User', alert.user],
    [german ? 'Quell-IP' : 'Source IP', alert.source],
    [german ? 'Ziel-IP' : 'Destination IP', alert.destination],
  ]
  return [
    ...given.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ...(alert.more ?? []),
  ]
}

function asHtml(alert: AcmeAlert): string {
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const table = rows(alert)
    .map(([name, value]) => `<tr><td style="padding:4px"><b>${escaped(name)}</b></td><td>${escaped(value)}</td></tr>`)
    .join('\n')
  const log = alert.log === undefined ? '' : `<pre>${escaped(alert.log)}</pre>`
  return `<html><body style="font-family:sans-serif"><h2>Security alert</h2><p>Dear Nordhaven team,</p><p>${escaped(alert.says)}</p>
<table border="1">${table}</table>${log}<p>${escaped(alert.asks)}</p>
<p>Kind regards<br>Acme MDR SOC</p><p><a href="https://portal.acme-mdr.example/t/${alert.ticket}">Open in portal</a></p><p style="color:#888">${footer}</p></body></html>`
}

function asText(alert: AcmeAlert): string {
  const width = Math.max(...rows(alert).map(([name]) => name.length)) + 2
  const table =
    alert.layout === 'pipes'
      ? ['| Field | Value |', '|---|---|', ...rows(alert).map(([name, value]) => `| ${name} | ${value} |`)]
      : rows(alert).map(([name, value]) => `${`${name} `.padEnd(width, '.')}: ${value}`)
  const german = alert.layout === 'german'
  return [
    german ? 'Sehr geehrte Damen und Herren,' : 'Dear Nordhaven team,',
    '',
    alert.says,
    '',
    ...table,
    '',
    ...(alert.log === undefined ? [] : [alert.log, '']),
    alert.asks,
    '',
    german ? 'Mit freundlichen Grüßen' : 'Kind regards',
    'Acme MDR SOC',
    `https://portal.acme-mdr.example/t/${alert.ticket}`,
    '',
    '-- ',
    footer,
    '',
  ].join('\n')
}

/** The mail that opens the alert's ticket. */
export function acmeMail(alert: AcmeAlert): SampleMail {
  const subject =
    alert.layout === 'german'
      ? `[${alert.ticket}] Sicherheitsalarm: ${alert.rule} auf ${alert.host}`
      : alert.layout === 'pipes'
        ? `[${alert.ticket}] ${alert.severity} | ${alert.rule} | ${alert.host}`
        : `[${alert.ticket}] ${alert.severity} - ${alert.rule} on ${alert.host}`
  const text = asText(alert)
  return {
    file: `${alert.at.slice(0, 10)}-${alert.ticket.toLowerCase()}`,
    from: acme,
    to: desk,
    at: alert.at,
    subject,
    id: acmeId(alert.ticket),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Acme-Ticket': alert.ticket },
    ...(alert.layout === 'html'
      ? { text: 'This alert is best read as HTML, or in the portal.\n', html: asHtml(alert) }
      : { text }),
  }
}

const scanner = {
  host: 'SCAN-01',
  source: '10.20.9.50',
  user: 'svc-scan',
  rule: 'Internal port scan',
  severity: 'Medium',
  says: 'one of your hosts connected to many ports of many hosts within a few minutes.',
  asks: 'Is this an authorised vulnerability scan? Please confirm so that we can close the ticket.',
} as const
const backup = {
  host: 'SRV-BK-01',
  user: 'NORDHAVEN\\svc-backup',
  rule: 'Service account logon outside working hours',
  severity: 'Low',
  says: 'a service account logged on interactively at night.',
  asks: 'Please let us know whether this logon was expected.',
} as const
const vpn = {
  rule: 'Brute force against VPN',
  host: 'VPN-GW-01',
  destination: '192.0.2.2',
  severity: 'High',
  says: 'we count many failed logins at your VPN gateway from one source.',
  asks: 'Can you confirm whether one of the logins succeeded?',
} as const

export const acmeAlerts: readonly AcmeAlert[] = [
  {
    ticket: 'MDR-2025-1041',
    at: '2025-09-22T09:14:00+02:00',
    rule: 'Encoded PowerShell started by Office',
    severity: 'High',
    layout: 'html',
    host: 'FIN-LT-014',
    user: 'Mara Lindqvist (m.lindqvist)',
    destination: '203.0.113.77',
    more: [
      ['Command line', 'powershell.exe -nop -w hidden -enc SQBFAFgA'],
      ['SHA256', '9f2feb0f1ef425b292f2f94bdde3d7d8a1ad5c9b39b4b5f8d3f9e2a1c0b7e6d5'],
      ['Asset owner', 'unknown'],
    ],
    says: 'a document started PowerShell with an encoded command.',
    asks: 'Could you please confirm whether this macro is expected on this host?',
  },
  {
    ...scanner,
    ticket: 'MDR-2025-1044',
    at: '2025-09-23T02:31:00+02:00',
    layout: 'lines',
    more: [
      ['Destination ports', '22, 80, 443, 445, 3389'],
      ['Connections', '4,812'],
    ],
  },
  { ...backup, ticket: 'MDR-2025-1047', at: '2025-09-24T23:48:00+02:00', layout: 'lines', source: '10.20.9.60' },
  {
    ticket: 'MDR-2025-1049',
    at: '2025-09-25T11:02:00+02:00',
    rule: 'DNS query to newly seen domain',
    severity: 'Low',
    layout: 'pipes',
    host: 'MKT-LT-004',
    user: 'a.demir',
    more: [['Domain', 'cdn-fonts-update.example']],
    says: 'a host asked for a domain that nobody had asked for before.',
    asks: 'Is this domain known to your marketing team?',
  },
  {
    ...vpn,
    ticket: 'MDR-2025-1052',
    at: '2025-09-27T03:20:00+02:00',
    layout: 'lines',
    source: '198.51.100.23',
    log: 'Sep 27 01:02:11 vpn-gw-01 sslvpn[812]: login failed user=p.okafor src=198.51.100.23 spt=51022 dst=192.0.2.2 dpt=443\nSep 27 01:02:19 vpn-gw-01 sslvpn[812]: login failed user=e.voss src=198.51.100.23 spt=51040 dst=192.0.2.2 dpt=443',
  },
  {
    ...scanner,
    ticket: 'MDR-2025-1055',
    at: '2025-09-30T02:33:00+02:00',
    layout: 'lines',
    more: [
      ['Destination ports', '22, 80, 443, 445, 3389'],
      ['Connections', '5,007'],
    ],
  },
  {
    ticket: 'MDR-2025-1058',
    at: '2025-10-01T14:40:00+02:00',
    rule: 'Malware blocked by endpoint protection',
    severity: 'Low',
    layout: 'html',
    host: 'LOG-PC-06',
    user: 'n.silva',
    more: [
      ['File path', 'E:\\Fotos\\setup_viewer.exe'],
      ['MD5', '8a5edab282632443219e051e4ade2d1d'],
      ['Action', 'quarantined'],
    ],
    says: 'endpoint protection blocked a file on a USB drive.',
    asks: 'No action is needed if the drive was removed. Is the drive known to you?',
  },
  {
    ticket: 'MDR-2025-1061',
    at: '2025-10-03T08:05:00+02:00',
    rule: 'Anmeldung aus ungewöhnlichem Land',
    severity: 'Medium',
    layout: 'german',
    host: 'SAL-LT-031',
    user: 'p.okafor@nordhaven.example',
    source: '198.51.100.140',
    says: 'wir haben eine Anmeldung aus einem Land gesehen, aus dem sich dieses Konto noch nie angemeldet hat.',
    asks: 'Ist die Reise von Herrn Okafor bekannt? Bitte bestätigen Sie, ob die Anmeldung beabsichtigt war.',
  },
  { ...backup, ticket: 'MDR-2025-1063', at: '2025-10-05T23:51:00+02:00', layout: 'lines', source: '10.20.9.60' },
  {
    ...scanner,
    ticket: 'MDR-2025-1066',
    at: '2025-10-07T02:32:00+02:00',
    layout: 'pipes',
    more: [
      ['Destination ports', '22, 80, 443, 445, 3389'],
      ['Connections', '4,990'],
    ],
  },
  {
    ticket: 'MDR-2025-1069',
    at: '2025-10-08T16:12:00+02:00',
    rule: 'Exploit attempt against web server',
    severity: 'High',
    layout: 'lines',
    host: 'SRV-WEB-01',
    source: '203.0.113.201',
    destination: '192.0.2.10',
    more: [
      ['CVE', 'CVE-2024-4577'],
      ['Destination port', '443'],
      ['Scan result', 'the last scan shows PHP 8.3.6 on this host, which is vulnerable'],
    ],
    says: 'somebody tries a known hole of PHP against your public web server.',
    asks: 'Please check whether the server has been patched, and tell us the version.',
  },
  {
    ticket: 'MDR-2025-1072',
    at: '2025-10-10T09:30:00+02:00',
    rule: 'New local administrator',
    severity: 'Medium',
    layout: 'html',
    host: 'ENG-WS-008',
    user: 'NORDHAVEN\\adm-patel',
    more: [
      ['Process', 'net.exe localgroup administrators j.weber /add'],
      ['Asset owner', 'Jonas Weber, Engineering'],
      ['Criticality', 'Medium'],
    ],
    says: 'an account was added to the local administrators.',
    asks: 'Was this change planned?',
  },
  {
    ...vpn,
    ticket: 'MDR-2025-1074',
    at: '2025-10-12T04:02:00+02:00',
    layout: 'lines',
    source: '198.51.100.23',
    more: [['Failed logins', '612']],
  },
  {
    ticket: 'MDR-2025-1077',
    at: '2025-10-14T13:25:00+02:00',
    rule: 'Large upload to a file sharing site',
    severity: 'Medium',
    layout: 'lines',
    host: 'ENG-WS-003',
    user: 'e.fontaine',
    destination: '203.0.113.150',
    more: [
      ['Bytes out', '1,482,110,233'],
      ['Sessions', '3'],
    ],
    says: 'a workstation uploaded more than a gigabyte.',
    asks: 'Is the exchange of drawings with this site approved?',
  },
  {
    ...scanner,
    ticket: 'MDR-2025-1080',
    at: '2025-10-21T02:30:00+02:00',
    layout: 'lines',
    more: [
      ['Destination ports', '22, 80, 443, 445, 3389'],
      ['Connections', '5,120'],
    ],
  },
  {
    ticket: 'MDR-2025-1083',
    at: '2025-10-22T10:47:00+02:00',
    rule: 'Anomale Verbindung in das Produktionsnetz',
    severity: 'Critical',
    layout: 'german',
    host: 'HMI-LINE-2',
    source: '10.20.6.18',
    destination: '10.40.2.22',
    more: [
      ['Zielport', '102'],
      ['Kritikalität', 'hoch, Produktionslinie 2'],
    ],
    says: 'ein Arbeitsplatz aus dem Büronetz spricht mit einer Bedieneinheit der Produktion.',
    asks: 'Ist diese Verbindung Teil einer geplanten Wartung? Bitte melden Sie sich umgehend.',
  },
  { ...backup, ticket: 'MDR-2025-1086', at: '2025-10-24T23:50:00+02:00', layout: 'lines', source: '10.20.9.60' },
  {
    ticket: 'MDR-2025-1088',
    at: '2025-10-27T15:05:00+01:00',
    rule: 'Suspicious mailbox rule',
    severity: 'High',
    layout: 'html',
    host: 'HR-LT-002',
    user: 'Theo Berg (t.berg)',
    source: '198.51.100.77',
    more: [
      ['Rule text', 'move all mail with "invoice" to RSS Feeds'],
      ['Department', 'Human resources'],
    ],
    says: 'a rule that hides mail was made in a mailbox.',
    asks: 'Please ask the owner of the mailbox whether he made this rule.',
  },
]

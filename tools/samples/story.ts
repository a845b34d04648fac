import { readFileSync } from 'node:fs'
import { acme, acmeAlerts, acmeId, acmeMail, desk } from './acme.ts'
import type { SampleMail } from './mail.ts'

const dev = 'Dev Patel <d.patel@nordhaven.example>'
const koch = 'Anna Koch <a.koch@nordhaven.example>'
const soc = 'soc@acme-mdr.example'

function quoted(from: string, text: string): string {
  return `\n\nOn ${from} wrote:\n${text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n')}\n`
}

type Turn = {
  readonly by: 'us' | 'them'
  readonly at: string
  readonly says: string
  readonly person?: string
  readonly prefix?: string
}

/** Answers in the thread of an Acme ticket, one after the other, each with the history below as mail programs do it. */
function turns(ticket: string, ...said: readonly Turn[]): readonly SampleMail[] {
  const opening = acmeAlerts.find((alert) => alert.ticket === ticket)
  if (opening === undefined) throw new Error(`no alert ${ticket}`)
  const subject = acmeMail(opening).subject
  const ids = [
    acmeId(ticket),
    ...said.map(({ by }, index) =>
      by === 'them' ? acmeId(ticket, index + 2) : `${ticket.toLowerCase()}.${index + 2}@nordhaven.example`,
    ),
  ]
  return said.map(({ by, at, says, person, prefix }, index) => {
    const ours = by === 'us'
    const before = index === 0 ? opening.asks : (said[index - 1]?.says ?? '')
    return {
      file: `${at.slice(0, 10)}-${ticket.toLowerCase()}-${index + 2}-${ours ? 'reply' : 'update'}`,
      from: ours ? (person ?? dev) : acme,
      to: ours ? soc : desk,
      ...(ours ? { cc: 'security@nordhaven.example' } : {}),
      at,
      subject: ours
        ? `${prefix ?? 'RE:'} ${subject}`
        : (prefix ?? `[${ticket}] Update: ${opening.rule} on ${opening.host}`),
      id: ids[index + 1] ?? '',
      inReplyTo: ids[index] ?? '',
      references: ids.slice(0, index + 1),
      text: ours
        ? `Hello,\n\n${says}\n\nBest regards\n${(person ?? dev).replace(/ <.*/, '')}\nNordhaven Components${quoted(`${opening.at.slice(0, 10)}, Acme MDR SOC <${soc}>`, `Ticket: ${ticket}\nSeverity: ${opening.severity}\nHost: ${opening.host}\n${before}`)}`
        : `##- Please type your reply above this line -##\n\nTicket ${ticket} has been updated.\n\n${says}\n\nKind regards\nAcme MDR SOC\n`,
    }
  })
}

const answers: readonly SampleMail[] = [
  ...turns(
    'MDR-2025-1041',
    {
      by: 'us',
      at: '2025-09-22T10:02:00+02:00',
      says: 'this is a new macro of our tax adviser, rolled out today. Please close as benign.',
    },
    {
      by: 'them',
      at: '2025-09-22T12:30:00+02:00',
      says: 'Thank you for your confirmation. We have closed this ticket as benign.',
      prefix: '[MDR-2025-1041] Closed: Encoded PowerShell started by Office on FIN-LT-014',
    },
  ),
  ...turns(
    'MDR-2025-1044',
    {
      by: 'us',
      at: '2025-09-23T09:10:00+02:00',
      says: 'this is our weekly vulnerability scan, every Tuesday at 02:30 from SCAN-01. Please tune the rule.',
    },
    {
      by: 'them',
      at: '2025-09-23T15:45:00+02:00',
      says: 'Thank you. We have closed this ticket. A tuning request was opened.',
      prefix: '[MDR-2025-1044] Closed: Internal port scan on SCAN-01',
    },
  ),
  ...turns('MDR-2025-1047', {
    by: 'us',
    at: '2025-09-25T08:20:00+02:00',
    says: 'expected: the backup operator starts restore tests at night.',
    person: koch,
  }),
  ...turns(
    'MDR-2025-1052',
    { by: 'us', at: '2025-09-27T11:40:00+02:00', says: 'no login succeeded. We blocked the source at the edge.' },
    {
      by: 'them',
      at: '2025-09-29T09:15:00+02:00',
      says: 'Thank you for the update. We are closing this ticket as a true positive without impact.',
    },
  ),
  ...turns(
    'MDR-2025-1055',
    { by: 'us', at: '2025-09-30T08:55:00+02:00', says: 'as last week: weekly scan. Was the rule not tuned?' },
    {
      by: 'them',
      at: '2025-10-01T10:05:00+02:00',
      says: 'We apologise, the tuning is still being worked on. The ticket has been closed.',
    },
  ),
  ...turns('MDR-2025-1061', {
    by: 'us',
    at: '2025-10-03T08:31:00+02:00',
    says: 'Herr Okafor ist auf einer Messe, die Anmeldung war er selbst.',
    prefix: 'AW:',
  }),
  ...turns(
    'MDR-2025-1069',
    {
      by: 'us',
      at: '2025-10-08T17:02:00+02:00',
      says: 'the server runs PHP 8.3.8 since Monday and is not vulnerable any more.',
    },
    {
      by: 'them',
      at: '2025-10-09T08:20:00+02:00',
      says: 'Thank you for your reply. Could you please send us the output of php -v?',
    },
    { by: 'us', at: '2025-10-09T09:05:00+02:00', says: 'PHP 8.3.8 (cli), built in June 2024.' },
    { by: 'them', at: '2025-10-09T11:40:00+02:00', says: 'We have closed this ticket. Thank you for your help.' },
  ),
  ...turns(
    'MDR-2025-1077',
    {
      by: 'them',
      at: '2025-10-16T09:00:00+02:00',
      says: 'This is a reminder: we have not yet received an answer.',
      prefix: '[MDR-2025-1077] Reminder: Large upload to a file sharing site on ENG-WS-003',
    },
    { by: 'us', at: '2025-10-16T10:12:00+02:00', says: 'the exchange with the foundry is approved by Jan Novak.' },
  ),
  ...turns(
    'MDR-2025-1083',
    {
      by: 'us',
      at: '2025-10-22T11:03:00+02:00',
      says: 'wir prüfen das mit der Instandhaltung. Der Port ist bis dahin gesperrt.',
      prefix: 'AW:',
    },
    {
      by: 'us',
      at: '2025-10-22T14:20:00+02:00',
      says: 'Herr Weber hat eine neue Visualisierung getestet, ohne Freigabe. Bitte als Vorfall führen.',
      prefix: 'AW:',
    },
  ),
  ...turns(
    'MDR-2025-1088',
    {
      by: 'us',
      at: '2025-10-27T15:50:00+01:00',
      says: 'Theo Berg did not make this rule. We reset his password and sessions. Please treat this as an incident.',
    },
    {
      by: 'them',
      at: '2025-10-27T16:25:00+01:00',
      says: 'Understood. We raised the ticket to Critical and look for the same rule in other mailboxes.',
    },
  ),
]

/** Mails of the other services this company has had, in their own shapes; the same as the readers' samples. */
function known(folder: string, at: string, to: string): SampleMail & { readonly bytes: Buffer } {
  const bytes = readFileSync(new URL(`../../src/providers/${folder}/sample.eml`, import.meta.url))
  return { file: `${at}-${folder}`, from: folder, to, at, subject: '', id: '', bytes }
}

const others: readonly SampleMail[] = [
  {
    file: '2025-09-26-notice-maintenance',
    from: 'Acme MDR Service <service@acme-mdr.example>',
    to: desk,
    at: '2025-09-26T10:00:00+02:00',
    subject: 'Planned maintenance of the Acme MDR portal on 28 September',
    id: 'maint.0928@mail.acme-mdr.example',
    text: 'Dear customers,\n\nwe will carry out scheduled maintenance on 28 September from 06:00 to 08:00 CEST. The portal will be temporarily unavailable. Alerts are sent by mail as always.\n\nNo action is required on your side.\n\nAcme MDR Service\n',
  },
  {
    file: '2025-10-01-report-monthly',
    from: 'Acme MDR Reports <reports@acme-mdr.example>',
    to: desk,
    cc: 'Tomasz Wrona <t.wrona@nordhaven.example>',
    at: '2025-10-01T07:00:00+02:00',
    subject: 'Acme MDR - Monthly security report September 2025',
    id: 'report.2025-09@mail.acme-mdr.example',
    text: 'Dear Nordhaven team,\n\nplease find below your monthly report.\n\nReporting period: 1 to 30 September 2025\nAlerts: 6\nHigh: 2\nMedium: 2\nLow: 2\nMean time to notify: 9 minutes\n\nTop rule: Internal port scan (2)\n\nAcme MDR Reports\n',
  },
  {
    file: '2025-10-13-report-weekly',
    from: 'Acme MDR Reports <reports@acme-mdr.example>',
    to: desk,
    at: '2025-10-13T07:00:00+02:00',
    subject: 'Wochenbericht KW 41',
    id: 'report.kw41@mail.acme-mdr.example',
    text: 'Guten Morgen,\n\nin der Kalenderwoche 41 gab es 4 Alarme, davon 1 mit Schweregrad Hoch.\n\nIhr Acme MDR Team\n',
  },
  {
    file: '2025-10-02-advertising-webinar',
    from: 'Acme MDR Events <events@acme-mdr.example>',
    to: desk,
    at: '2025-10-02T15:00:00+02:00',
    subject: 'Webinar: Ransomware in 2026 - register now',
    id: 'webinar.1@news.acme-mdr.example',
    headers: { 'List-Unsubscribe': '<https://news.acme-mdr.example/u/1>', Precedence: 'bulk' },
    html: '<html><body><h1>Ransomware in 2026</h1><p>Join our experts for a free webinar on detection and response. Our speakers show how attackers move, and how our new threat hunting package stops them.</p><p><a href="https://news.acme-mdr.example/r/1">Register now</a> - seats are limited.</p><p>Unsubscribe</p></body></html>',
  },
  {
    file: '2025-10-06-auto-reply-vacation',
    from: 'Anna Koch <a.koch@nordhaven.example>',
    to: soc,
    at: '2025-10-06T00:02:00+02:00',
    subject: 'Automatische Antwort: [MDR-2025-1063] Low - Service account logon outside working hours on SRV-BK-01',
    id: 'ooo.koch.1@nordhaven.example',
    inReplyTo: acmeId('MDR-2025-1063'),
    headers: { 'Auto-Submitted': 'auto-replied', 'X-Auto-Response-Suppress': 'All' },
    text: 'Guten Tag,\n\nich bin bis zum 10. Oktober nicht im Büro. In dringenden Fällen wenden Sie sich an Dev Patel.\n\nAnna Koch\n',
  },
  {
    file: '2025-10-08-auto-reply-received',
    from: acme,
    to: dev,
    at: '2025-10-08T17:02:00+02:00',
    subject: 'We have received your message',
    id: 'ack.88121@mail.acme-mdr.example',
    headers: { 'Auto-Submitted': 'auto-replied' },
    text: 'Your reply has been received and added to ticket MDR-2025-1069. This message was generated automatically.\n',
  },
  {
    file: '2025-10-09-bounce',
    from: 'Mail Delivery System <MAILER-DAEMON@mx.nordhaven.example>',
    to: dev,
    at: '2025-10-09T09:06:00+02:00',
    subject: 'Undelivered Mail Returned to Sender',
    id: 'dsn.1@mx.nordhaven.example',
    raw: {
      type: 'multipart/report; report-type=delivery-status; boundary="dsn1"',
      body: '--dsn1\nContent-Type: text/plain; charset=us-ascii\n\nThis is the mail system. Your message could not be delivered.\n\n<soc-old@acme-mdr.example>: user unknown\n\n--dsn1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.nordhaven.example\n\nFinal-Recipient: rfc822; soc-old@acme-mdr.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\n\n--dsn1--\n',
    },
  },
  {
    file: '2025-10-10-notice-survey',
    from: 'Acme MDR Service <service@acme-mdr.example>',
    to: dev,
    at: '2025-10-10T12:00:00+02:00',
    subject: 'How did we do? Please rate our service',
    id: 'survey.1@mail.acme-mdr.example',
    text: 'Hello Dev,\n\nyou recently worked with our SOC. Please take a short survey: https://survey.acme-mdr.example/s/1\n\nAcme MDR Service\n',
  },
  {
    file: '2025-10-15-notice-advisory',
    from: 'Acme MDR Threat Intelligence <intel@acme-mdr.example>',
    to: desk,
    at: '2025-10-15T08:30:00+02:00',
    subject: 'Threat advisory: active exploitation of CVE-2025-53770',
    id: 'intel.77@mail.acme-mdr.example',
    text: 'Dear customers,\n\nattackers exploit CVE-2025-53770 in on-premises collaboration servers. We have seen no activity in your environment. Please install the updates of the manufacturer.\n\nAcme MDR Threat Intelligence\n',
  },
  {
    file: '2025-10-22-forward-internal',
    from: dev,
    to: 'Karsten Lund <k.lund@nordhaven.example>',
    at: '2025-10-22T11:10:00+02:00',
    subject: 'WG: [MDR-2025-1083] Sicherheitsalarm: Anomale Verbindung in das Produktionsnetz auf HMI-LINE-2',
    id: 'fw.1083@nordhaven.example',
    references: [acmeId('MDR-2025-1083')],
    text: 'Karsten, weißt du etwas davon?\n\nDev\n\nVon: Acme MDR SOC <soc@acme-mdr.example>\nGesendet: Mittwoch, 22. Oktober 2025 10:47\nAn: Nordhaven Security Desk\nBetreff: [MDR-2025-1083] Sicherheitsalarm: Anomale Verbindung in das Produktionsnetz auf HMI-LINE-2\n\nTicket ...............: MDR-2025-1083\nSchweregrad ..........: Kritisch\nBetroffenes System ...: HMI-LINE-2\n',
  },
  {
    file: '2025-10-28-json-attachment',
    from: acme,
    to: desk,
    at: '2025-10-28T03:12:00+01:00',
    subject: '[MDR-2025-1090] High - Kerberos ticket request with weak encryption on SRV-DC-01',
    id: acmeId('MDR-2025-1090'),
    text: 'Dear Nordhaven team,\n\nthe details of this alert are in the attached file.\n\nIs the account used by an old application? Please tell us.\n\nKind regards\nAcme MDR SOC\n',
    attachment: {
      name: 'alert.json',
      type: 'application/json',
      body: JSON.stringify(
        {
          ticket: 'MDR-2025-1090',
          rule: 'Kerberos ticket request with weak encryption',
          severity: 'High',
          host: 'SRV-DC-01',
          user: 'svc-mes',
          detectedAt: '2025-10-28T02:03:00Z',
          sourceIp: '10.20.9.31',
          eventId: 4769,
        },
        null,
        2,
      ),
    },
  },
  {
    file: '2025-10-29-unread-image',
    from: acme,
    to: desk,
    at: '2025-10-29T18:00:00+01:00',
    subject: 'Security alert',
    id: 'img.1@mail.acme-mdr.example',
    raw: { type: 'image/png; name="alert.png"', body: 'iVBORw0KGgo=\n' },
  },
  {
    file: '2025-10-30-notice-invoice',
    from: 'Acme MDR Billing <billing@acme-mdr.example>',
    to: 'Rolf Haas <r.haas@nordhaven.example>',
    at: '2025-10-30T09:00:00+01:00',
    subject: 'Invoice 2025-10-0417',
    id: 'invoice.417@mail.acme-mdr.example',
    text: 'Dear Mr Haas,\n\nplease find attached our invoice for October.\n\nAcme MDR Billing\n',
  },
]

/** All mails in the order of their file names. `bytes` where a mail is taken as it is. */
export function story(): readonly (SampleMail & { readonly bytes?: Buffer })[] {
  const readers = [
    known('trustwave-fusion', '2025-11-01', desk),
    known('arctic-wolf', '2025-11-02', desk),
    known('trend-micro-mdr', '2025-11-03a', desk),
    known('microsoft-defender', '2025-11-03b', desk),
    known('red-canary', '2025-11-03c', desk),
    known('microsoft-sentinel', '2025-11-03d', desk),
  ]
  return [...acmeAlerts.map(acmeMail), ...answers, ...others, ...readers].sort((a, b) => (a.file < b.file ? -1 : 1))
}

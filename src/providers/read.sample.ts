/** A mail in a lay-out that ticket systems and desks use, and what must be read. Brands are named for their lay-out; all values are made up. */
export type ReadCase = {
  /** Subject. */
  readonly s: string
  /** Body. */
  readonly b: string
  readonly from?: string
  /** One more header line. */
  readonly h?: string
  readonly html?: boolean
  /** Expected. */
  readonly x: Readonly<Record<string, unknown>>
}

export const readCases: readonly ReadCase[] = [
  {
    s: 'INC0048213 has been opened on your behalf',
    from: 'Acme Service Desk <acme@service-now.com>',
    b: `Number: INC0048213
Short description: Suspicious sign-in from anonymous IP for a.miller@nordhaven.example
Priority: 2 - High
State: New
Opened: 2025-10-14 08:11:02
Description:
Azure AD Identity Protection flagged a sign-in.
Source IP: 198.51.100.9

Ref:MSG0098123`,
    x: {
      kind: 'alert',
      ticket: 'INC0048213',
      sev: 'high',
      entity: 'a.miller@nordhaven.example',
      rule: 'Suspicious sign-in from anonymous IP',
    },
  },
  {
    s: 'Incident INC0048213 - comments added',
    from: 'x@service-now.com',
    b: `Short description: Suspicious sign-in from anonymous IP
Click here to view: LINK

Comments:
2025-10-14 12:00 - SOC Analyst (Additional comments)
We still wait for your confirmation.

Ref:MSG0098124`,
    x: { kind: 'update', ticket: 'INC0048213' },
  },
  {
    s: '[JIRA] (SEC-4711) Beaconing to known C2 from PC-0815',
    b: `Jane created SEC-4711:
-------------------
Summary: Beaconing to known C2 from PC-0815
Key: SEC-4711
Priority: Highest
Host: PC-0815
Destination: 203.0.113.9`,
    x: { kind: 'alert', ticket: 'SEC-4711', entity: 'pc-0815', rule: 'Beaconing to known C2' },
  },
  {
    s: '[Acme SOC] New ticket #55321: Ransomware note created',
    b: `Ticket: #55321
Priority: Urgent

Rule      Ransomware note created
Device    FS-02.corp.nordhaven.example
User      CORP\\b.simon
Process   C:\\Users\\Public\\enc.exe
MD5       8a5edab282632443219e051e4ade2d1d`,
    x: {
      kind: 'alert',
      ticket: '55321',
      entity: 'fs-02.corp.nordhaven.example',
      rule: 'Ransomware note created',
      sev: 'critical',
      rungs: 'provider-alert,endpoint-logs',
    },
  },
  {
    s: '[Ticket#2025101410000012] Alarm: Portscan erkannt',
    b: `Guten Tag,

es wurde ein Portscan erkannt.

Quelle: 10.1.2.3
Ziel: 10.9.9.9
Schweregrad: mittel

Bitte prüfen Sie, ob es sich um einen autorisierten Scan handelt.`,
    x: {
      kind: 'alert',
      ticket: '2025101410000012',
      sev: 'medium',
      rule: 'Portscan erkannt',
      entity: '10.9.9.9',
      question: true,
    },
  },
  {
    s: 'Case # 00123456: Lateral movement via PsExec [ ref:_00D30abc._5003xyz:ref ]',
    b: `Case Number: 00123456
Severity: Sev2
Alert: Lateral movement via PsExec
Source host: ADM-01
Target host: SRV-77
User: adm_x

ref:_00D30abc._5003xyz:ref`,
    x: { kind: 'alert', ticket: '00123456', sev: 'high', rule: 'Lateral movement via PsExec' },
  },
  {
    s: 'CrowdStrike Falcon Complete: Critical detection on WIN-A1B2C3D4',
    b: `Detection ID: ldt:abcd1234:567890
Hostname: WIN-A1B2C3D4
Severity: Critical
Tactic: Credential Access
Technique: OS Credential Dumping
Command line: procdump -ma lsass.exe
User: j.roe
Detect time: Oct 14, 2025 08:00:05 UTC`,
    x: { kind: 'alert', entity: 'win-a1b2c3d4', sev: 'critical' },
  },
  {
    s: 'Huntress - Incident on ACC-PC-3 (Nordhaven)',
    b: `Incident Report - HIGH
Host: ACC-PC-3
Organization: Nordhaven
Threat: Persistent footholds
Details: https://nordhaven.huntress.example/incidents/998

Remediation: delete the run key HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\x`,
    x: { kind: 'alert', entity: 'acc-pc-3' },
  },
  {
    s: 'Alerte de sécurité - Gravité élevée - Connexion suspecte pour c.roux@nordhaven.example',
    b: `Bonjour,

Ticket n° : TCK-8812
Règle : Connexion depuis un pays inhabituel
Gravité : Élevée
Utilisateur : c.roux@nordhaven.example
Adresse IP source : 198.51.100.4
Date de détection : 14/10/2025 à 08h12

Merci de confirmer si cette connexion est légitime.

Cordialement,
L'équipe SOC`,
    x: {
      kind: 'alert',
      ticket: 'TCK-8812',
      sev: 'high',
      rule: 'Connexion depuis un pays inhabituel',
      entity: 'c.roux@nordhaven.example',
      question: true,
      occ: '2025-10-14T06:12:00.000Z',
    },
  },
  {
    s: '[SOC-00921] Alerta de seguridad: Intento de fuerza bruta contra SRV-WEB-02',
    b: `Estimado cliente:

ID del ticket: SOC-00921
Regla: Intento de fuerza bruta
Severidad: Alta
Equipo: SRV-WEB-02
IP de origen: 203.0.113.8
Puerto de destino: 22

¿Pueden confirmar si se trata de una prueba autorizada?`,
    x: {
      kind: 'alert',
      ticket: 'SOC-00921',
      sev: 'high',
      rule: 'Intento de fuerza bruta',
      entity: 'srv-web-02',
      question: true,
      rungs: 'provider-alert,network-sessions',
    },
  },
  {
    s: 'We saw something odd',
    b: `Hi team,

at 03:12 UTC our analysts noticed suspicious PowerShell on host HR-PC-12 (user h.weber). The process powershell.exe -enc AAAA was started by winword.exe.
We rate this as high. Ticket reference is ESC-20251014-7.

Is this expected?

Thanks,
Acme SOC`,
    x: { kind: 'alert', ticket: 'ESC-20251014-7', entity: 'hr-pc-12', question: true },
  },
  {
    s: 'Weekly SOC Summary (Week 41)',
    b: `Alerts this week: 12\nCritical: 0\nHigh: 2\nTop host: FIN-1`,
    x: { kind: 'report' },
  },
  { s: 'Ihr Monatsreport September', b: `anbei der Report`, x: { kind: 'report' } },
  { s: 'Scheduled maintenance window 18 Oct', b: `Our platform will be unavailable.`, x: { kind: 'notice' } },
  {
    s: 'Ankündigung: Wartungsarbeiten am SIEM am 18.10.',
    b: `Sehr geehrte Kunden, am 18.10. führen wir Wartungsarbeiten durch.`,
    x: { kind: 'notice' },
  },
  {
    s: 'Join us at the Cyber Defense Summit 2025',
    h: 'List-Unsubscribe: <x>',
    b: `Save your seat! Keynote by X. Register now. Detect threats faster.`,
    x: { kind: 'advertising' },
  },
  {
    s: 'New: AI-powered detection - see the demo',
    h: 'List-Unsubscribe: <x>',
    b: `Discover how our new detection module stops threats. Book a demo today. Special offer until Friday. Unsubscribe`,
    x: { kind: 'advertising' },
  },
  {
    s: 'Out of Office: [INC0048213] Suspicious sign-in',
    b: `I am out of the office until Monday.`,
    x: { kind: 'auto-reply' },
  },
  {
    s: 'Réponse automatique : [SOC-1] Alerte',
    b: `Je suis absent du bureau jusqu'au 20 octobre.`,
    x: { kind: 'auto-reply' },
  },
  { s: 'Respuesta automática: Alerta', b: `Estoy fuera de la oficina hasta el lunes.`, x: { kind: 'auto-reply' } },
  {
    s: 'Undeliverable: [INC0048213] answer',
    from: 'postmaster@nordhaven.example',
    b: `Delivery has failed to these recipients`,
    x: { kind: 'bounce' },
  },
  {
    s: 'Ticket MDR-1234 has been closed',
    b: `Resolution: False Positive\nHost: FIN-1\nThank you.`,
    x: { kind: 'update', ticket: 'MDR-1234' },
  },
  { s: '[MDR-1234] Fall abgeschlossen', b: `Der Fall wurde abgeschlossen.`, x: { kind: 'update', ticket: 'MDR-1234' } },
  {
    s: 'Reminder: action required for ticket 88123 - Malware on PC-9',
    b: `We have not yet received your feedback.`,
    x: { kind: 'update', ticket: '88123' },
  },
  {
    s: 'RE: [MDR-1234] Malware on PC-9',
    b: `Thanks, we will look.\n\n-----Original Message-----\nFrom: x\nSent: y\nTo: z\nSubject: [MDR-1234] Malware\n\nSeverity: High\nHost: PC-9`,
    x: { kind: 'reply', ticket: 'MDR-1234', sev: 'unknown' },
  },
  {
    s: 'P1 | Possible C2 traffic | 10.20.30.40 -> 203.0.113.99:8443 | CASE-2025-0991',
    b: `Case: CASE-2025-0991\nFlow: 10.20.30.40:51234 -> 203.0.113.99:8443 TCP 12 sessions, 48 KB out`,
    x: {
      kind: 'alert',
      ticket: 'CASE-2025-0991',
      sev: 'critical',
      rule: 'Possible C2 traffic',
      entity: '203.0.113.99',
      rungs: 'provider-alert,network-sessions',
    },
  },
  {
    s: 'Microsoft 365 Defender has detected a security threat',
    from: 'Office365Alerts@microsoft.com',
    html: true,
    b: `<p>A high-severity alert has been triggered</p><p>Creation of forwarding/redirect rule</p><table><tr><td>Severity:</td><td>High</td></tr><tr><td>Time:</td><td>10/14/2025 8:00:00 AM (UTC)</td></tr><tr><td>Activity:</td><td>MailRedirect</td></tr><tr><td>User:</td><td>l.ferri@nordhaven.example</td></tr><tr><td>Details:</td><td>MailRedirect. This alert is triggered when someone creates an inbox rule.</td></tr></table><a href="https://security.microsoft.com/alerts/fa123">View alert details</a>`,
    x: { kind: 'alert', sev: 'high', entity: 'l.ferri@nordhaven.example' },
  },
  { s: 'Please see attached', b: `Please see the attached incident report. Kind regards`, x: { kind: 'unread' } },
  {
    s: 'Security incident notification',
    b: `A new incident was created. Log in to the portal to view details.`,
    x: { kind: 'unread' },
  },
  { s: 'Lunch on Thursday?', b: `Shall we meet at 12:30?`, x: { kind: 'notice' } },
  {
    s: '[EXTERNAL] [Acme-MDR] Alert 77120 (Medium): Multiple failed logins - user svc_sql - SQL01',
    b: `Alert ID\n77120\n\nAlert name\nMultiple failed logins\n\nSeverity\nMedium\n\nUser\nsvc_sql\n\nHost\nSQL01\n\nFailed logins\n120`,
    x: { kind: 'alert', ticket: '77120', rule: 'Multiple failed logins', sev: 'medium', entity: 'sql01' },
  },
  {
    s: 'Offense 4242: Excessive Firewall Denies from 10.5.5.5',
    b: `Offense ID = 4242\nMagnitude = 6\nSeverity = 6\nOffense Source = 10.5.5.5\nRule Name = Excessive Firewall Denies\nEvent count = 1200`,
    x: { kind: 'alert', ticket: '4242', rule: 'Excessive Firewall Denies', entity: '10.5.5.5' },
  },
  {
    s: 'Splunk Alert: Brute Force Access Behavior Detected',
    b: `The alert condition for 'Brute Force Access Behavior Detected' was triggered.

src\tdest\tuser\tcount
10.1.1.9\tDC01\tadministrator\t55`,
    x: { kind: 'alert', rule: 'Brute Force Access Behavior Detected' },
  },
  {
    s: 'Notable: Geographically improbable access',
    b: `{"event_id":"A1B2","rule_name":"Geographically Improbable Access Detected","urgency":"high","user":"k.lund","src":"198.51.100.1","status":"new"}`,
    x: { kind: 'alert', rule: 'Geographically Improbable Access Detected', sev: 'high', entity: 'k.lund' },
  },
  {
    s: 'FW: [MDR-1999] Critical - Data exfiltration on FS-1',
    b: `FYI\n\nFrom: Acme SOC <soc@acme-mdr.example>\nSent: Tuesday, October 14, 2025 8:00 AM\nTo: security@nordhaven.example\nSubject: [MDR-1999] Critical - Data exfiltration on FS-1\n\nTicket: MDR-1999\nRule: Data exfiltration\nSeverity: Critical\nHost: FS-1`,
    x: { kind: 'alert', ticket: 'MDR-1999', rule: 'Data exfiltration', entity: 'fs-1' },
  },
  { s: 'Your invoice 2025-1234', b: `Please find attached the invoice.`, x: { kind: 'notice' } },
  {
    s: 'Change CHG0040012 scheduled: firewall rule update',
    b: `Planned change\nStart: 2025-10-18 20:00\nNo action required.`,
    x: { kind: 'notice' },
  },
  {
    s: 'Vulnerability alert: CVE-2025-1234 affects your asset SRV-11',
    b: `Ticket: VM-2231\nSeverity: High\nAsset: SRV-11\nCVE: CVE-2025-1234\nCVSS: 8.8\nScan result: vulnerable\nOwner: Anna Koch\nAsset criticality: High`,
    x: {
      kind: 'alert',
      ticket: 'VM-2231',
      entity: 'srv-11',
      rungs: 'provider-alert,identity-owner,vulnerability,business-context',
    },
  },
  {
    s: 'ESCALATION: [#998877] Suspicious OAuth consent',
    b: `**Severity:** High
**User:** m.holm@nordhaven.example
**App:** "Mail Backup Pro"
**Time (UTC):** 2025-10-14 07:45

* Was this consent intended?`,
    x: {
      kind: 'alert',
      ticket: '998877',
      rule: 'Suspicious OAuth consent',
      sev: 'high',
      entity: 'm.holm@nordhaven.example',
      question: true,
      occ: '2025-10-14T07:45:00.000Z',
    },
  },
  { s: 'Customer satisfaction survey for ticket MDR-1234', b: `Please rate our service.`, x: { kind: 'notice' } },
  {
    s: 'Security Alert Notification',
    b: `Alert: Unusual volume of file deletion
Customer: Nordhaven
Priority: P3
Asset(s): FS-02, FS-03
Account(s): j.doe
Detected: 14-Oct-2025 09:12:44 CEST
Case ID: 2025-77-1
Analyst comment: Looks like a cleanup, please confirm.`,
    x: {
      kind: 'alert',
      ticket: '2025-77-1',
      rule: 'Unusual volume of file deletion',
      sev: 'medium',
      entity: 'fs-02',
      occ: '2025-10-14T07:12:44.000Z',
    },
  },
  {
    s: 'Wazuh notification - (web-03) 192.0.2.33->/var/log/auth.log - Alert level 10',
    b: `Wazuh Notification.
2025 Oct 14 08:00:01

Received From: (web-03) 192.0.2.33->/var/log/auth.log
Rule: 5712 fired (level 10) -> "sshd: brute force trying to get access to the system. Non existent user."
Src IP: 203.0.113.55
Portion of the log(s):

Oct 14 08:00:00 web-03 sshd[2211]: Failed password for invalid user admin from 203.0.113.55 port 5522 ssh2`,
    x: { kind: 'alert' },
  },
  {
    s: 'Sophos MDR case 05512345 - Action required: Suspicious scheduled task',
    b: `Case ID: 05512345
Case status: Awaiting customer
Threat severity: Medium
Affected devices: LT-44
Description: A scheduled task was created to run a script from a temp folder.
What you need to do: Confirm whether the task is legitimate.`,
    x: { kind: 'alert', ticket: '05512345', entity: 'lt-44', sev: 'medium', rule: 'Suspicious scheduled task' },
  },
]

/** A made-up mailbox with three providers, each in the manner of another system, and the truth about it. The same for the same seed. */
export type Mailbox = {
  readonly mails: readonly string[]
  readonly truth: {
    readonly alerts: number
    readonly tickets: number
    readonly reply: number
    readonly repeated: number
    readonly kinds: Readonly<Record<string, number>>
  }
}

type Draft = {
  from: string
  to: string
  cc?: string
  subject: string
  at: number
  id: string
  answers?: readonly string[]
  body: string
  headers?: readonly string[]
  kind: string
  html?: boolean
}

const hosts = ['HL-WS-0112', 'HL-WS-0345', 'hl-db02.corp.harborline.example', 'SRV-SAP-01', 'NB-KLEIN', 'MAC-0091']
const users = ['p.lang', 'tfisk', 'HARBORLINE\\svc_sql', 'a.osei@harborline.example']
const people = [
  'Petra Lang <petra.lang@harborline.example>',
  'tom.fisk@harborline.example',
  'd.ruiz@harborline-logistics.example',
]
const rules = [
  'Impossible Travel Activity',
  'Malicious PowerShell Execution',
  'Brute Force Login Attempts',
  'Outbound Connection to Known C2',
  'New Inbox Forwarding Rule',
  'Mimikatz Usage Detected',
  'TOR Exit Node Traffic',
]
const french = ['Connexion depuis un pays inhabituel', 'Tentative de force brute', 'Exécution de script suspect']
const begin = Date.UTC(2025, 8, 1)
const hour = 3_600_000

class Maker {
  readonly drafts: Draft[] = []
  readonly asked = new Map<string, number>()
  alerts = 0
  tickets = 0
  private state: number

  constructor(seed: number) {
    this.state = seed
  }

  next(): number {
    this.state = (this.state * 1_103_515_245 + 12_345) % 2_147_483_648
    return this.state / 2_147_483_648
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T
  }

  when(): number {
    return begin + Math.floor(this.next() * 50 * 24) * hour
  }

  add(draft: Omit<Draft, 'id'>): string {
    const id = `${this.drafts.length}.${Math.floor(this.next() * 1e9)}@mail.example`
    this.drafts.push({ ...draft, id })
    return id
  }

  opened(rule: string, entity: string, ticket: boolean): void {
    this.alerts += 1
    if (ticket) this.tickets += 1
    const key = `${rule} ${entity}`
    this.asked.set(key, (this.asked.get(key) ?? 0) + 1)
  }
}

/** Own ticket ids in brackets, a Zendesk behind it, answers with Outlook's history below. */
function sentrix(maker: Maker, number: number): void {
  const [rule, host, user, at, severity] = [
    maker.pick(rules),
    maker.pick(hosts),
    maker.pick(users),
    maker.when(),
    maker.pick(['Critical', 'High', 'Medium', 'Low']),
  ]
  const ticket = `SNX-${20_000 + number}`
  const subject = `[${ticket}] ${severity} Severity Alert: ${rule} - ${host}`
  const fields = `Alert Name: ${rule}\nSeverity: ${severity}\nHostname: ${host}\nUsername: ${user}\nDetection Time: ${new Date(at - hour / 6).toISOString()}`
  const dotted = `  Rule ........ ${rule}\n  Severity .... ${severity}\n  Asset ....... ${host}\n  User ........ ${user}`
  const body = `Hello,\n\n${maker.pick([fields, dotted])}\n\nAnalyst notes:\nWe could not determine whether this is expected.\n\nPlease confirm if this is authorized.\n\n--\nSentrix SOC | +1 555 0100`
  const id = maker.add({
    from: 'Sentrix MDR <alerts@sentrix.example>',
    to: 'secops@harborline.example',
    subject,
    at,
    body,
    kind: 'alert',
  })
  maker.opened(rule, host, true)
  if (maker.next() < 0.4) return
  const person = maker.pick(people)
  const history = `From: Sentrix MDR <alerts@sentrix.example>\nSent: Monday, September 1, 2025 10:00\nTo: secops@harborline.example\nSubject: ${subject}\n\n${fields}`
  const reply = maker.add({
    from: person,
    to: 'alerts@sentrix.example',
    cc: 'secops@harborline.example',
    subject: `RE: ${subject}`,
    at: at + hour * 3,
    answers: [id],
    body: `Hi,\n\nthis was one of our admins.\n\n${history}`,
    kind: 'reply',
  })
  if (maker.next() < 0.4) return
  const from = maker.pick([
    'Kim Doyle <kim.doyle@sentrix.example>',
    '"Kim Doyle (Sentrix)" <support@sentrix.zendesk.com>',
  ])
  maker.add({
    from,
    to: person,
    cc: 'secops@harborline.example',
    subject: maker.pick([`Re: ${subject}`, `[${ticket}] Ticket closed - ${rule}`]),
    at: at + hour * 7,
    answers: [id, reply],
    body: '##- Please type your reply above this line -##\n\nThanks for confirming, we have closed the ticket.\n\nKim',
    kind: 'update',
  })
}

/** A ServiceNow instance: no threading headers, all mails of an incident look alike. */
function bluegate(maker: Maker, number: number): void {
  const [rule, host, at] = [maker.pick(rules), maker.pick(hosts), maker.when()]
  const ticket = `INC00${31_000 + number}`
  const from = 'Bluegate SOC <bluegate@service-now.com>'
  const to = 'secops@harborline.example'
  const rows = [
    ['Number:', ticket],
    ['Short description:', `${rule} on ${host}`],
    ['Priority:', maker.pick(['1 - Critical', '2 - High', '3 - Moderate'])],
    ['State:', 'New'],
    ['Configuration item:', host],
  ]
  const table = rows.map(([name, value]) => `<tr><td>${name}</td><td>${value}</td></tr>`).join('')
  maker.add({
    from,
    to,
    subject: `Incident ${ticket} has been opened: ${rule}`,
    at,
    html: true,
    body: `<p>An incident has been opened on your behalf.</p><table>${table}</table><p>Ref:MSG${100_000 + number}</p>`,
    kind: 'alert',
  })
  maker.opened(rule, host, true)
  if (maker.next() < 0.5)
    maker.add({
      from,
      to,
      subject: `Incident ${ticket} - comments added`,
      at: at + hour,
      body: `Short description: ${rule} on ${host}\nPriority: 2 - High\n\nComments:\nWe are waiting for your answer.\n\nRef:MSG${200_000 + number}`,
      kind: 'update',
    })
  if (maker.next() < 0.4)
    maker.add({
      from: maker.pick(people),
      to: 'bluegate@service-now.com',
      subject: `RE: Incident ${ticket} has been opened: ${rule}`,
      at: at + hour * 2,
      body: 'done',
      kind: 'reply',
    })
  if (maker.next() < 0.4)
    maker.add({
      from,
      to,
      subject: `Incident ${ticket} has been resolved`,
      at: at + hour * 4,
      body: `Your incident ${ticket} has been resolved.\nClose code: False Positive`,
      kind: 'update',
    })
}

/** No tickets at all, in French, to another domain of the firm; answers quote with ">". */
function cyberveille(maker: Maker, number: number): void {
  const [rule, user, at] = [
    maker.pick(french),
    maker.pick(['c.roux@harborline.example', 'm.petit@harborline.example']),
    maker.when(),
  ]
  const subject = `Alerte de sécurité : ${rule} - ${user}`
  const body = `Bonjour,\n\nNotre équipe a détecté l'événement suivant :\n\nRègle : ${rule}\nGravité : ${maker.pick(['élevée', 'moyenne', 'faible'])}\nUtilisateur : ${user}\nAdresse IP : 203.0.113.${number}\nDate : ${new Date(at).toISOString().slice(0, 10)} 08h12\n\nMerci de confirmer si cette activité est légitime.\n\nCordialement,\nLe SOC`
  const id = maker.add({
    from: 'SOC Cyberveille <soc@cyberveille.example>',
    to: 'd.ruiz@harborline-logistics.example',
    subject,
    at,
    body,
    kind: 'alert',
  })
  maker.opened(rule, user, false)
  if (maker.next() < 0.5)
    maker.add({
      from: 'Diego Ruiz <d.ruiz@harborline-logistics.example>',
      to: 'soc@cyberveille.example',
      subject: `RE: ${subject}`,
      at: at + hour,
      answers: [id],
      body: `Oui, légitime.\n\nLe lun. 1 sept. 2025 à 08:12, SOC Cyberveille <soc@cyberveille.example> a écrit :\n> Règle : ${rule}\n> Gravité : élevée`,
      kind: 'reply',
    })
}

const tom = 'tom.fisk@harborline.example'
const unsubscribe = ['List-Unsubscribe: <https://lists.example/u>']
/** What else lies in such a folder: from, to, subject, text, kind, header. */
const rest: readonly (readonly [string, string, string, string, string, (readonly string[])?])[] = [
  ['Sentrix <reports@sentrix.example>', tom, 'Your Weekly Threat Report', 'Alerts: 12\nHigh: 3', 'report'],
  [
    'Sentrix <reports@sentrix.example>',
    tom,
    'Sentrix MDR Monthly Service Review - September 2025',
    'Attached.',
    'report',
  ],
  [
    'Sentrix Events <events@sentrix.example>',
    tom,
    'Webinar invitation: Stop identity attacks',
    'Register now. Our experts show detection.',
    'advertising',
    unsubscribe,
  ],
  [
    'Security vendor <news@vendorworld.example>',
    tom,
    'Is your SOC ready? Free trial inside',
    'Start your free trial. Book a demo. Detect threats.',
    'advertising',
    unsubscribe,
  ],
  [
    'Bluegate <service@bluegate-security.example>',
    tom,
    'Planned maintenance: portal upgrade 14 September',
    'The portal will be unavailable.',
    'notice',
  ],
  [
    'Petra Lang <petra.lang@harborline.example>',
    'alerts@sentrix.example',
    'Automatic reply: [SNX-20001] High Severity Alert',
    'I am out of office until Monday',
    'auto-reply',
    ['Auto-Submitted: auto-replied'],
  ],
  ['Kim Doyle <kim.doyle@sentrix.example>', tom, 'Out of Office Re: RE: [SNX-20001]', 'I am on leave', 'auto-reply'],
  ['Tom Fisk <tom.fisk@harborline.example>', 'petra.lang@harborline.example', 'Lunch?', 'Pizza?', 'reply'],
  [
    'Tom Fisk <tom.fisk@harborline.example>',
    'petra.lang@harborline.example',
    'FW: [SNX-20003] alert',
    'please check\n\nFrom: Sentrix MDR <alerts@sentrix.example>\nSent: x\nTo: y\nSubject: [SNX-20003] alert\n\nAlert Name: Impossible Travel Activity\nSeverity: High\nHostname: HL-WS-0112',
    'reply',
  ],
  [
    'Mail Delivery Subsystem <mailer-daemon@mx.example>',
    'petra.lang@harborline.example',
    'Delivery Status Notification (Failure)',
    'Address not found',
    'bounce',
  ],
  [
    'Code host <noreply@codehost.example>',
    tom,
    '[Code host] A new SSH key was added to your account',
    'If you did not do this, visit settings.',
    'notice',
  ],
  ['Kurt Bauer <kurt.bauer@gmail.com>', tom, 'Consulting offer', 'Hi Tom, as discussed attached my CV.', 'notice'],
  ['Sentrix Billing <billing@sentrix.example>', tom, 'Invoice INV-2025-0911', 'attached', 'notice'],
]

function header(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`
}

function written(draft: Draft): string {
  const lines = [
    `From: ${draft.from}`,
    `To: ${draft.to}`,
    ...(draft.cc === undefined ? [] : [`Cc: ${draft.cc}`]),
    `Subject: ${header(draft.subject)}`,
    `Date: ${new Date(draft.at).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${draft.id}>`,
    ...(draft.answers === undefined
      ? []
      : [
          `In-Reply-To: <${draft.answers.at(-1) ?? ''}>`,
          `References: ${draft.answers.map((id) => `<${id}>`).join(' ')}`,
        ]),
    ...(draft.headers ?? []),
    'MIME-Version: 1.0',
    `Content-Type: text/${draft.html === true ? 'html' : 'plain'}; charset=utf-8`,
  ]
  return `${lines.join('\n')}\n\n${draft.body}\n`
}

export function mailboxOf(seed: number): Mailbox {
  const maker = new Maker(seed)
  for (let number = 0; number < 60; number += 1) sentrix(maker, number)
  for (let number = 0; number < 40; number += 1) bluegate(maker, number)
  for (let number = 0; number < 15; number += 1) cyberveille(maker, number)
  for (const [from, to, subject, body, kind, headers] of rest)
    maker.add({ from, to, subject, body, kind, at: maker.when(), ...(headers === undefined ? {} : { headers }) })
  const kinds: Record<string, number> = {}
  for (const { kind } of maker.drafts) kinds[kind] = (kinds[kind] ?? 0) + 1
  const sent = maker.drafts.filter(({ from }) => /@harborline/.test(from)).length
  const repeated = [...maker.asked.values()].filter((times) => times > 1).length
  // Folders are rarely in order.
  const mails = maker.drafts.map((draft) => ({ text: written(draft), at: maker.next() })).sort((a, b) => a.at - b.at)
  return {
    mails: mails.map(({ text }) => text),
    truth: { alerts: maker.alerts, tickets: maker.tickets, reply: sent, repeated, kinds },
  }
}

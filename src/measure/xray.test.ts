import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { letterFrom } from '../../test/letter-of.ts'
import { isTrouble } from '../kit/errors.ts'
import { Xray } from '../model/xray.ts'
import { makeXray, type XrayOptions } from './xray.ts'
import { xrayHtml } from './xray-html.ts'
import { xrayText } from './xray-text.ts'

const hours = { timeZone: null, from: '08:00', to: '18:00' }

type Mail = {
  from: string
  to: string
  subject: string
  at?: string
  id?: string
  re?: string
  cc?: string
  head?: string
  body?: string
}

let serial = 0

function mail({
  from,
  to,
  subject,
  at = 'Mon, 06 Oct 2025 10:00:00 +0200',
  id,
  re,
  cc,
  head,
  body = '',
}: Mail): string {
  serial += 1
  const lines = [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${at}`,
    `Message-ID: <${id ?? `m${serial}@x.example`}>`,
  ]
  if (cc !== undefined) lines.push(`Cc: ${cc}`)
  if (re !== undefined) lines.push(`In-Reply-To: <${re}>`, `References: <${re}>`)
  if (head !== undefined) lines.push(head)
  return `${lines.join('\n')}\nContent-Type: text/plain; charset=utf-8\n\n${body}\n`
}

function look(mails: readonly string[], options: Partial<XrayOptions> = {}): Xray {
  const xray = makeXray({ businessHours: hours, ...options })
  mails.forEach((text, index) => xray.add({ name: `${index}.eml`, letter: letterFrom(text) }))
  const result = Xray.parse(xray.result())
  const { read, reply, unread } = result.messages
  expect(read + reply + unread).toBe(result.messages.in)
  expect(Object.values(result.messages.kinds).reduce((sum, count) => sum + count, 0) + unread).toBe(result.messages.in)
  return result
}

const soc = 'Acme SOC <soc@acme-mdr.example>'
const us = 'security@nordhaven.example'

function alert(ticket: string, rule: string, host: string, more: Partial<Mail> = {}): string {
  return mail({
    from: soc,
    to: us,
    subject: `[${ticket}] High - ${rule} on ${host}`,
    body: `Rule: ${rule}\nSeverity: High\nHost: ${host}\n`,
    ...more,
  })
}

test('the samples are counted as they were written', () => {
  const folder = new URL('../../content/samples/mail/', import.meta.url)
  const xray = makeXray({ businessHours: hours })
  for (const name of readdirSync(folder).sort()) {
    try {
      xray.add({ name, letter: letterFrom(readFileSync(new URL(name, folder))) })
    } catch (error) {
      if (!isTrouble(error, 'input.invalid')) throw error
      xray.add({ name, letter: null, why: String(error.details['problem']) })
    }
  }
  const result = Xray.parse(xray.result())
  expect(result.messages).toEqual({
    in: 58,
    read: 41,
    reply: 15,
    unread: 2,
    kinds: { alert: 25, update: 8, reply: 13, notice: 4, report: 2, advertising: 1, 'auto-reply': 2, bounce: 1 },
  })
  expect(result).toMatchObject({ alerts: 25, tickets: 25, ours: ['nordhaven.example'] })
  expect(result.providers.map(({ domains }) => domains[0] ?? '').sort((a, b) => a.localeCompare(b))).toEqual([
    'acme-mdr.example',
    'arcticwolf.com',
    'microsoft.com',
    'redcanary.com',
    'trendmicro.com',
    'trustwave.com',
  ])
  expect(result.repeated.map(({ rule, entity, times }) => `${times} ${rule} ${entity}`)).toEqual([
    '4 Internal port scan scan-01',
    '3 Service account logon outside working hours srv-bk-01',
    '2 Brute force against VPN vpn-gw-01',
  ])
  expect(result.unreadMessages.map(({ name }) => name).sort()).toEqual([
    '2025-10-29-unread-image.eml',
    '2025-10-31-broken.eml',
  ])
  expect(result.waits.us).toEqual({ medianMinutes: 215, n: 10 })
})

test('several mails of one ticket, and answers in its thread, are one alert', () => {
  const result = look([
    alert('INC0010001', 'Port scan', 'SRV-01', { id: 'a' }),
    mail({
      from: `Dev <dev@nordhaven.example>`,
      to: soc,
      subject: 'AW: [INC0010001] High - Port scan on SRV-01',
      re: 'a',
      id: 'b',
      at: 'Mon, 06 Oct 2025 11:00:00 +0200',
      body: 'Das war unser Scanner.\n\nVon: Acme SOC\nSeverity: High',
    }),
    mail({
      from: soc,
      to: us,
      subject: '[INC0010001] Closed: Port scan on SRV-01',
      re: 'b',
      at: 'Mon, 06 Oct 2025 15:00:00 +0200',
      body: 'We have closed this ticket.',
    }),
    alert('INC0010002', 'Port scan', 'SRV-02'),
  ])
  expect(result).toMatchObject({
    alerts: 2,
    tickets: 2,
    messages: { in: 4, read: 3, reply: 1, kinds: { alert: 2, update: 1, reply: 1 } },
  })
  expect(result.rules).toEqual([{ rule: 'Port scan', alerts: 2, share: 1 }])
  expect(result.repeated).toEqual([])
  expect(result.waits).toEqual({ us: { medianMinutes: 60, n: 1 }, them: { medianMinutes: 240, n: 1 } })
})

test('threads without ticket ids hold together by their headers, and equal subjects of new alerts stay apart', () => {
  const plain = (id: string, at: string) =>
    mail({
      from: soc,
      to: us,
      subject: 'Security alert: impossible travel for j.doe@nordhaven.example',
      id,
      at,
      body: 'Severity: Medium\nUser: j.doe@nordhaven.example\n',
    })
  const result = look([
    plain('t1', 'Mon, 06 Oct 2025 10:00:00 +0200'),
    mail({
      from: 'Jo <jo@nordhaven.example>',
      to: soc,
      subject: 'RE: Security alert: impossible travel for j.doe@nordhaven.example',
      re: 't1',
      id: 't2',
      at: 'Mon, 06 Oct 2025 10:30:00 +0200',
      body: 'VPN.',
    }),
    mail({
      from: soc,
      to: us,
      subject: 'RE: Security alert: impossible travel for j.doe@nordhaven.example',
      re: 't2',
      at: 'Mon, 06 Oct 2025 12:30:00 +0200',
      body: 'Thank you, closed.',
    }),
    plain('t4', 'Tue, 14 Oct 2025 10:00:00 +0200'),
  ])
  expect(result).toMatchObject({ alerts: 2, tickets: 0 })
  expect(result.repeated).toMatchObject([{ entity: 'j.doe@nordhaven.example', times: 2 }])
})

test('the same mail filed twice is two messages and one alert', () => {
  const text = alert('INC0020001', 'Beaconing', 'PC-7', { id: 'dup' })
  expect(look([text, text])).toMatchObject({ alerts: 1, messages: { in: 2, read: 2 } })
})

test('own aliases, the provider’s ticket system and a mailing list are recognised for what they are', () => {
  const result = look([
    alert('ACME-1', 'Beaconing', 'PC-1', { id: 'c1', to: 'soc@nordhaven.example' }),
    alert('ACME-2', 'Beaconing', 'PC-2', { id: 'c2', to: 'soc@nordhaven-parts.example' }),
    alert('ACME-3', 'Beaconing', 'PC-3', {
      id: 'c3',
      from: "'Acme SOC' via Security <security@nordhaven.example>",
      head: 'X-Original-From: Acme SOC <soc@acme-mdr.example>\nList-Id: <security.nordhaven.example>',
    }),
    mail({
      from: 'Jo <jo@nordhaven.io>',
      to: soc,
      subject: 'Re: [ACME-1] High - Beaconing on PC-1',
      re: 'c1',
      id: 'c4',
      body: 'ok',
    }),
    mail({
      from: 'Acme <support@acme-mdr.zendesk.com>',
      to: 'jo@nordhaven.io',
      subject: '[ACME-1] Re: Beaconing on PC-1',
      re: 'c4',
      body: 'Your request has been updated.',
    }),
    mail({
      from: 'Dev <dev@nordhaven.example>',
      to: 'boss@nordhaven.example',
      subject: 'FW: [ACME-2] High - Beaconing on PC-2',
      body: `see below\n\n________________________________\nFrom: Acme SOC <soc@acme-mdr.example>\nSent: Monday\nTo: soc\nSubject: [ACME-2] High - Beaconing on PC-2\n\nRule: Beaconing\nSeverity: High\nHost: PC-2`,
    }),
  ])
  expect([...result.ours].sort()).toEqual(['nordhaven-parts.example', 'nordhaven.example', 'nordhaven.io'])
  expect(result.providers).toMatchObject([
    { domains: ['acme-mdr.example', 'acme-mdr.zendesk.com'], alerts: 3, messages: 4 },
  ])
  expect(result).toMatchObject({ alerts: 3, messages: { read: 4, reply: 2 } })
})

test('an alert that is there only as a forward of ours counts, and is the provider’s', () => {
  const forward = (ticket: string, host: string) =>
    mail({
      from: 'Dev <dev@nordhaven.example>',
      to: 'archive@nordhaven.example',
      subject: `Fwd: [${ticket}] Beaconing on ${host}`,
      body: `---------- Forwarded message ---------\nFrom: Acme SOC <soc@acme-mdr.example>\nDate: Mon, 6 Oct 2025 at 10:00\nSubject: [${ticket}] Beaconing on ${host}\nTo: dev\n\nRule: Beaconing\nSeverity: High\nHost: ${host}`,
    })
  const result = look([forward('ACME-7', 'PC-7'), forward('ACME-8', 'PC-8')])
  expect(result).toMatchObject({
    alerts: 2,
    tickets: 2,
    ours: ['nordhaven.example'],
    messages: { reply: 2 },
    providers: [{ domains: ['acme-mdr.example'], alerts: 2 }],
  })
})

test('what the caller says about domains is not argued with', () => {
  const result = look([alert('ACME-1', 'Beaconing', 'PC-1')], {
    ours: ['acme-mdr.example'],
    providers: { them: ['nordhaven.example'] },
  })
  expect(result).toMatchObject({ ours: ['acme-mdr.example'], alerts: 0, messages: { reply: 1 } })
})

test('nothing from a mail runs or breaks the page', () => {
  const result = look([
    alert('ACME-1', '<script>alert(1)</script> "x" \' &', 'PC-1'),
    alert('ACME-2', '<img src=x onerror=alert(2)>', 'PC-1'),
  ])
  const html = xrayHtml({
    ...result,
    unreadMessages: [{ name: '<b>evil</b>.eml', why: '</table><script>' }],
    ours: ['<svg/onload=x>'],
  })
  expect(html).not.toMatch(/<script|<img|<b>evil|<svg\/onload/)
  expect(html).toContain('&lt;b&gt;evil')
  expect(html).not.toMatch(/(?:src|href)\s*=/)
  expect(xrayText({ ...result, unreadMessages: [{ name: 'a\u001b[31m.eml', why: 'x' }] })).not.toContain('\u001b')
})

test('an empty folder is an answer too', () => {
  const result = look([])
  expect(result).toMatchObject({ alerts: 0, offHoursShare: null, evidence: { fidelity: null }, from: null })
  expect(xrayText(result)).toContain('No alert was found in 0 messages')
  expect(xrayHtml(result)).toContain('</html>')
})

test('alarms of our own monitoring are ours, not a provider’s', () => {
  const nagios = (host: string) =>
    mail({
      from: 'Nagios <nagios@mon.nordhaven.example>',
      to: us,
      subject: `ALERT: disk full on ${host}`,
      body: `Host: ${host}\nSeverity: critical`,
    })
  const result = look([
    alert('INC0030001', 'Beaconing', 'PC-1'),
    alert('INC0030002', 'Beaconing', 'PC-2'),
    nagios('SRV-1'),
    nagios('SRV-2'),
  ])
  expect(result).toMatchObject({ alerts: 2, ours: ['nordhaven.example'], messages: { read: 2, reply: 2 } })
  expect(result.providers).toHaveLength(1)
})

test('a reminder without ticket and thread belongs to what it reminds of', () => {
  const body = 'Rule: Beaconing\nSeverity: High\nHost: PC-1'
  const first = mail({ from: soc, to: us, subject: 'Alert: Beaconing on PC-1', body })
  const again = mail({
    from: soc,
    to: us,
    subject: 'Reminder: Alert: Beaconing on PC-1',
    body: `We have not yet heard from you.\n\n${body}`,
    at: 'Tue, 07 Oct 2025 10:00:00 +0200',
  })
  expect(look([first, again])).toMatchObject({ alerts: 1, repeated: [], messages: { kinds: { alert: 1, update: 1 } } })
})

test('one References on all alerts of a system makes no thread of them', () => {
  const one = (host: string) =>
    mail({
      from: soc,
      to: us,
      subject: `Alert: Beaconing on ${host}`,
      re: 'root@acme-mdr.example',
      body: `Rule: Beaconing\nSeverity: High\nHost: ${host}`,
    })
  expect(look([one('PC-1'), one('PC-2'), one('PC-3')])).toMatchObject({ alerts: 3 })
})

test('blind copies, and a firm with a mail box at everybody’s domain', () => {
  const blind = look([
    alert('INC0040001', 'Beaconing', 'PC-1', { to: 'undisclosed-recipients:;' }),
    mail({
      from: 'Dev <dev@nordhaven.example>',
      to: soc,
      subject: 'Re: [INC0040001] High - Beaconing on PC-1',
      body: 'ok',
    }),
  ])
  expect(blind).toMatchObject({ alerts: 1, ours: ['nordhaven.example'], messages: { read: 1, reply: 1 } })
  const small = look([
    alert('INC0040002', 'Beaconing', 'PC-1', { to: 'bakery.holm@gmail.com', id: 'g1' }),
    mail({
      from: 'Holm <bakery.holm@gmail.com>',
      to: soc,
      subject: 'Re: [INC0040002] High - Beaconing on PC-1',
      re: 'g1',
      body: 'ok',
    }),
  ])
  expect(small).toMatchObject({ alerts: 1, ours: ['bakery.holm@gmail.com'], messages: { read: 1, reply: 1 } })
})

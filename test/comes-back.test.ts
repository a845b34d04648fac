import { beforeAll, expect, test } from 'vitest'
import type { Reply } from '../src/model/reply.ts'
import { addProvider, alertOf, apiAs, post, signedIn, until } from './desk.ts'
import { deskHere } from './desk-here.ts'

const { database, desk } = await deskHere()
let cookie: string
let key: string
beforeAll(async () => {
  cookie = (await signedIn(desk, 'lead', 'Kari Dahl')).cookie
  key = await addProvider(desk)
}, 600_000)

const get = async <T>(url: string) => (await apiAs(desk, cookie, 'GET', url)) as unknown as T
const replyOf = async (id: string) => (await get<{ reply: Reply }>(`/api/replies/${id}`)).reply

/** An alert that was decided and answered; the answer was sent. */
async function answered(ticket: string, fields: readonly string[] = []): Promise<{ alertId: string; reply: Reply }> {
  const body = `Ticket: ${ticket}\nRule: Odd sign-in\nSeverity: High\nHost: ws-9\n`
  const alertId = await alertOf(desk, await post(desk, key, { subject: `[${ticket}] High: Odd sign-in`, body, fields }))
  const { version } = await get<{ version: number }>(`/api/alerts/${alertId}`)
  const decision = { outcome: 'false-alarm-benign', reason: 'A planned test.', cites: [], withoutEvidence: true }
  await apiAs(desk, cookie, 'POST', `/api/alerts/${alertId}/decision`, { ...decision, version })
  const id = await until(
    'the draft',
    async () => (await get<{ replies: { id: string }[] }>(`/api/alerts/${alertId}`)).replies[0]?.id,
  )
  for (const span of (await replyOf(id)).spans)
    await apiAs(desk, cookie, 'POST', `/api/replies/${id}/spans`, {
      ...{ spanId: span.id, verdict: 'redact', keepReason: null, alike: false, version: (await replyOf(id)).version },
    })
  await apiAs(desk, cookie, 'POST', `/api/replies/${id}/release`, { version: (await replyOf(id)).version })
  const reply = await until('the sending', async () => {
    const now = await replyOf(id)
    return now.state === 'sent' ? now : undefined
  })
  return { alertId, reply }
}

/** What came, once it was read: where it was put, and as what. */
async function comes(lines: readonly string[]) {
  const response = await fetch(`${desk.origin}/api/intake`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'message/rfc822' },
    body: lines.join('\r\n'),
  })
  const { id } = (await response.json()) as { id: string }
  return until('the reading', async () => {
    const query = database.db.selectFrom('message').select(['state', 'kind', 'alert_id']).where('id', '=', id)
    const row = await query.executeTakeFirst()
    return row?.state === 'received' ? undefined : row
  })
}

const alerts = async () =>
  Number(
    (
      await database.db
        .selectFrom('alert')
        .select((eb) => eb.fn.countAll().as('n'))
        .executeTakeFirstOrThrow()
    ).n,
  )
const from = ['From: Northwatch MDR <soc@northwatch.example>', 'To: desk@halden.example', 'MIME-Version: 1.0']

test('a delivery report about an answer of ours comes back to its alert, and the answer is said not to have arrived', async () => {
  const { alertId, reply } = await answered('NW-21')
  const before = await alerts()
  const came = await comes([
    ...[
      'From: Mail Delivery System <mailer-daemon@northwatch.example>',
      'To: desk@halden.example',
      'MIME-Version: 1.0',
    ],
    ...['Subject: Undelivered Mail Returned to Sender', 'Message-ID: <dsn.1@northwatch.example>'],
    ...[
      'Content-Type: multipart/report; report-type=delivery-status; boundary="r"',
      '',
      '--r',
      'Content-Type: text/plain',
      '',
    ],
    ...['I could not deliver your message.', '--r', 'Content-Type: message/delivery-status', ''],
    ...['Reporting-MTA: dns; mx.northwatch.example', '', 'Final-Recipient: rfc822; soc@northwatch.example'],
    ...['Action: failed', 'Status: 5.2.2', 'Diagnostic-Code: smtp; 552 5.2.2 Mailbox full', '', '--r'],
    ...['Content-Type: text/rfc822-headers', '', `Message-ID: <${reply.messageId}>`, 'Subject: Re', '', '--r--', ''],
  ])
  expect(came).toEqual({ state: 'read', kind: 'bounce', alert_id: alertId })
  expect(await replyOf(reply.id)).toMatchObject({ state: 'failed', receipt: expect.stringContaining('Mailbox full') })
  expect(await alerts()).toBe(before)
})

test('an absence note of theirs is put down beside the alert, and starts nothing', async () => {
  const { alertId, reply } = await answered('NW-22')
  const before = await alerts()
  const sent = desk.mailServer.arrived.length
  const came = await comes([
    ...from,
    ...[
      'Subject: Automatic reply: Odd sign-in',
      'Message-ID: <away.1@northwatch.example>',
      'Auto-Submitted: auto-replied',
    ],
    ...[`In-Reply-To: <${reply.messageId}>`, 'Content-Type: text/plain', '', 'I am away until Monday.', ''],
  ])
  expect(came).toEqual({ state: 'read', kind: 'auto-reply', alert_id: alertId })
  expect(await replyOf(reply.id)).toMatchObject({ state: 'sent' })
  expect([await alerts(), desk.mailServer.arrived.length]).toEqual([before, sent])
})

test('their answer finds its alert by References alone, deep in a thread, with another subject and without a ticket', async () => {
  const { alertId, reply } = await answered('NW-23')
  const before = await alerts()
  const came = await comes([
    ...from,
    ...['Subject: AW: one more thing', 'Message-ID: <more.1@northwatch.example>'],
    ...[`References: <root.0@northwatch.example>\r\n <${reply.messageId}>\r\n <between.1@northwatch.example>`],
    ...['Content-Type: text/plain', '', 'Thanks, we will look at the rule.', ''],
  ])
  expect(came).toMatchObject({ state: 'read', alert_id: alertId })
  expect(await alerts()).toBe(before)
})

test('an answer stands in Outlook where it belongs: behind the Thread-Index of the mail it answers, folded or not; without one it has none', async () => {
  const theirs = Buffer.from('01dd78ef0ce700112233445566778899aabbccddeeff', 'hex').toString('base64')
  const folded = `Thread-Index: ${theirs.slice(0, 20)}\r\n ${theirs.slice(20)}`
  const of = async (ticket: string, fields: readonly string[]) => {
    const { reply } = await answered(ticket, fields)
    const sent = desk.mailServer.arrived.find((mail) => mail.includes(reply.messageId))
    return sent?.toString('latin1').split('\r\n\r\n')[0] ?? ''
  }
  const head = await of('NW-7', [folded, 'Thread-Topic: of theirs'])
  const index = Buffer.from(/^Thread-Index: (\S+)$/m.exec(head)?.[1] ?? '', 'base64')
  expect(index.subarray(0, 22).toString('base64')).toBe(theirs)
  expect(index).toHaveLength(27)
  expect(head).toContain('Thread-Topic: [NW-7] High: Odd sign-in')
  expect(head).not.toContain('of theirs')
  expect(head).toMatch(/^In-Reply-To: </m)
  expect(await of('NW-8', [])).not.toMatch(/^Thread-/m)
})

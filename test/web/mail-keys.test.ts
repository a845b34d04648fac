import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, deskProvider, post, sessionCookie, signedIn, until } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'
import { type MailAuthority, type MailIdentity, mailAuthority } from '../mail-certificates.ts'

const { desk, pageWith } = await pagesHere({ config: { replyHoldSeconds: 1 } })
let mails: MailAuthority
let ours: MailIdentity
let admin: { token: string; cookie: string }
beforeAll(async () => {
  mails = mailAuthority()
  ours = mails.issue('desk@halden.example')
  admin = await signedIn(desk, 'administrator', 'Ada Berg')
}, 600_000)
afterAll(async () => {
  mails?.close()
})

async function ask(method: string, url: string, body?: unknown) {
  const response = await fetch(desk.origin + url, {
    method,
    headers: {
      ...{ cookie: admin.cookie, origin: desk.origin },
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text) as Record<string, unknown> }
}

describe('over the API', () => {
  test('a key of ours is taken with its passphrase, sealed, told to nobody, and retired', async () => {
    const locked = mails
      .openssl(['pkcs8', '-topk8', '-in', ours.keyFile, '-passout', 'pass:three words more'])
      .toString()
    const give = (passphrase: string | null, privateText = locked) =>
      ask('POST', '/api/mail-keys', { publicText: ours.certificate, privateText, passphrase })
    for (const wrong of [null, 'another'])
      expect(await give(wrong)).toMatchObject({ status: 400, text: expect.stringContaining('privateText') })
    const other = mails.issue('desk@halden.example')
    expect((await give(null, other.privateKey)).text).toContain('the key of another certificate')
    const taken = await give('three words more')
    expect(taken.status).toBe(200)
    expect((await give('three words more')).text).toContain('there already')
    const shown = await ask('GET', '/api/mail-keys')
    expect(shown.text).toContain(String(taken.body['fingerprint']))
    expect(shown.text).not.toContain('PRIVATE')
    const rows = await desk.running.database.db.selectFrom('mail_key').select('sealed').execute()
    expect(rows[0]?.sealed.includes('PRIVATE KEY')).toBe(false)
    expect((await ask('POST', `/api/mail-keys/${String(taken.body['id'])}/retire`)).status).toBe(200)
    expect((await ask('POST', `/api/mail-keys/${String(taken.body['id'])}/retire`)).status).toBe(404)
    const kinds = await desk.running.database.db
      .selectFrom('ledger_entry')
      .select('kind')
      .where('subject', '=', `mail-key:${String(taken.body['id'])}`)
      .orderBy('id')
      .execute()
    expect(kinds.map((row) => row.kind)).toEqual(['mail-key.added', 'mail-key.retired'])
  })

  test('what is no certificate for mail is refused, with the field and the reason', async () => {
    await addProvider(desk, { ...deskProvider, id: 'refusing' })
    const refused: readonly (readonly [string, RegExp])[] = [
      ['hello', /There is no certificate in it/],
      ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /cannot be read/],
      [mails.issue('soc@northwatch.example', { extra: 'extendedKeyUsage=serverAuth' }).certificate, /not for mail/],
      [`${ours.certificate}${mails.authority}`, /more than one/],
    ]
    for (const [publicText, why] of refused) {
      const answer = await ask('POST', '/api/providers/refusing/mail-keys', { publicText })
      expect(answer.status).toBe(400)
      expect(answer.text).toMatch(why)
    }
    const publicText = mails.issue('soc@northwatch.example').certificate
    expect((await ask('POST', '/api/providers/nobody/mail-keys', { publicText })).status).toBe(404)
    const added = await ask('POST', '/api/providers/refusing/mail-keys', { publicText })
    const place = `/api/providers/refusing/mail-keys/${String(added.body['fingerprint'])}`
    expect((await ask('DELETE', place)).status).toBe(200)
    expect((await ask('DELETE', place)).status).toBe(404)
    const rule = { protect: 'sign', method: 'smime', mustEncrypt: true }
    const provider = { ...deskProvider, id: 'refusing', mail: rule }
    expect((await ask('PUT', '/api/providers/refusing', { provider, version: 1 })).text).toContain('mail.mustEncrypt')
  })
})

test('the recipients say that an answer cannot be sent as it must, and, once both certificates are here, that it leaves encrypted', async () => {
  const { token, cookie } = await signedIn(desk, 'lead', 'Kari Dahl')
  const { context, page, problems } = await pageWith(admin.token)
  const mail = { protect: 'encrypt', method: 'smime', mustEncrypt: true } as const
  const key = await addProvider(desk, { ...deskProvider, mail })
  const body = 'Ticket: NW-9\nRule: Odd sign-in\nSeverity: High\nHost: ws-9\n'
  const id = await alertOf(desk, await post(desk, key, { subject: '[NW-9] High: Odd sign-in', body }))
  const alert = (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as { version: number }
  const decision = { outcome: 'false-alarm-benign', reason: 'A planned test.', cites: [], withoutEvidence: true }
  await apiAs(desk, cookie, 'POST', `/api/alerts/${id}/decision`, { ...decision, version: alert.version })
  const replyId = await until('the draft', async () => {
    const shown = (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as { replies: { id: string }[] }
    return shown.replies[0]?.id
  })
  await page.goto(`${desk.origin}/replies/${replyId}`)
  await page.getByText('Cannot be sent').waitFor()
  await page.getByText('we have no certificate').first().waitFor()
  await page.getByRole('button', { name: 'Release to Northwatch MDR' }).and(page.locator(':disabled')).waitFor()
  expect(await seriousIn(page)).toEqual([])

  const mine = mails.issue('desk@halden.example')
  await page.goto(`${desk.origin}/settings/mail-keys`)
  await page.getByRole('button', { name: 'Add a key of ours' }).click()
  const own = page.getByRole('dialog', { name: 'A key of ours' })
  await own.getByLabel('Certificate', { exact: true }).fill(mine.certificate)
  await own.getByLabel('Private key', { exact: true }).fill(mine.privateKey)
  expect(await seriousIn(page)).toEqual([])
  await own.getByRole('button', { name: 'Add it' }).click()
  await page.getByRole('region', { name: 'desk@halden.example' }).getByText('Ends in 20 days').first().waitFor()
  expect(await seriousIn(page)).toEqual([])

  await page.goto(`${desk.origin}/settings/providers`)
  await page.getByText('signed and encrypted (S/MIME), or not sent').waitFor()
  const card = page.locator('section.card', { has: page.getByText('signed and encrypted (S/MIME), or not sent') })
  await card.getByRole('button', { name: 'Add a key of theirs' }).click()
  const theirs = page.getByRole('dialog', { name: 'A key of Northwatch MDR' })
  await theirs.getByLabel('or out of a file').setInputFiles(mails.issue('soc@northwatch.example').certificateFile)
  await theirs.getByRole('button', { name: 'Add it' }).click()
  await card.getByText('Certificate of soc@northwatch.example').click()
  await card.getByText('signatures and encryption').waitFor()
  expect(await seriousIn(page)).toEqual([])

  await context.clearCookies()
  await context.addCookies([sessionCookie(desk, token)])
  await page.goto(`${desk.origin}/replies/${replyId}`)
  await page.getByText('Signed and encrypted', { exact: true }).waitFor()
  await page.getByText('the subject stays readable').waitFor()
  const left = () => page.getByRole('button', { name: / left to review$/ }).allInnerTexts()
  for (let before = await left(); before.length > 0; before = await left()) {
    await page.keyboard.press('y')
    await expect.poll(left, { timeout: 20_000 }).not.toEqual(before)
  }
  await page.getByRole('button', { name: /^Release/ }).click()
  await page.getByText('As it travels, signed or encrypted').waitFor()
  const [arrived] = await until('the mail', async () => {
    const mails = desk.mailServer.arrived.filter((one) => one.includes('smime.p7m'))
    return mails.length === 0 ? undefined : mails
  })
  expect(arrived?.toString('latin1')).not.toContain('A planned test.')
  await page.goto(`${desk.origin}/ledger/left`)
  await page.getByText('Signed, encrypted to').waitFor()
  expect(await seriousIn(page)).toEqual([])
  expect(problems).toEqual([])
})

describe('mail that comes in', () => {
  const id = 'sealed'
  const from = 'soc@sealed.example'
  let key: string
  let own: MailIdentity
  let theirs: MailIdentity
  beforeAll(async () => {
    key = await addProvider(desk, {
      ...deskProvider,
      id,
      name: 'Sealed MDR',
      addresses: [from],
      domains: ['sealed.example'],
    })
    own = mails.issue('desk@halden.example')
    theirs = mails.issue(from)
    const given = { publicText: own.certificate, privateText: own.privateKey, passphrase: null }
    await apiAs(desk, admin.cookie, 'POST', '/api/mail-keys', given)
    await apiAs(desk, admin.cookie, 'POST', `/api/providers/${id}/mail-keys`, { publicText: theirs.certificate })
  })

  const headed = (made: Buffer, ticket: string) =>
    Buffer.concat([
      Buffer.from(
        `From: Sealed MDR <${from}>\r\nTo: desk@halden.example\r\nSubject: [${ticket}] High: Odd sign-in\r\n`,
      ),
      Buffer.from(`Date: ${new Date().toUTCString()}\r\nMessage-ID: <${crypto.randomUUID()}@sealed.example>\r\n`),
      made,
    ])
  const signed = (ticket: string) => {
    const entity = `Content-Type: text/plain\r\n\r\nTicket: ${ticket}\r\nRule: Odd sign-in\r\nSeverity: High\r\nHost: ws-77\r\n`
    const by = ['-signer', theirs.certificateFile, '-inkey', theirs.keyFile]
    return mails.openssl(['cms', '-sign', '-md', 'sha256', '-crlfeol', ...by], Buffer.from(entity))
  }
  const take = async (bytes: Buffer): Promise<string> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'message/rfc822' }
    const response = await fetch(`${desk.origin}/api/intake`, { method: 'POST', headers, body: new Uint8Array(bytes) })
    return ((await response.json()) as { id: string }).id
  }

  test('is opened and read, and the alert says by whose certificate it was signed', async () => {
    const sealed = mails.openssl(['cms', '-encrypt', '-aes256', own.certificateFile], signed('SE-1'))
    const alertId = await alertOf(desk, await take(headed(sealed, 'SE-1')))
    const { page, problems } = await pageWith(admin.token)
    await page.goto(`${desk.origin}/alerts/${alertId}`)
    await page.locator('.alert-views').getByText('1 message').click()
    const card = page.getByRole('region', { name: 'Is it really them?' })
    await card.getByText('Was encrypted', { exact: true }).waitFor()
    await card.getByText('Signed by them', { exact: true }).waitFor()
    await card.getByText('one that was put here for Sealed MDR').waitFor()
    await page.getByLabel('The message as text').getByText('ws-77').first().waitFor()
    expect(await seriousIn(page)).toEqual([])
    expect(problems).toEqual([])
  })

  test('with a broken signature waits in quarantine with the reason; nothing of it is lost', async () => {
    const changed = headed(signed('SE-2'), 'SE-2').toString('latin1').replace('ws-77', 'ws-78')
    const messageId = await take(Buffer.from(changed, 'latin1'))
    const row = await until('the quarantine', async () => {
      const { rows } = (await apiAs(desk, admin.cookie, 'GET', '/api/quarantine')) as unknown as {
        rows: { id: string; authentication: { sealed?: { signature: string; says: string } } }[]
      }
      return rows.find((one) => one.id === messageId)
    })
    expect(row.authentication.sealed).toMatchObject({ signature: 'broken', says: expect.stringContaining('is broken') })
  })

  test('encrypted to somebody else says that it could not be read, and what to do', async () => {
    const shut = mails.openssl(['cms', '-encrypt', '-aes256', theirs.certificateFile], signed('SE-3'))
    const alertId = await alertOf(desk, await take(headed(shut, 'SE-3')))
    const shown = JSON.stringify(await apiAs(desk, admin.cookie, 'GET', `/api/alerts/${alertId}`))
    expect(shown).toContain(
      'It could not be read: it is encrypted to no certificate of ours. Give them our certificate',
    )
  })
})

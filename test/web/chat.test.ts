import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { openPage, startBrowser } from '../browser.ts'
import { type ChatWire, startChatWire } from '../chat-wire.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, apiAs, type Desk, post, signedIn, startDesk, until } from '../desk.ts'

let database: FreshDatabase
let desk: Desk
let wire: ChatWire
let folder: string
let key: string
let admin: { cookie: string; token: string }
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-chat-'))
  await writeFile(
    path.join(folder, 'ask.yaml'),
    `playbook: 1
id: ask-mara
version: 1
title: Ask Mara
on: alert
when: alert.severity == "critical"
priority: 1
steps:
  - id: ask
    step: wait-for-person
    title: Was it she
    csf: RS.AN-03
    phase: analysis
    for: answer
    to: '"mara.weiss@halden.example"'
    question: A sign-in on {{ alert.host }}. Was this you?
    expires: 4h
`,
  )
  database = await freshDatabase()
  wire = await startChatWire()
  desk = await startDesk({ databaseUrl: database.url, config: { playbooks: [folder] } })
  key = await addProvider(desk)
  admin = await signedIn(desk, 'administrator')
}, 600_000)
afterAll(async () => {
  await desk.stop()
  await wire.stop()
  await database.close()
  await rm(folder, { recursive: true, force: true })
})

test('set up by keyboard and tested; a question rings, previews of its link answer nothing, one tap and a confirmation do, once', {
  timeout: 180_000,
}, async () => {
  const browser = await startBrowser()
  try {
    const { page, context, problems } = await openPage(browser)
    const cookie = {
      name: 'counterfoil',
      value: admin.token,
      url: desk.origin,
      httpOnly: true,
      sameSite: 'Strict',
    } as const
    await context.addCookies([cookie])
    await page.goto(`${desk.origin}/settings/chat`)
    await page.getByText('People are told by mail only.').waitFor()
    await page.getByRole('button', { name: 'Add a channel' }).first().focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await dialog.getByLabel('Name', { exact: false }).first().fill('Mara')
    await dialog.getByLabel('Short name').fill('mara')
    await dialog.getByLabel('Address of its webhook').fill(wire.url)
    await dialog.getByLabel('Who is told there').fill('mara.weiss@halden.example')
    await page.keyboard.press('Enter')
    await dialog.getByLabel('This one person alone reads it').check()
    await dialog.getByText('A server of your own network').click()
    await dialog.getByLabel('http:// is meant').check()
    await dialog.getByLabel('Internal addresses it may be at').fill('127.0.0.1')
    await page.keyboard.press('Enter')
    await dialog.getByLabel('Switched on').check()
    expect(await seriousIn(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Save' }).click()
    const card = page.getByRole('region', { name: 'Mara' })
    await card.getByRole('button', { name: 'Send a test' }).click()
    await card.getByText('Its server took the message', { exact: false }).waitFor()
    expect(wire.posts).toHaveLength(1)
    expect(await seriousIn(page)).toEqual([])

    const body = 'Ticket: NW-1\nRule: Beaconing\nSeverity: Critical\nHost: pay-1\nSource IP: 192.0.2.1\n'
    await post(desk, key, { subject: '[NW-1] Critical: Beaconing', body })
    const asked = await until('the question to ring', async () => wire.posts.find((text) => text.includes('/q/')))
    expect(asked).not.toContain('pay-1')
    const link = /<(http[^|>]+)#yes\|/.exec(asked)?.[1] ?? ''
    const token = link.split('/').at(-1) ?? ''
    const preview = { 'user-agent': 'Slackbot-LinkExpanding 1.0' }
    for (const url of [`${link}#yes`, `${link}?answer=yes`, `${desk.origin}/api/questions/${token}`]) {
      expect((await fetch(url, { headers: preview })).status).toBe(200)
      await fetch(url, { method: 'HEAD', headers: preview })
    }
    // What runs a page's program for a preview stops short of pressing its button.
    const bot = await openPage(browser)
    await bot.page.goto(`${link}#no`)
    await bot.page.getByRole('radio', { name: /No, that was not me/, checked: true }).waitFor()
    await bot.context.close()
    expect(await apiAs(desk, admin.cookie, 'GET', `/api/questions/${token}`)).toMatchObject({ state: 'open' })

    const phone = await openPage(browser, { viewport: { width: 390, height: 844 } })
    await phone.page.goto(`${link}#yes`)
    await phone.page.getByRole('radio', { name: /Yes, that was me/, checked: true }).waitFor()
    expect(await seriousIn(phone.page)).toEqual([])
    await phone.page.getByRole('button', { name: 'Send my answer' }).click()
    await phone.page.getByText('Thank you').waitFor()
    await phone.context.close()
    const again = await fetch(`${desk.origin}/api/questions/${token}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: desk.origin },
      body: JSON.stringify({ answer: 'no', comment: '' }),
    })
    expect(again.status).toBe(410)
    const { id: alertId } = await database.db.selectFrom('alert').select('id').executeTakeFirstOrThrow()
    const { findings } = await apiAs(desk, admin.cookie, 'GET', `/api/alerts/${alertId}`)
    expect(JSON.stringify(findings)).toContain('"answer":"yes"')
    // The mail and the message held the same link; that is one answer.
    expect(desk.mailServer.arrived.some((mail) => mail.toString().includes('Was this you'))).toBe(true)

    await page.goto(`${desk.origin}/ledger/left?kind=chat`)
    await page.getByText('A question to a person').waitFor()
    await page.getByText('A test message').waitFor()
    expect(await seriousIn(page)).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  } finally {
    await browser.close()
  }
})

test('the address of a webhook comes back nowhere; a refusal stands on the card; who may not set one up is refused', {
  timeout: 60_000,
}, async () => {
  wire.next.push({ status: 403, text: 'action_prohibited' })
  expect(await apiAs(desk, admin.cookie, 'POST', '/api/chat/mara/test')).toMatchObject({ ok: false })
  const { channels } = await apiAs(desk, admin.cookie, 'GET', '/api/chat')
  expect(channels).toMatchObject([
    { id: 'mara', state: 'failing', says: expect.stringContaining('403'), posts: { failed: 1 } },
  ])
  const told = [
    JSON.stringify(channels),
    await (await fetch(`${desk.origin}/api/egress`, { headers: { cookie: admin.cookie } })).text(),
  ]
  const lines = await database.db.selectFrom('ledger_entry').select('leaf').where('kind', 'like', 'chat.%').execute()
  expect(lines.length).toBeGreaterThan(3)
  expect(JSON.stringify([told, lines])).not.toContain('secret-of-the-webhook')
  const analyst = (await signedIn(desk, 'analyst')).cookie
  await expect(apiAs(desk, analyst, 'DELETE', '/api/chat/mara')).rejects.toThrow('403')
  await apiAs(desk, admin.cookie, 'DELETE', '/api/chat/mara')
  await expect(apiAs(desk, admin.cookie, 'POST', '/api/chat/mara/test')).rejects.toThrow('404')
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, post, until } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'
import { docx } from '../leaks/files.ts'

const { desk, pageAs } = await pagesHere({ config: { replyHoldSeconds: 1 } })
const folder = mkdtempSync(path.join(tmpdir(), 'cf-attached-'))
afterAll(async () => {
  rmSync(folder, { recursive: true })
})

function file(name: string, content: string | Buffer): string {
  writeFileSync(path.join(folder, name), content)
  return path.join(folder, name)
}

test('a file is attached, its places are reviewed by key, a blocked one is taken out, and all of it leaves in one mail', async () => {
  const { context, page, problems, cookie } = await pageAs('lead', { name: 'Kari Dahl' })
  const key = await addProvider(desk)
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
  const files = page.getByRole('region', { name: 'Files' })
  const put = async (what: string) => {
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      files.getByRole('button', { name: 'Attach a file' }).click(),
    ])
    await chooser.setFiles(what)
  }
  await put(file('flows.csv', 'time;host\n09:05;10.20.30.40\n'))
  await files.getByText('1 place to review').waitFor()
  await put(file('report.docx', docx({ body: 'Seen on 10.20.30.41 only.', author: 'Somebody' })))
  await files.getByText('Taken out of it: author, dates and title').waitFor()
  await put(file('tool.exe', Buffer.from('MZ\x90\0\x03\0')))
  await files.getByText('It cannot leave. It is a program').waitFor()
  expect(await seriousIn(page)).toEqual([])

  await page.getByRole('button', { name: 'Take out tool.exe' }).click()
  await files.getByText('It cannot leave.').waitFor({ state: 'detached' })
  await page.locator('.span-row', { hasText: '10.20.30.41' }).click()
  await page.getByText('In the file report.docx').waitFor()
  await page.keyboard.press('y')
  await page.getByText('This file cannot be changed here').waitFor()
  await page.keyboard.press('n')
  await page.getByLabel('Why this may leave as it is').fill('They asked for it.')
  await page.keyboard.press('Enter')
  await page.locator('.span-row', { hasText: '10.20.30.41' }).getByText('Kept').waitFor()
  // Asked for without waiting: it goes with the last verdict.
  const left = () => page.getByRole('button', { name: / left to review$/ }).allInnerTexts()
  for (let before = await left(); before.length > 0; before = await left()) {
    await page.keyboard.press('y')
    await expect.poll(left, { timeout: 20_000 }).not.toEqual(before)
  }
  await files.getByText('Reviewed').nth(1).waitFor()
  await page.getByRole('button', { name: /^Release to / }).click()
  await page.getByRole('heading', { name: 'Sent, once' }).waitFor({ timeout: 20_000 })
  const mail = desk.mailServer.arrived[0]?.toString() ?? ''
  expect(mail).toContain('filename=report.docx')
  const csv = /filename=flows\.csv\r\n\r\n([\w+/=\r\n]+)\r\n--/.exec(mail)?.[1] ?? ''
  expect(Buffer.from(csv, 'base64').toString()).toBe('time;host\n09:05;[redacted: internal address]\n')
  expect(problems).toEqual([])
  await context.close()
}, 180_000)

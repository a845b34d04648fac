import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { beforeAll, expect, test, vi } from 'vitest'
import { seriousIn } from '../axe.ts'
import { openPage } from '../browser.ts'
import { pagesHere } from '../desk-here.ts'

vi.setConfig({ testTimeout: 120_000 })

const { desk, browser, pageAs } = await pagesHere()
let page: Page
let problems: string[]

/** Forty weeks of a provider with long names, its questions again and again, and our answers. */
const files = Array.from({ length: 120 }, (_, n) => {
  const at = new Date(Date.parse('2026-01-05T03:00:00Z') + n * 2 * 86_400_000 + (n % 24) * 3_600_000)
  const ours = n % 3 === 2
  const about = n - (ours ? 1 : 0)
  const rule = `${['Beaconing', 'Impossible travel', 'Port scan'][about % 3] ?? ''} ${'of a very long kind '.repeat(about % 4)}${about % 9}`
  const bytes = [
    `From: ${ours ? 'desk@halden.example' : 'Northwatch MDR <soc@northwatch.example>'}`,
    `To: ${ours ? 'soc@northwatch.example' : 'desk@halden.example'}`,
    `Subject: ${ours ? 'Re: ' : ''}[NW-${about}] High: ${rule}`,
    `Date: ${at.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <m${n}@${ours ? 'halden' : 'northwatch'}.example>`,
    ...(ours ? [`In-Reply-To: <m${about}@northwatch.example>`] : []),
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    '',
    ...(ours ? ['This was us.'] : [`Ticket: NW-${about}`, `Rule: ${rule}`, 'Severity: High', `Host: ws-${about % 7}`]),
    '',
  ].join('\r\n')
  return { name: `mail-${n}.eml`, mimeType: 'message/rfc822', buffer: Buffer.from(bytes) }
})

beforeAll(async () => {
  const opened = await pageAs('lead')
  ;({ page, problems } = opened)
  await page.goto(`${desk.origin}/x-ray`)
  await page.getByTestId('files').setInputFiles(files)
  await page.locator('.story').waitFor()
})

/** Pages of a PDF, by its page objects. */
const pagesOf = (pdf: Buffer): number => [...pdf.toString('latin1').matchAll(/\/Type\s*\/Page[^s]/gu)].length

test('it says five figures, each with what it means, n, and how far it can be relied on', async () => {
  const figures = page.locator('.story-figures > li')
  expect(await figures.locator('.tile-name').allInnerTexts()).toHaveLength(5)
  const text = await figures.allInnerTexts()
  expect(text.filter((one) => /\bn = \d+|\d+ of \d+|counted from/u.test(one))).toHaveLength(5)
  expect(text.join(' ')).toMatch(/95 %: /u)
  expect(await page.locator('.story-limits li').count()).toBeGreaterThanOrEqual(3)
})

test('drawings have names and say their data, and nothing serious is found by axe', async () => {
  const drawings = page.locator('.story svg[role=img]')
  const titles = await drawings.locator('title').allTextContents()
  const data = await drawings.locator('desc').allTextContents()
  const names = titles.map((title, at) => `${title}: ${data[at] ?? ''}`)
  expect(names).toHaveLength(3)
  expect(names.every((name) => /^.+: .*\d/u.test(name))).toBe(true)
  expect(await seriousIn(page)).toEqual([])
  expect(problems).toEqual([])
})

test('its print is one A4 page', async () => {
  expect(pagesOf(await page.pdf({ preferCSSPageSize: true }))).toBe(1)
})

test('the file to send on loads nothing, prints on one A4 page, and has the same figures', async () => {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download as one file' }).click(),
  ])
  const file = path.join(tmpdir(), `x-ray-${process.pid}.html`)
  await download.saveAs(file)
  const opened = await openPage(browser)
  const asked: string[] = []
  opened.page.on('request', (request) => asked.push(request.url()))
  await opened.page.goto(`file://${file}`)
  expect(asked).toEqual([`file://${file}`])
  expect(await opened.page.locator('.figures b').allInnerTexts()).toEqual(
    await page.locator('.story-figures strong').allInnerTexts(),
  )
  expect(await seriousIn(opened.page)).toEqual([])
  expect(pagesOf(await opened.page.pdf({ preferCSSPageSize: true }))).toBe(1)
  await opened.context.close()
  await rm(file)
})

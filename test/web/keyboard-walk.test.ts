import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPage, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, alertOf, type Desk, post, signedIn, startDesk, until } from '../desk.ts'

/** The whole way of an alert without the mouse, as somebody goes it who sees little, or reads from the right. */
let database: FreshDatabase
let desk: Desk
let browser: Browser
let key: string
beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  browser = await startBrowser()
  key = await addProvider(desk)
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  await database?.close()
})

const hebrew = 'המחשב של דנה הוחלף היום, כמתוכנן'
const arabic = 'تسجيل دخول غير معتاد'

/** Where the focus is, and what is wrong with it: nowhere, out of sight, behind something (WCAG 2.4.11), or without a mark. */
const focusProblem = `(() => {
  const one = document.activeElement
  if (one === null || one === document.body || one.id === 'main') return 'nothing has the focus'
  const box = one.getBoundingClientRect()
  const name = (one.getAttribute('aria-label') ?? one.textContent ?? one.id ?? '').trim().slice(0, 40) + ' (' + one.tagName + '.' + one.className + ')'
  if (box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth) return name + ' is out of sight'
  const [left, right] = [Math.max(0, box.left), Math.min(innerWidth, box.right)]
  const [top, bottom] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)]
  const seen = [0.1, 0.5, 0.9].some((x) => [0.15, 0.5, 0.85].some((y) => {
    const hit = document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y)
    return hit !== null && (one.contains(hit) || hit.contains(one))
  }))
  if (!seen) return name + ' is behind something'
  const style = getComputedStyle(one)
  const marked = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || /^(INPUT|TEXTAREA)$/.test(one.tagName)
  return marked ? '' : name + ' shows no focus'
})()`

/** A row under the cursor is told by more than a colour where colours are the reader's own. */
const cursorProblem = `(() => {
  const row = document.querySelector('tr.cursor')
  if (row === null) return 'no row is under the cursor'
  const box = row.getBoundingClientRect()
  if (box.bottom <= 0 || box.top >= innerHeight) return 'the row under the cursor is out of sight'
  if (!matchMedia('(forced-colors: active)').matches) return ''
  return getComputedStyle(row).outlineStyle === 'none' ? 'the row under the cursor is told by its colour alone' : ''
})()`

const sideways = `(() => { const wide = document.scrollingElement.scrollWidth - document.documentElement.clientWidth; return wide > 1 ? wide + ' px too wide' : '' })()`

/** Whether a text takes its direction from its own letters. */
const ownDirection = async (page: Page, selector: string): Promise<unknown> =>
  page.evaluate(
    `(() => { const style = getComputedStyle(document.querySelector(${JSON.stringify(selector)})); return style.unicodeBidi === 'plaintext' || style.direction === 'rtl' })()`,
  )

type Walk = { readonly page: Page; readonly wrong: string[] }

async function look({ page, wrong }: Walk, where: string, ...what: readonly string[]): Promise<void> {
  for (const one of [...what, sideways]) {
    const problem = String(await page.evaluate(one))
    if (problem !== '') wrong.push(`${where}: ${problem}`)
  }
}

async function decide(walk: Walk): Promise<void> {
  const { page } = walk
  await page.locator('#decide').waitFor()
  await page.keyboard.press('j')
  await page.locator('.evidence-open:focus').waitFor()
  await look(walk, 'evidence', focusProblem)
  for (let row = 0; row < 4; row++) await page.keyboard.press('j')
  await look(walk, 'evidence further down', focusProblem)
  await page.keyboard.press('c')
  await page.getByRole('button', { name: 'Cited', exact: true }).waitFor()
  await page.keyboard.press('3')
  await page.keyboard.press('w')
  await page.locator('#decide textarea:focus').waitFor()
  await look(walk, 'reason', focusProblem)
  await page.keyboard.type(hebrew)
  expect(await ownDirection(page, '#decide textarea')).toBe(true)
  await page.keyboard.press('Control+Enter')
  await page.locator('.decided').waitFor()
}

async function answer(walk: Walk): Promise<void> {
  const { page } = walk
  await page.keyboard.press('r')
  await page.waitForURL(/\/replies\//)
  await page.getByRole('heading', { name: 'Sensitive places' }).waitFor()
  await look(walk, 'review')
  const left = page.getByRole('button', { name: /left to review/ })
  const release = page.getByRole('button', { name: /^Release to/ })
  for (let before = await left.allInnerTexts(); before.length > 0; before = await left.allInnerTexts()) {
    await page.keyboard.press('y')
    await expect.poll(() => left.allInnerTexts()).not.toEqual(before)
  }
  await until('the release to be open', () => release.isEnabled())
  await page.keyboard.press('Shift+R')
  await page.getByRole('heading', { name: /^Leaves in|^Leaving now|^Sent, once/ }).waitFor()
}

async function closeTicket(walk: Walk): Promise<void> {
  const { page } = walk
  await page.getByRole('heading', { name: 'Sent, once' }).waitFor({ timeout: 20_000 })
  await page.keyboard.press('t')
  await page.getByRole('heading', { name: 'Comments' }).waitFor()
  await look(walk, 'ticket')
  await page.keyboard.press('c')
  await page.locator('#ticket-comment:focus').waitFor()
  await look(walk, 'comment', focusProblem)
  await page.keyboard.type(hebrew)
  await page.keyboard.press('Control+Enter')
  await page.locator('.ticket-comments p').waitFor()
  expect(await ownDirection(page, '.ticket-comments p')).toBe(true)
  await page.keyboard.press('Escape')
  await page.keyboard.press('x')
  await page
    .getByText(/^Closed$/)
    .first()
    .waitFor()
}

const profiles: readonly (readonly [string, BrowserContextOptions])[] = [
  ['at 1440 px', {}],
  ['at 200 % zoom of 1440 px, with less motion', { viewport: { width: 720, height: 450 }, reducedMotion: 'reduce' }],
  ['in forced colours', { forcedColors: 'active', colorScheme: 'dark' }],
]

test.each(profiles)(
  'queue, alert, decision, answer and ticket are walked by keyboard alone %s',
  { timeout: 240_000 },
  async (name, options) => {
    const nth = profiles.findIndex(([one]) => one === name) + 1
    const body = `Ticket: NW-${nth}\nRule: ${arabic}\nSeverity: High\nHost: ws-${nth}\nUser: dana\nSource IP: 192.0.2.${nth}\nDestination IP: 203.0.113.9\n`
    const id = await alertOf(desk, await post(desk, key, { subject: `[NW-${nth}] High: ${arabic}`, body }))
    const { token } = await signedIn(desk, 'lead', 'Kari Dahl')
    const { page, context, problems } = await openPage(browser, options)
    await context.addCookies([
      { name: 'counterfoil', value: token, url: desk.origin, httpOnly: true, sameSite: 'Strict' },
    ])
    const walk = { page, wrong: [] as string[] }
    await page.goto(`${desk.origin}/queue?sort=newest`)
    await page.locator('table.queue tbody tr').first().waitFor()
    for (const pressed of ['j', 'k']) await page.keyboard.press(pressed)
    await look(walk, 'queue', cursorProblem)
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/alerts/${id}`)
    await decide(walk)
    await answer(walk)
    await closeTicket(walk)
    await page.keyboard.press('g')
    await page.keyboard.press('q')
    await page.waitForURL(/\/queue/)
    expect(walk.wrong).toEqual([])
    expect(problems).toEqual([])
    const ticket = await database.db
      .selectFrom('ticket')
      .select('closed_at')
      .where('alert_id', '=', id)
      .executeTakeFirst()
    expect(ticket?.closed_at).not.toBe(null)
    await context.close()
  },
)

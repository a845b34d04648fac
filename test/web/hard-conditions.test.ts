import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { openPage, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, alertOf, apiAs, type Desk, post, signedIn, startDesk } from '../desk.ts'

/** Every main page under conditions that a demo does not have; one server and one browser for all of them. */
let database: FreshDatabase
let desk: Desk
let browser: Browser
let lead: { readonly cookie: string; readonly token: string }
let key: string
const ids = { alert: '', run: '', reply: '' }

const override = '\u202e'
const hostile = {
  rule: `<img src=x onerror="document.title='owned'"> ${override}gpj.exe \u0007 ${'Überwachung'.repeat(12)}`,
  host: `${'very-long-host-name-'.repeat(8)}ws.example.com`,
  user: 'محمد.العربي',
  says: `היי, 日本語のログ, ${override}txt.exe, <script>document.title="owned"</script> ${'x'.repeat(300)}`,
}

beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  browser = await startBrowser()
  lead = await signedIn(desk, 'administrator', `${'Maximiliane '.repeat(6)}${override}עברית`)
  key = await addProvider(desk)
  const body = [
    'Ticket: NW-1',
    `Rule: ${hostile.rule}`,
    'Severity: High',
    `Host: ${hostile.host}`,
    `User: ${hostile.user}`,
    'Source IP: 192.0.2.1',
    'Destination IP: 203.0.113.9',
    '',
    hostile.says,
    '',
  ]
  const subject = '[NW-1] High: Long names'
  ids.alert = await alertOf(desk, await post(desk, key, { subject, body: body.join('\n') }))
  const { version } = (await apiAs(desk, lead.cookie, 'GET', `/api/alerts/${ids.alert}`)) as unknown as {
    version: number
  }
  await apiAs(desk, lead.cookie, 'POST', `/api/alerts/${ids.alert}/decision`, {
    ...{ outcome: 'tune', reason: `${hostile.says} decided`, cites: [], withoutEvidence: true, version },
  })
  const drafted = await apiAs(desk, lead.cookie, 'POST', `/api/alerts/${ids.alert}/reply`)
  ids.reply = String(drafted['replyId'])
  const run = await database.db
    .selectFrom('run')
    .select('id')
    .where('alert_id', '=', ids.alert)
    .executeTakeFirstOrThrow()
  ids.run = run.id
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  await database?.close()
})

/** `main`: the call without which the page has nothing to show. */
const pages: readonly { readonly name: string; readonly path: () => string; readonly main: RegExp }[] = [
  { name: 'queue', path: () => '/queue?tab=all', main: /\/api\/queue(\?|$)/ },
  { name: 'alert', path: () => `/alerts/${ids.alert}`, main: /\/api\/alerts\/[^/]+$/ },
  { name: 'run', path: () => `/runs/${ids.run}`, main: /\/api\/runs\/[^/]+$/ },
  { name: 'reply', path: () => `/replies/${ids.reply}`, main: /\/api\/replies\/[^/]+$/ },
  { name: 'quarantine', path: () => '/quarantine', main: /\/api\/quarantine$/ },
  { name: 'log sources', path: () => '/logs/sources', main: /\/api\/lake\/sources/ },
  { name: 'context', path: () => '/context/assets', main: /\/api\/assets/ },
  { name: 'ledger', path: () => '/ledger', main: /\/api\/ledger/ },
  { name: 'settings', path: () => '/settings/providers', main: /\/api\/providers$/ },
  { name: 'tickets', path: () => '/tickets', main: /\/api\/tickets(\?|$)/ },
  { name: 'readers', path: () => '/settings/readers', main: /\/api\/readers$/ },
  { name: 'playbooks', path: () => '/settings/playbooks', main: /\/api\/playbooks$/ },
  { name: 'connectors', path: () => '/settings/connectors', main: /\/api\/connectors$/ },
  { name: 'sources', path: () => '/settings/sources', main: /\/api\/sources$/ },
  { name: 'rules for tickets', path: () => '/settings/tickets', main: /\/api\/ticketing$/ },
  { name: 'chat', path: () => '/settings/chat', main: /\/api\/chat$/ },
  { name: 'house', path: () => '/settings/house', main: /\/api\/settings$/ },
  { name: 'settings as a file', path: () => '/settings/config', main: /\/api\/config$/ },
  { name: 'users', path: () => '/settings/users', main: /\/api\/users$/ },
  { name: 'API keys', path: () => '/settings/api-keys', main: /\/api\/service-accounts$/ },
  { name: 'first hour', path: () => '/start', main: /\/api\/first-run$/ },
]
/** They show something without asking the server first. */
const still = [
  { name: 'logs', path: () => '/logs' },
  { name: 'x-ray', path: () => '/x-ray' },
  { name: 'search', path: () => '/search' },
  { name: 'myself', path: () => '/settings/me' },
]
const all = [...pages, ...still]

async function as(options: BrowserContextOptions = {}) {
  const opened = await openPage(browser, options)
  await opened.context.addCookies([
    { name: 'counterfoil', value: lead.token, url: desk.origin, httpOnly: true, sameSite: 'Strict' },
  ])
  return opened
}

async function go(page: Page, path: string): Promise<void> {
  await page.goto(desk.origin + path)
  await page.locator('main h1').first().waitFor()
  await page.waitForLoadState('networkidle')
}

/** Opens every page in one profile and gathers what `look` has against it. */
async function against(options: BrowserContextOptions, look: (page: Page) => Promise<readonly string[]>) {
  const { page, context, problems } = await as(options)
  const found: string[] = []
  for (const one of all) {
    await go(page, one.path())
    found.push(...(await look(page)).map((what) => `${one.name}: ${what}`))
  }
  await context.close()
  return [...found, ...problems]
}

const slow = { timeout: 300_000 }

/** What sticks out of the page to the right: WCAG 1.4.10 lets only what needs two dimensions scroll, within itself. */
async function sidewaysIn(page: Page): Promise<string[]> {
  return (await page.evaluate(`(() => {
    const wide = document.scrollingElement.scrollWidth - document.documentElement.clientWidth
    if (wide <= 1) return []
    const edge = document.documentElement.clientWidth + 1
    const out = [...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > edge)
    return [wide + ' px too wide: ' + out.slice(-3).map((one) => one.tagName + '.' + one.className).join(', ')]
  })()`)) as string[]
}

describe.concurrent('every main page', slow, () => {
  test.each([
    ['at 200 % zoom of 1440 px', { width: 720, height: 450 }],
    ['on a phone of 390 px', { width: 390, height: 844 }],
  ])('%s is read without scrolling sideways', async (_name, viewport) => {
    expect(await against({ viewport }, sidewaysIn)).toEqual([])
  })

  test.each([
    ['in light', { colorScheme: 'light' }],
    ['in dark', { colorScheme: 'dark' }],
    ['in forced colours', { forcedColors: 'active' }],
  ] as const)('with hostile and foreign words passes axe %s', async (_name, options) => {
    expect(await against(options, seriousIn)).toEqual([])
  })

  test('runs nothing of a message, and an override of direction ends where its words end', async () => {
    const foreign: string[] = []
    let seen = 0
    const found = await against({}, async (page) => {
      page.on('request', (request) => void (request.url().startsWith(desk.origin) || foreign.push(request.url())))
      const title = await page.title()
      seen += Number(await page.evaluate("document.querySelector('main').innerText.split('\\ufffd').length - 1"))
      const injected = await page.locator('main img[src="x"], main script').count()
      const leaking = (await page.evaluate(`(() => {
        const walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT)
        const found = []
        while (walker.nextNode()) {
          if (!walker.currentNode.data.includes('\\u202e')) continue
          const style = getComputedStyle(walker.currentNode.parentElement)
          if (style.display === 'inline' && !/isolate|plaintext/.test(style.unicodeBidi))
            found.push('not isolated: ' + walker.currentNode.parentElement.outerHTML.slice(0, 80))
        }
        return found
      })()`)) as string[]
      return [
        ...(title === 'Counterfoil' ? [] : [`title: ${title}`]),
        ...(injected > 0 ? ['injected'] : []),
        ...leaking,
      ]
    })
    expect([...found, ...foreign]).toEqual([])
    // Each is shown as one visible sign (web/src/api.ts). A checker that saw none is not green.
    expect(seen).toBeGreaterThan(2)
  })

  test('moves nothing for who asked for less motion', async () => {
    const moving = async (page: Page) =>
      (await page.evaluate(`document.getAnimations()
        .filter((one) => Number(one.effect.getComputedTiming().duration) > 50)
        .map((one) => 'moves: ' + (one.animationName ?? one.transitionProperty))`)) as string[]
    expect(await against({ reducedMotion: 'reduce' }, moving)).toEqual([])
  })

  test('says what is wrong and what to do when the server fails', async () => {
    const { page, context } = await as()
    const silent: string[] = []
    for (const { name, path, main } of pages) {
      await page.route(main, (route) =>
        route.request().method() === 'GET'
          ? route.fulfill({
              status: 503,
              contentType: 'application/json',
              body: '{"code":"house.busy","says":"Too much in hand.","next":"Try again in a minute.","details":[]}',
            })
          : route.continue(),
      )
      await page.goto(desk.origin + path())
      const alert = page.getByRole('alert').filter({ hasText: 'Too much in hand.' }).first()
      const said = await alert.waitFor({ timeout: 20_000 }).then(
        () => alert.innerText(),
        () => 'nothing',
      )
      if (!said.includes('Try again in a minute.')) silent.push(`${name}: ${said}`)
      await page.unroute(main)
    }
    expect(silent).toEqual([])
    await context.close()
  })

  test('keeps what it last knew while the server is away, and says that it is', async () => {
    const { page, context } = await as()
    await go(page, `/alerts/${ids.alert}`)
    await page.locator('.sentence').waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    await page.route('**/api/**', (route) => route.abort())
    const refused = page.waitForEvent('requestfailed', (request) => request.url().includes('/api/alerts/'))
    // Its news still arrive, and what they make the page ask for does not.
    await post(desk, key, { subject: '[NW-1] High: Long names', body: 'Ticket: NW-1\nRule: Again\nSeverity: High\n' })
    await refused
    await page.keyboard.press('m')
    expect(await page.getByText('What was read from it').isVisible()).toBe(true)
    await page.keyboard.press('m')
    expect(await page.locator('.sentence').isVisible()).toBe(true)
    await context.close()
  })

  test('shows grey lines only when it takes long, and then says that it loads', async () => {
    const { page, context } = await as()
    const quiet: string[] = []
    for (const { name, path, main } of pages) {
      let free: () => void = () => undefined
      const held = new Promise<void>((resolve) => {
        free = resolve
      })
      await page.route(main, async (route) => {
        await held
        await route.continue().catch(() => undefined)
      })
      await page.goto(desk.origin + path())
      const shown = await page
        .getByRole('status', { name: 'Loading' })
        .first()
        .waitFor({ timeout: 20_000 })
        .then(
          () => true,
          () => false,
        )
      if (!shown) quiet.push(name)
      free()
      await page.locator('main h1').first().waitFor()
      await page.unroute(main)
    }
    expect(quiet).toEqual([])
    await context.close()
  })
})

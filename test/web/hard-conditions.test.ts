import { rm } from 'node:fs/promises'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertPersonQuestion } from '../../src/db/person-questions.ts'
import { approvalPlaybook, mailedToken, type Signer, signer } from '../approval-desk.ts'
import { seriousIn } from '../axe.ts'
import { openPage, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, alertOf, apiAs, type Desk, post, signedIn, startDesk } from '../desk.ts'

/**
 * Every page and dialog under conditions that a demo does not have. One house and one browser; each page is opened once in each
 * profile (light, dark, forced colours) and asked everything there, since opening it costs more than the questions.
 */
let database: FreshDatabase
let desk: Desk
let browser: Browser
let lead: { readonly cookie: string; readonly token: string }
let key: string
let folder: string
const ids = { alert: '', run: '', reply: '', approval: '', open: '', day: '' }
const question = 'q'.repeat(43)
/** Sessions of those who see pages of their own; none for whoever comes by a link. */
const tokens = { desk: '', auditor: '', owner: '', provider: '', nobody: null as string | null }
type Who = keyof typeof tokens

const override = '\u202e'
const hostile = {
  rule: `<img src=x onerror="document.title='owned'"> ${override}gpj.exe \u0007 ${'Überwachung'.repeat(12)}`,
  host: `${'very-long-host-name-'.repeat(8)}ws.example.com`,
  user: 'محمد.العربي',
  says: `היי, 日本語のログ, ${override}txt.exe, <script>document.title="owned"</script> ${'x'.repeat(300)}`,
}

beforeAll(async () => {
  database = await freshDatabase()
  folder = await approvalPlaybook(
    `what: "{{ alert.host }}"
about: "{{ alert.title }}"
why: ${JSON.stringify(hostile.says)}
changes: ${JSON.stringify(hostile.user)}
ifSilent: ${'Nothing'.repeat(40)}
from:
  - title: ${'Datenschutz'.repeat(5)}
    people: [dpo@halden.example]`,
  )
  desk = await startDesk({ databaseUrl: database.url, config: { playbooks: [folder] } })
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
  await limited(body)
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  await database?.close()
  await rm(folder, { recursive: true, force: true })
})

/** Those who are not of the desk: what they see is as long and as foreign. */
async function limited(body: readonly string[]): Promise<void> {
  const owner = await signedIn(desk, 'asset-owner', hostile.user)
  Object.assign(tokens, {
    desk: lead.token,
    auditor: (await signedIn(desk, 'auditor', hostile.user)).token,
    owner: owner.token,
    provider: (await signedIn(desk, 'provider-analyst', hostile.host, 'northwatch')).token,
  })
  await apiAs(desk, lead.cookie, 'PUT', `/api/assets/${hostile.host.slice(0, 60)}`, {
    ...{ source: 'cmdb', name: hostile.host.slice(0, 60), ownerEmail: owner.user.email, role: hostile.says },
  })
  const now = Date.now()
  await insertPersonQuestion(database.db, question, {
    ...{ alertId: ids.alert, runId: null, stepPath: null, findingId: null, email: owner.user.email },
    ...{ name: hostile.user, what: hostile.says, askedAt: new Date(now).toISOString() },
    expiresAt: new Date(now + 3600_000).toISOString(),
  })
  const dpo: Signer = await signer(desk, 'approver', hostile.user, 'dpo@halden.example')
  const critical = body.map((line) => line.replace('NW-1', 'NW-2').replace('High', 'Critical'))
  await post(desk, key, { subject: '[NW-2] Critical: Long names', body: critical.join('\n') })
  ids.approval = await mailedToken(desk, dpo.email)
  const { id } = await database.db
    .selectFrom('alert')
    .select('id')
    .where('id', '!=', ids.alert)
    .executeTakeFirstOrThrow()
  ids.open = id
  ids.day = new Date(now).toISOString().slice(0, 10)
}

type Shown = { readonly name: string; readonly path: () => string; readonly as?: Who }
/** `main`: the call without which the page has nothing to show. */
const pages: readonly (Shown & { readonly main: RegExp })[] = [
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
  { name: 'house', path: () => '/settings/house', main: /\/api\/settings$/ },
  { name: 'mail keys', path: () => '/settings/mail-keys', main: /\/api\/mail-keys$/ },
  { name: 'settings as a file', path: () => '/settings/config', main: /\/api\/config$/ },
  { name: 'users', path: () => '/settings/users', main: /\/api\/users$/ },
  { name: 'API keys', path: () => '/settings/api-keys', main: /\/api\/service-accounts$/ },
  { name: 'first hour', path: () => '/start', main: /\/api\/first-run$/ },
  { name: 'handover', path: () => '/handover', main: /\/api\/handovers(\?|$)/ },
  { name: 'what left', path: () => '/ledger/left', main: /\/api\/egress(\?|$)/ },
  { name: 'people', path: () => '/context/people', main: /\/api\/people(\?|$)/ },
  { name: 'vulnerabilities', path: () => '/context/vulnerabilities', main: /\/api\/vulnerabilities/ },
  { name: 'expectations', path: () => '/context/expectations', main: /\/api\/expectations/ },
  { name: 'tuning requests', path: () => '/context/tuning', main: /\/api\/tuning/ },
  { name: 'context packs', path: () => '/context/packs', main: /\/api\/packs$/ },
  { name: 'tickets elsewhere', path: () => '/settings/elsewhere', main: /\/api\/elsewhere/ },
  {
    ...{ name: 'auditor’s room', as: 'auditor', main: /\/api\/audit\/sample/ },
    path: () =>
      `/ledger/audit?seed=dice&from=${ids.day}T00:00:00.000Z&to=2099-01-01T00:00:00.000Z&n=5&alert=${ids.alert}`,
  },
  { name: 'owner’s page', path: () => '/mine', as: 'owner', main: /\/api\/owned$/ },
  { name: 'provider’s portal', path: () => '/portal', as: 'provider', main: /\/api\/portal\/alerts(\?|$)/ },
  { name: 'provider’s ticket', path: () => `/portal/${ids.alert}`, as: 'provider', main: /\/api\/portal\/alerts\// },
  { name: 'approval', path: () => `/approve/${ids.approval}`, as: 'nobody', main: /\/api\/approve\// },
  { name: 'question', path: () => `/q/${question}`, as: 'nobody', main: /\/api\/questions\// },
]
/** They show something without asking the server first. */
const still = [
  { name: 'logs', path: () => '/logs' },
  { name: 'x-ray', path: () => '/x-ray' },
  { name: 'search', path: () => '/search' },
  { name: 'myself', path: () => '/settings/me' },
]
/** What opens over a page; `open` ends when it is there. */
const dialogs: readonly (Shown & { readonly open: (page: Page) => Promise<unknown> })[] = [
  ...(
    [
      ['decide', '3'],
      ['assign', 'a'],
      ['snooze', 'h'],
      ['saved views', 'v'],
      ['keyboard', '?'],
      ['palette', 'Control+k'],
    ] as const
  ).map(([name, pressed]) => ({
    ...{ name: `dialog: ${name}`, path: () => '/queue' },
    open: async (page: Page) => {
      await page.locator('table.queue tbody tr').first().waitFor()
      await page.keyboard.press(pressed)
    },
  })),
  { name: 'dialog: note', path: () => `/alerts/${ids.open}`, open: pressing('Write a note') },
  { name: 'dialog: remember', path: () => `/alerts/${ids.open}`, open: pressing('Remember this') },
  { name: 'dialog: ask by chat', path: () => `/alerts/${ids.open}`, open: pressing('Ask by chat') },
  { name: 'dialog: playbook', path: () => `/alerts/${ids.open}`, open: pressing('Run playbook') },
  { name: 'dialog: provider', path: () => '/settings/providers', open: pressing('Add a provider') },
  { name: 'dialog: door of a provider', path: () => '/settings/providers', open: pressing('Their analysts') },
  { name: 'dialog: key of ours', path: () => '/settings/mail-keys', open: pressing('Add a key of ours') },
  { name: 'dialog: key of theirs', path: () => '/settings/providers', open: pressing('Add a key of theirs') },
  { name: 'dialog: connector', path: () => '/settings/connectors', open: pressing('Add a connector') },
  { name: 'dialog: system', path: () => '/settings/elsewhere', open: pressing('Add a system') },
  { name: 'dialog: pack', path: () => '/context/packs', open: pressing('Make a') },
]

function pressing(name: string): (page: Page) => Promise<void> {
  return async (page) => page.getByRole('button', { name }).first().click()
}

async function as(options: BrowserContextOptions = {}) {
  return openPage(browser, options)
}

async function enter(page: Page, who: Who): Promise<void> {
  const value = tokens[who]
  await page.context().clearCookies()
  if (value !== null)
    await page
      .context()
      .addCookies([{ name: 'counterfoil', value, url: desk.origin, httpOnly: true, sameSite: 'Strict' }])
}

async function go(page: Page, one: Shown): Promise<void> {
  await enter(page, one.as ?? 'desk')
  await page.goto(desk.origin + one.path())
  await page.locator('main h1').first().waitFor()
  await page.waitForLoadState('networkidle')
}

type Looks = Readonly<Record<string, (page: Page) => Promise<readonly string[]>>>

/** Opens every page and dialog in one profile and gathers, by condition, what there is against it. */
async function walk(options: BrowserContextOptions, looks: Looks): Promise<ReadonlyMap<string, readonly string[]>> {
  const { page, context, problems } = await as(options)
  const found = new Map<string, string[]>(Object.keys(looks).map((what) => [what, []]))
  page.on('request', (request) => void (request.url().startsWith(desk.origin) || problems.push(request.url())))
  const size = page.viewportSize()
  for (const one of [...pages, ...still, ...dialogs] as readonly (Shown & Partial<(typeof dialogs)[number]>)[]) {
    await go(page, one)
    if (one.open !== undefined) {
      const opened = await one
        .open(page)
        .then(() => page.getByRole('dialog').waitFor())
        .then(
          () => true,
          () => false,
        )
      if (!opened) problems.push(`${one.name}: did not open`)
    }
    for (const [what, look] of Object.entries(looks))
      found.get(what)?.push(...(await look(page)).map((wrong) => `${one.name}: ${wrong}`))
    if (size !== null) await page.setViewportSize(size)
  }
  await context.close()
  return found.set('problems', problems)
}

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

const light = once(() =>
  walk({ colorScheme: 'light' }, { axe: seriousIn, moving: movingIn, hostile: hostileIn, ...sizes }),
)
const dark = once(() => walk({ colorScheme: 'dark' }, { axe: seriousIn }))
const forced = once(() => walk({ forcedColors: 'active' }, { axe: seriousIn }))

const slow = { timeout: 300_000 }

/** Shares a list between two browsers' worth of pages: while one waits for the network to be quiet the other works. */
async function inTwo<T>(list: readonly T[], walk: (half: readonly T[]) => Promise<void>): Promise<void> {
  await Promise.all([0, 1].map((parity) => walk(list.filter((_, at) => at % 2 === parity))))
}

/** What a part of a page says; null where it does not come. */
async function saidOf(part: Locator): Promise<string | null> {
  return part.waitFor({ timeout: 20_000 }).then(
    () => part.innerText(),
    () => null,
  )
}

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

async function movingIn(page: Page): Promise<string[]> {
  return (await page.evaluate(`document.getAnimations()
    .filter((one) => Number(one.effect.getComputedTiming().duration) > 50)
    .map((one) => 'moves: ' + (one.animationName ?? one.transitionProperty))`)) as string[]
}

let seen = 0
async function hostileIn(page: Page): Promise<string[]> {
  const title = await page.title()
  seen += Number(await page.evaluate("document.querySelector('main').innerText.split('\\ufffd').length - 1"))
  const injected = await page.locator('main img[src="x"], main script').count()
  const leaking = (await page.evaluate(`(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found = []
    while (walker.nextNode()) {
      if (!walker.currentNode.data.includes('\\u202e')) continue
      const style = getComputedStyle(walker.currentNode.parentElement)
      if (style.display === 'inline' && !/isolate|plaintext/.test(style.unicodeBidi))
        found.push('not isolated: ' + walker.currentNode.parentElement.outerHTML.slice(0, 80))
    }
    return found
  })()`)) as string[]
  return [...(title === 'Counterfoil' ? [] : [`title: ${title}`]), ...(injected > 0 ? ['injected'] : []), ...leaking]
}

/** The last looks of a page: they change its size. */
const sizes: Looks = {
  zoomed: async (page) => {
    await page.setViewportSize({ width: 720, height: 450 })
    return sidewaysIn(page)
  },
  phone: async (page) => {
    await page.setViewportSize({ width: 390, height: 844 })
    return sidewaysIn(page)
  },
}

describe.concurrent('every page and dialog', slow, () => {
  test.each([
    ['at 200 % zoom of 1440 px', 'zoomed'],
    ['on a phone of 390 px', 'phone'],
  ])('%s is read without scrolling sideways', async (_name, look) => {
    expect((await light()).get(look)).toEqual([])
  })

  test.each([
    ['in light', light],
    ['in dark', dark],
    ['in forced colours', forced],
  ] as const)(
    'with hostile and foreign words passes axe %s, and the browser complains of nothing',
    async (_name, walked) => {
      const found = await walked()
      expect([...(found.get('axe') ?? ['not looked']), ...(found.get('problems') ?? ['not looked'])]).toEqual([])
    },
  )

  test('runs and loads nothing of a message, and an override of direction ends where its words end', async () => {
    expect((await light()).get('hostile')).toEqual([])
    // Each is shown as one visible sign (web/src/api.ts). A checker that saw none is not green.
    expect(seen).toBeGreaterThan(2)
  })

  test('moves nothing for who asked for less motion', async () => {
    expect((await light()).get('moving')).toEqual([])
  })

  test('shows grey lines when it takes long, and says what is wrong and what to do when the server fails then', async () => {
    const [quiet, silent]: [string[], string[]] = [[], []]
    await inTwo(pages, async (half) => {
      const { page, context } = await as()
      for (const { name, path, main, as: who = 'desk' } of half) {
        await enter(page, who)
        const { promise: held, resolve: free } = Promise.withResolvers<void>()
        await page.route(main, async (route) => {
          if (route.request().method() !== 'GET') return route.continue()
          await held
          await route
            .fulfill({
              status: 503,
              contentType: 'application/json',
              body: '{"code":"house.busy","says":"Too much in hand.","next":"Try again in a minute.","details":[]}',
            })
            .catch(() => undefined)
        })
        await page.goto(desk.origin + path())
        const lines = page.getByRole('status', { name: 'Loading' }).first()
        if ((await saidOf(lines)) === null) quiet.push(name)
        free()
        const said = await saidOf(page.getByRole('alert').filter({ hasText: 'Too much in hand.' }).first())
        if (said?.includes('Try again in a minute.') !== true) silent.push(`${name}: ${said ?? 'nothing'}`)
        await page.unroute(main)
      }
      await context.close()
    })
    expect({ quiet, silent }).toEqual({ quiet: [], silent: [] })
  })

  test('keeps what it last knew while the server is away, and says that it is', async () => {
    const { page, context } = await as()
    await go(page, { name: 'alert', path: () => `/alerts/${ids.alert}` })
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
})

import { rm } from 'node:fs/promises'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertPersonQuestion } from '../../src/db/person-questions.ts'
import { approvalPlaybook, mailedToken, type Signer, signer } from '../approval-desk.ts'
import { seriousColoursIn, seriousIn } from '../axe.ts'
import { openPage, settled } from '../browser.ts'
import { addProvider, alertOf, apiAs, post, sessionCookie, signedIn } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

/**
 * Every page and dialog under conditions that a demo does not have. One house and one browser; each page is opened once and asked
 * everything there, since opening it costs more than the questions: all of axe in light, its rules of colour in dark and forced colours too.
 */
let lead: { readonly cookie: string; readonly token: string }
let key: string
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

const folder = await approvalPlaybook(
  `what: "{{ alert.host }}"
about: "{{ alert.title }}"
why: ${JSON.stringify(hostile.says)}
changes: ${JSON.stringify(hostile.user)}
ifSilent: ${'Nothing'.repeat(40)}
from:
  - title: ${'Datenschutz'.repeat(5)}
    people: [dpo@halden.example]`,
)
afterAll(() => rm(folder, { recursive: true, force: true }))
const { database, desk, browser } = await pagesHere({ config: { playbooks: [folder] } })

beforeAll(async () => {
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
  { name: 'sign-off', path: () => '/settings/sign-off', main: /\/api\/offices$/ },
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
  { name: 'dialog: passkeys of a user', path: () => '/settings/users', open: pressing('Passkeys of') },
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

async function enter(page: Page, who: Who): Promise<void> {
  const value = tokens[who]
  await page.context().clearCookies()
  if (value !== null) await page.context().addCookies([sessionCookie(desk, value)])
}

async function go(page: Page, one: Shown): Promise<void> {
  await enter(page, one.as ?? 'desk')
  await page.goto(desk.origin + one.path())
  await page.locator('main h1').first().waitFor()
  await settled(page)
}

type Looks = Readonly<Record<string, (page: Page) => Promise<readonly string[]>>>

/** Shares a list between so many browsers' worth of pages: while one waits another works. */
async function shared<T>(list: readonly T[], by: number, walk: (share: readonly T[]) => Promise<void>): Promise<void> {
  const shares = Array.from({ length: by }, (_, turn) => list.filter((_one, at) => at % by === turn))
  await Promise.all(shares.map(walk))
}

/** Opens every page and dialog once and gathers, by condition, what there is against it. */
async function walkAll(): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>(['problems', ...Object.keys(looks)].map((what) => [what, []]))
  const all: readonly (Shown & Partial<(typeof dialogs)[number]>)[] = [...pages, ...still, ...dialogs]
  await shared(all, 2, async (share) => {
    const { page, context, problems } = await openPage(browser)
    page.on('request', (request) => void (request.url().startsWith(desk.origin) || problems.push(request.url())))
    const size = page.viewportSize()
    for (const one of share) {
      await go(page, one)
      if (one.open !== undefined) {
        const opened = await one
          .open(page)
          .then(() => page.getByRole('dialog').waitFor())
          .then(
            () => settled(page).then(() => true),
            () => false,
          )
        if (!opened) problems.push(`${one.name}: did not open`)
      }
      for (const [what, look] of Object.entries(looks))
        found.get(what)?.push(...(await look(page)).map((wrong) => `${one.name}: ${wrong}`))
      if (size !== null) await page.setViewportSize(size)
    }
    found.get('problems')?.push(...problems)
    await context.close()
  })
  return found
}

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
const walked = once(walkAll)

const slow = { timeout: 300_000 }

/** What a part of a page says; null where it does not come. */
async function saidOf(part: Locator): Promise<string | null> {
  return part.waitFor({ timeout: 60_000 }).then(
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

/** What every page is asked, in this order: the last ones change its size. */
const looks: Looks = {
  light: seriousIn,
  moving: movingIn,
  hostile: hostileIn,
  dark: (page) => seriousColoursIn(page, 'dark'),
  forced: (page) => seriousColoursIn(page, 'forced'),
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
  // These two first: they wait for the most part, and five tests run at a time.
  test('shows grey lines when it takes long, and says what is wrong and what to do when the server fails then', async () => {
    const [quiet, silent]: [string[], string[]] = [[], []]
    // A page asks three times before it says so, and waits a second and two between: others are looked at meanwhile.
    await shared(pages, 4, async (share) => {
      const { page, context } = await openPage(browser)
      for (const { name, path, main, as: who = 'desk' } of share) {
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
    const { page, context } = await openPage(browser)
    await go(page, { name: 'alert', path: () => `/alerts/${ids.alert}` })
    await page.locator('.sentence').waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    await page.route('**/api/**', (route) => route.abort())
    const refused = page.waitForEvent('requestfailed', (request) => request.url().includes('/api/alerts/'))
    // Its news still arrive, and what they make the page ask for does not.
    await post(desk, key, { subject: '[NW-1] High: Long names', body: 'Ticket: NW-1\nRule: Again\nSeverity: High\n' })
    await refused
    await page.getByText('What you see was read').waitFor()
    await page.keyboard.press('m')
    await page.getByText('What was read from it').waitFor()
    await page.keyboard.press('m')
    await page.locator('.sentence').waitFor()
    expect(await page.getByText('What was read from it').count()).toBe(0)
    await page.unroute('**/api/**')
    await page.getByRole('button', { name: 'Ask again' }).click()
    await page.getByText('What you see was read').waitFor({ state: 'detached' })
    await context.close()
  })

  test.each([
    ['at 200 % zoom of 1440 px', 'zoomed'],
    ['on a phone of 390 px', 'phone'],
  ])('%s is read without scrolling sideways', async (_name, look) => {
    expect((await walked()).get(look)).toEqual([])
  })

  test.each([
    ['in light', 'light'],
    ['in dark', 'dark'],
    ['in forced colours', 'forced'],
  ])('with hostile and foreign words passes axe %s, and the browser complains of nothing', async (_name, look) => {
    const found = await walked()
    expect([...(found.get(look) ?? ['not looked']), ...(found.get('problems') ?? ['not looked'])]).toEqual([])
  })

  test('runs and loads nothing of a message, and an override of direction ends where its words end', async () => {
    expect((await walked()).get('hostile')).toEqual([])
    // Each is shown as one visible sign (web/src/api.ts). A checker that saw none is not green.
    expect(seen).toBeGreaterThan(2)
  })

  test('moves nothing for who asked for less motion', async () => {
    expect((await walked()).get('moving')).toEqual([])
  })
})

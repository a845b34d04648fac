import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import type { z } from 'zod'
import type { AlertPage } from '../../src/contract/desk.ts'
import type { SimilarAlert } from '../../src/contract/similar.ts'
import { rareMax } from '../../src/db/similar.ts'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, post, signedIn } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageAs } = await pagesHere()
let key: string
let cookie: string

/** A browser on a busy machine of two cores. */
const slow = { timeout: 120_000 }

beforeAll(async () => {
  key = await addProvider(desk)
  cookie = (await signedIn(desk, 'lead', 'Kari Dahl')).cookie
  const form = new FormData()
  form.set('noun', 'assets')
  form.set(
    'file',
    new File(['name,ip,owner,role,criticality\nws-1,192.0.2.21,Mara Weiss,payroll,high\n'], 'assets.csv'),
  )
  const headers = { cookie, origin: desk.origin }
  expect((await fetch(`${desk.origin}/api/imports`, { method: 'POST', headers, body: form })).status).toBe(200)
}, 600_000)

let ticket = 100
type Told = { rule?: string; host?: string; user?: string; destination?: string; question?: string }
async function alert({ rule = 'Beaconing', host = 'ws-1', user = 'mweiss', ...rest }: Told): Promise<string> {
  ticket += 1
  const { destination = '203.0.113.77', question = 'Is this expected?' } = rest
  const body = `Ticket: NW-${ticket}\nRule: ${rule}\nSeverity: High\nHost: ${host}\nUser: ${user}\nSource IP: 192.0.2.21\nDestination IP: ${destination}\nQuestion: ${question}\n`
  return alertOf(desk, await post(desk, key, { subject: `[NW-${ticket}] High: ${rule}`, body }))
}
const pageOf = async (id: string) =>
  (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}`)) as unknown as z.infer<typeof AlertPage>
async function decide(id: string, reason: string, outcome = 'false-alarm-benign'): Promise<void> {
  const { version, findings } = await pageOf(id)
  const cites = findings.filter(({ kind }) => kind === 'found').map((finding) => finding.id)
  const body = { outcome, reason, cites, withoutEvidence: cites.length === 0, version }
  await apiAs(desk, cookie, 'POST', `/api/alerts/${id}/decision`, body)
}
const similarTo = async (id: string) =>
  (await apiAs(desk, cookie, 'GET', `/api/alerts/${id}/similar`)) as unknown as {
    rows: z.infer<typeof SimilarAlert>[]
    tooCommon: string[]
  }

async function open(path: string, scheme: 'light' | 'dark' = 'light') {
  const opened = await pageAs('lead', { colorScheme: scheme })
  await opened.page.goto(desk.origin + path)
  return opened
}

describe('similar past alerts', slow, () => {
  test('by rule, subject, question, account and rare observable; why it is similar, how it was decided and on what', async () => {
    const planned = (who: string, n: number) => `Was the sign-in of ${who} from a new country at 0${n}:14 planned?`
    const exact = await alert({ question: planned('mweiss', 1) })
    const rule = await alert({ host: 'ws-2', user: 'nberg', destination: '198.51.100.2' })
    const question = await alert({ rule: 'Travel', host: 'ws-3', user: 'jlind', destination: '198.51.100.3', question: planned('jlind', 7) }) // biome-ignore format: one line
    const elsewhere = await alert({ rule: 'Scan', host: 'ws-4', user: 'aholm', destination: '198.51.100.4' })
    for (const id of [exact, rule, question, elsewhere]) await decide(id, `Reason of ${id}`)
    const open = await alert({ host: 'ws-1' })
    const { rows } = await similarTo(await alert({ question: planned('mweiss', 3) }))
    expect(rows.map(({ id }) => id)).toEqual([exact, rule, question])
    expect(rows.map(({ id }) => id)).not.toContain(open)
    expect(rows[0]).toMatchObject({
      reason: `Reason of ${exact}`,
      by: 'Kari Dahl',
      outcome: 'false-alarm-benign',
      withoutEvidence: false,
    })
    expect(rows[0]?.cited.map(({ summary }) => summary).join()).toContain('payroll')
    const kinds = [...new Set(rows[0]?.because.map(({ kind }) => kind))]
    expect(kinds).toEqual(['rule', 'entity', 'question', 'account', 'observable'])
    expect(rows[2]?.because[0]).toEqual({
      kind: 'question',
      value: 'was the sign in of # from a new country at # planned',
    })
  })

  test('a decision that was taken back is nobody’s example, and what every alert names is not compared by', async () => {
    const first = await alert({ rule: 'Undone', host: 'ws-9', user: 'zz-1' })
    await decide(first, 'Wrong at first.')
    const { decisions } = await pageOf(first)
    await apiAs(desk, cookie, 'POST', `/api/alerts/${first}/decision/undo`, { decisionId: decisions[0]?.id })
    const again = await alert({ rule: 'Undone', host: 'ws-9', user: 'zz-1' })
    await sql`insert into sighting select alert_id, message_id, type, value, part, span_start, span_end, text
      from sighting, generate_series(1, ${rareMax}) where alert_id = ${again}::uuid and value = '203.0.113.77'`.execute(
      database.db,
    )
    const { rows, tooCommon } = await similarTo(again)
    expect(tooCommon).toEqual(['203.0.113.77'])
    expect(rows.map(({ id }) => id)).not.toContain(first)
  })
})

describe('deciding by keyboard', slow, () => {
  test('J moves over the evidence, C cites, 3 chooses, W writes, Ctrl+Enter decides, Z takes it back', async () => {
    const id = await alert({ rule: 'By keyboard' })
    const { page, context, problems } = await open(`/alerts/${id}`)
    await page.locator('.rung > .evidence').first().waitFor()
    await page.keyboard.press('j')
    const cited = await page.evaluate<string>('document.activeElement.closest("[data-finding]").dataset.finding')
    await page.keyboard.press('c')
    await page.keyboard.press('3')
    await page.keyboard.press('3')
    await page.keyboard.press('w')
    await page.keyboard.type('The payroll run does this every Monday.')
    await page.keyboard.press('Control+Enter')
    await page.locator('.standing').waitFor()
    expect((await pageOf(id)).decisions[0]).toMatchObject({ outcome: 'false-alarm-benign', cites: [cited] })
    await page.locator('body').click({ position: { x: 2, y: 2 } })
    await page.keyboard.press('z')
    await page.getByRole('radiogroup', { name: 'Outcome' }).waitFor()
    expect((await pageOf(id)).outcome).toBeNull()
    expect(problems).toEqual([])
    await context.close()
  })

  test('a draft survives a reload and a conflict, and is gone once it is said', async () => {
    const id = await alert({ rule: 'Kept' })
    const { page, context } = await open(`/alerts/${id}`)
    await page.locator('.rung > .evidence').first().waitFor()
    await page.keyboard.press('1')
    await page.keyboard.press('0')
    await page.keyboard.press('w')
    await page.keyboard.type('Nobody could be asked.')
    await page.reload()
    const reason = page.getByRole('textbox', { name: 'Why' })
    await expect.poll(() => reason.inputValue(), { timeout: 15_000 }).toBe('Nobody could be asked.')
    expect(await page.getByRole('radio', { name: /Incident/ }).getAttribute('aria-checked')).toBe('true')
    // Somebody else changes the alert while this person still looks at the old one.
    await context.route('**/api/live*', (route) => route.abort())
    await database.db.updateTable('alert').set((eb) => ({ version: eb('version', '+', 1) })).where('id', '=', id).execute() // biome-ignore format: one call
    const decide = page.getByRole('button', { name: 'Decide: incident' })
    await decide.click()
    await page.locator('.rail .problem').waitFor()
    expect(await reason.inputValue()).toBe('Nobody could be asked.')
    await decide.click()
    await page.locator('.standing').waitFor()
    expect(await page.evaluate(`sessionStorage.getItem('decision-draft ${id}')`)).toBeNull()
    await context.close()
  })

  test('the reason of an earlier decision is taken over with what the same questions found this time', async () => {
    const before = await alert({ rule: 'Backup', host: 'ws-1' })
    await decide(before, 'The nightly backup of the payroll.')
    const id = await alert({ rule: 'Backup', host: 'ws-1' })
    const { page, context, problems } = await open(`/alerts/${id}`, 'dark')
    await page.getByText('2nd time: once benign trigger').first().waitFor()
    await page.getByRole('button', { name: 'Use this reason' }).first().click()
    expect(await page.getByRole('textbox', { name: 'Why' }).inputValue()).toBe('The nightly backup of the payroll.')
    await page.getByRole('button', { name: 'Decide: false alarm' }).click()
    await page.locator('.standing').waitFor()
    const now = await pageOf(id)
    const own = now.findings.filter((finding) => finding.kind === 'found').map((finding) => finding.id)
    expect(own).toEqual(expect.arrayContaining(now.decisions[0]?.cites ?? ['none']))
    expect(await seriousIn(page)).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  })
})

test('nothing jumps while the page fills, and a mail cannot turn the direction of our own words', slow, async () => {
  const id = await alert({ rule: 'invoice\u202Efdp.exe' })
  const { page, context } = await open('/queue')
  await page.addInitScript(`window.shifts = []; new PerformanceObserver((list) => { for (const one of list.getEntries())
    window.shifts.push(...one.sources.map(({ node }) => one.value.toFixed(4) + ' ' + (node?.className ?? node?.nodeName))) }).observe({ type: 'layout-shift', buffered: true })`)
  await page.goto(`${desk.origin}/alerts/${id}`)
  await page.locator('#before .strip, #before p').first().waitFor()
  // What was drawn is reported with the next frame.
  const drawn = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(window.shifts))))'
  expect(await page.evaluate(drawn)).toEqual([])
  const text = await page.locator('body').innerText()
  expect(text).toContain('invoice\uFFFDfdp.exe')
  expect(text).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/)
  await context.close()
})

test(
  'who opens an alert before its evidence is in has everything in its place: what comes moves nothing',
  slow,
  async () => {
    const id = await alert({ rule: 'Coming in' })
    const row = await database.db
      .selectFrom('alert')
      .select(['judgement', 'filled_at'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    const set = async (judgement: unknown, filledAt: Date | null) => {
      await database.db
        .updateTable('alert')
        .set({ judgement: judgement === null ? null : JSON.stringify(judgement), filled_at: filledAt })
        .where('id', '=', id)
        .execute()
      await sql`select pg_notify('counterfoil_live', ${`alert:${id}`})`.execute(database.db)
    }
    await set(null, null)
    const { page, context, problems } = await open('/queue')
    await page.addInitScript(`window.shifts = []; new PerformanceObserver((list) => { for (const one of list.getEntries())
    window.shifts.push(...one.sources.map(({ node }) => one.value.toFixed(4) + ' ' + (node?.className ?? node?.nodeName))) }).observe({ type: 'layout-shift', buffered: true })`)
    await page.goto(`${desk.origin}/alerts/${id}`)
    await page.getByText('asking…').first().waitFor()
    expect(await page.getByText('asking…').count()).toBe(6)
    expect(await seriousIn(page)).toEqual([])
    await set(row.judgement, null)
    await page.getByText('asking…').first().waitFor({ state: 'detached' })
    await page.getByText('The evidence is coming in').first().waitFor()
    await set(row.judgement, row.filled_at)
    await page.getByText('The evidence is in').waitFor()
    await page.locator('#before .strip, #before p').first().waitFor()
    const drawn = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(window.shifts))))'
    expect(await page.evaluate(drawn)).toEqual([])
    expect(await seriousIn(page)).toEqual([])
    // Unfolded when somebody wants it.
    await page.keyboard.press('j')
    await page.locator('.evidence-open:visible').first().waitFor()
    expect(problems).toEqual([])
    await context.close()
  },
)

test('what was read and where it stands point at each other; own logs open around the alert', slow, async () => {
  const id = await alert({ rule: 'Beaconing' })
  const { page, context } = await open(`/alerts/${id}`)
  await page.getByRole('heading', { name: 'Evidence ladder' }).waitFor()
  await page.keyboard.press('m')
  const named = page.locator('.read-name')
  await page.locator('.message-body mark', { hasText: 'Beaconing' }).first().focus()
  await named.getByText('Beaconing').waitFor()
  const row = page.locator('.read-row.on')
  expect(await row.count()).toBe(1)
  expect(await row.innerText()).toContain('Beaconing')
  await page.locator('.read-row', { hasText: 'ws-' }).first().focus()
  await named.getByText('ws-').waitFor()
  expect(await page.locator('.message-body mark.on').first().innerText()).toContain('ws-')
  expect(await seriousIn(page)).toEqual([])

  // An answer of the log lake: its search, and the same around the time of the alert.
  await sql`update finding set connector = 'log-lake', query = 'host = "ws-1"' where alert_id = ${id}`.execute(
    database.db,
  )
  await page.reload()
  await page.locator('.rung > .evidence .evidence-open').first().click()
  const quarter = page.getByRole('link', { name: 'The lines 15m before and after the alert' })
  const to = new URL((await quarter.getAttribute('href')) ?? '', desk.origin).searchParams
  const { alert: told } = await pageOf(id)
  const at = Date.parse(told.occurredAt ?? told.receivedAt)
  expect(to.get('q')).toContain('ws-1')
  const edges = ['from', 'to'].map((name) => Date.parse(to.get(name)?.replaceAll('"', '') ?? '') - at)
  expect(edges).toEqual([-15 * 60_000, 15 * 60_000])
  expect(await page.getByRole('link', { name: /before and after the alert/ }).count()).toBe(5)
  expect(await seriousIn(page)).toEqual([])
  await context.close()
})

test(
  'an answer with a time can be asked for in another one; one without says that there is none to choose',
  slow,
  async () => {
    const id = await alert({ rule: 'Around it' })
    const { alert: told, ...first } = await pageOf(id)
    const moment = Date.parse(told.occurredAt ?? told.receivedAt)
    const planned = first.findings.find(
      ({ question, ask }) => question === 'change-window-of-asset' && ask['asset'] === 'ws-1',
    )
    expect(planned).toMatchObject({ aroundMinutes: null })
    const time = (minutes: number) => new Date(moment + minutes * 60_000).toISOString()
    const form = new FormData()
    form.set('noun', 'calendar')
    const calendar = `Number,Short description,Type,Planned start,Planned end,Affected CIs\nCHG-9,Payroll upgrade,change,${time(90)},${time(120)},ws-1\n`
    form.set('file', new File([calendar], 'calendar.csv'))
    const headers = { cookie, origin: desk.origin }
    expect((await fetch(`${desk.origin}/api/imports`, { method: 'POST', headers, body: form })).status).toBe(200)

    const { page, context } = await open(`/alerts/${id}`)
    await page.getByRole('heading', { name: 'Evidence ladder' }).waitFor()
    for (const fold of await page.locator('.unasked summary').all()) await fold.click()
    const row = page.locator(`[data-finding="${planned?.id}"]`)
    await row.locator('.evidence-open').click()
    await row.getByRole('button', { name: 'Ask about 24h before and after the alert' }).click()
    const wider = page.locator('.rung > .evidence', { hasText: '± 24h' })
    await wider.waitFor()
    await wider.locator('.evidence-open').click()
    await wider.getByText('(24 hours before and after the alert, chosen by hand)').waitFor()
    expect(await wider.innerText()).toContain('Payroll upgrade')
    // A change of later that day is worth a look, and explains nothing.
    const { judgement } = await pageOf(id)
    expect(JSON.stringify(judgement?.proposal)).not.toContain('Payroll upgrade')
    expect(await seriousIn(page)).toEqual([])

    const owner = page.locator('.rung > .evidence', { hasText: 'Who owns this host?' }).first()
    await owner.locator('.evidence-open').click()
    await owner.getByText(/none to choose: this is about how things are/).waitFor()
    expect(await owner.getByRole('button', { name: /before and after the alert/ }).count()).toBe(0)
    await context.close()
  },
)

describe('on a phone', slow, () => {
  test('the verbs of the decision stand at the foot of the screen, open the rail, and cover nothing', async () => {
    const id = await alert({ rule: 'By thumb', host: 'ws-1' })
    const { page, context, problems } = await pageAs('lead', { viewport: { width: 390, height: 844 } })
    await page.goto(`${desk.origin}/alerts/${id}`)
    const bar = page.getByRole('region', { name: 'Decide this alert' })
    await page.locator('.rung > .evidence').first().waitFor()
    await bar.waitFor()
    const verbs = await bar.getByRole('button').allInnerTexts()
    expect(verbs).toEqual(['Incident', 'Minor trouble', 'False alarm', 'Tune the rule'])
    const [over, nav] = [await bar.boundingBox(), await page.locator('nav.nav').boundingBox()]
    expect((over?.y ?? 0) + (over?.height ?? 0)).toBeLessThanOrEqual((nav?.y ?? 0) + 0.5)
    expect(Math.min(...(await Promise.all((await bar.getByRole('button').all()).map(async (one) => (await one.boundingBox())?.height ?? 0))))).toBeGreaterThanOrEqual(44) // biome-ignore format: one line
    expect(await page.getByRole('radiogroup', { name: 'Outcome' }).isVisible()).toBe(true)
    const atTop = await page.evaluate<number>('document.querySelector("#decide .choices").getBoundingClientRect().top')
    expect(atTop).toBeGreaterThan(844)
    expect(await seriousIn(page)).toEqual([])

    await bar.getByRole('button', { name: 'False alarm' }).click()
    const chosen = page.getByRole('radio', { name: /False alarm/ })
    await page.waitForFunction('document.activeElement.dataset.outcome === "false-alarm-nothing"')
    expect(await chosen.getAttribute('aria-checked')).toBe('true')
    await bar.waitFor({ state: 'hidden' })
    expect((await chosen.boundingBox())?.y).toBeLessThan(700)

    // At the end of the page the last line stands above where the bar is when it is shown.
    await page.evaluate('window.scrollTo(0, document.documentElement.scrollHeight)')
    const end = await page.evaluate<number>('document.querySelector(".alert-grid").getBoundingClientRect().bottom')
    const place = await page.evaluate<number>('document.querySelector(".decide-bar").getBoundingClientRect().top')
    expect(end).toBeLessThanOrEqual(place)

    // The keys of a keyboard do what they do at the desk.
    await page.keyboard.press('1')
    await page.locator('#decide [data-outcome="incident"][aria-checked="true"]').waitFor()
    await decide(id, 'Known and expected.')
    await page.reload()
    await bar.getByRole('button', { name: /^Decided: benign/ }).click()
    await bar.waitFor({ state: 'hidden' })
    expect(await page.locator('.standing').isVisible()).toBe(true)
    await page.setViewportSize({ width: 1440, height: 900 })
    await bar.waitFor({ state: 'hidden' })
    expect(problems).toEqual([])
    await context.close()
  })
})

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Handover, HandoverFacts } from '../../src/contract/handover.ts'
import { seriousIn } from '../axe.ts'
import { openPage, startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, alertOf, apiAs, type Desk, post, signedIn, startDesk } from '../desk.ts'

let database: FreshDatabase
let desk: Desk
let browser: Browser
const ids: string[] = []

beforeAll(async () => {
  database = await freshDatabase()
  desk = await startDesk({ databaseUrl: database.url })
  browser = await startBrowser()
  const key = await addProvider(desk)
  for (const n of [1, 2, 3])
    ids.push(
      await alertOf(
        desk,
        await post(desk, key, {
          subject: `[NW-${n}] High: Rule ${n}`,
          body: `Ticket: NW-${n}\nRule: Rule ${n}\nSeverity: High\nHost: ws-${n}\n`,
        }),
      ),
    )
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await desk?.stop()
  await database?.close()
})

type Shown = { facts: HandoverFacts; note: string; signed: Handover[] }
const shownTo = async (cookie: string, from = '') =>
  (await apiAs(desk, cookie, 'GET', `/api/handovers?from=${encodeURIComponent(from)}`)) as unknown as Shown
const countsOf = ({ facts }: Shown) => Object.fromEntries(facts.sections.map((section) => [section.id, section.n]))

test('every number is of the record, opens its exact list, and the next handover begins where this one ended', async () => {
  const nils = await signedIn(desk, 'analyst', 'Nils Berg')
  const page = (await apiAs(desk, nils.cookie, 'GET', `/api/alerts/${ids[0]}`)) as unknown as { version: number }
  await apiAs(desk, nils.cookie, 'POST', `/api/alerts/${ids[0]}/decision`, {
    outcome: 'incident',
    reason: 'It is.',
    cites: [],
    withoutEvidence: true,
    version: page.version,
  })
  const before = await shownTo(nils.cookie)
  expect(countsOf(before)).toMatchObject({ new: 3, decided: 1, unsure: 0 })
  const decided = before.facts.sections.find((section) => section.id === 'decided')
  expect(decided?.rows).toEqual([
    { text: expect.stringContaining('Rule 1'), who: 'Nils Berg', at: expect.any(String), href: `/alerts/${ids[0]}` },
  ])
  expect(before.note).toContain('New alerts: 3')

  const note = `${before.note}\n\nCall Mara about ws-2.`
  const { id } = (await apiAs(desk, nils.cookie, 'POST', '/api/handovers', {
    from: before.facts.from,
    note,
  })) as unknown as { id: string }
  const kari = await signedIn(desk, 'lead', 'Kari Dahl')
  const after = await shownTo(kari.cookie)
  expect(after.signed[0]).toMatchObject({ id, note, signedBy: 'Nils Berg', takenBy: null })
  expect(countsOf(after)).toMatchObject({ new: 0, decided: 0 })
  await apiAs(desk, kari.cookie, 'POST', `/api/handovers/${id}/taken`)
  await expect(apiAs(desk, nils.cookie, 'POST', `/api/handovers/${id}/taken`)).rejects.toThrow('404')
  expect((await shownTo(kari.cookie)).signed[0]).toMatchObject({ takenBy: 'Kari Dahl' })
  const kinds = await database.db
    .selectFrom('ledger_entry')
    .select('kind')
    .where('subject', '=', `handover:${id}`)
    .orderBy('at')
    .execute()
  expect(kinds.map((row) => row.kind)).toEqual(['handover.signed', 'handover.taken'])
  // An earlier beginning shows the same again.
  expect(countsOf(await shownTo(kari.cookie, before.facts.from))).toMatchObject({ new: 3, decided: 1 })
})

test('a handover needs words and a beginning that is past', async () => {
  const { cookie } = await signedIn(desk, 'analyst')
  await expect(
    apiAs(desk, cookie, 'POST', '/api/handovers', { from: '2020-01-01T00:00:00.000Z', note: ' ' }),
  ).rejects.toThrow('400')
  await expect(
    apiAs(desk, cookie, 'POST', '/api/handovers', { from: '2100-01-01T00:00:00.000Z', note: 'x' }),
  ).rejects.toThrow('400')
})

test('on the page: edited, signed, taken over', { timeout: 120_000 }, async () => {
  const { token } = await signedIn(desk, 'analyst', 'Nils Berg')
  const { page, context, problems } = await openPage(browser)
  await context.addCookies([
    { name: 'counterfoil', value: token, url: desk.origin, httpOnly: true, sameSite: 'Strict' },
  ])
  await page.goto(`${desk.origin}/queue`)
  await page.getByRole('heading', { name: 'Queue' }).waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('h')
  await page.getByLabel('Note to the next shift').fill('Quiet night.')
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('button', { name: 'Sign the handover' }).click()
  await page.locator('pre', { hasText: 'Quiet night.' }).waitFor()
  await page.getByRole('button', { name: 'I have read it and take over' }).first().click()
  await page.getByText('Taken over by Nils Berg').first().waitFor()
  expect(problems).toEqual([])
  await context.close()
})

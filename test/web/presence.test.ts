import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { presenceGoneMs } from '../../src/contract/presence.ts'
import { othersHere, sayHere } from '../../src/db/presence.ts'
import { keyFileName } from '../../src/ledger/key.ts'
import type { Role } from '../../src/model/user.ts'
import { seriousIn } from '../axe.ts'
import { startBrowser } from '../browser.ts'
import { type FreshDatabase, freshDatabase } from '../database.ts'
import { addProvider, alertOf, apiAs, type Desk, post, signedIn, startDesk, until } from '../desk.ts'
import { openWith } from '../desk-here.ts'

let database: FreshDatabase
let here: Desk
let there: Desk
let browser: Browser
let ids: string[]
let folder: string | undefined

beforeAll(async () => {
  database = await freshDatabase()
  here = await startDesk({ databaseUrl: database.url })
  // A second node has the same ledger key.
  folder = await mkdtemp(path.join(tmpdir(), 'counterfoil-second-'))
  await copyFile(path.join(here.settings.dataFolder, keyFileName), path.join(folder, keyFileName))
  there = await startDesk({ databaseUrl: database.url, dataFolder: folder })
  browser = await startBrowser()
  const key = await addProvider(here)
  const mails = ['1', '2'].map((n) => ({
    subject: `[NW-${n}] High: alert`,
    body: `Ticket: NW-${n}\nRule: Rule ${n}\nSeverity: High\nHost: ws-${n}\nSource IP: 192.0.2.${n}\n`,
  }))
  ids = []
  for (const mail of mails) ids.push(await alertOf(here, await post(here, key, mail)))
}, 600_000)
afterAll(async () => {
  await browser?.close()
  await there?.stop()
  await here?.stop()
  await database?.close()
  if (folder !== undefined) await rm(folder, { recursive: true, force: true })
})

async function as(desk: Desk, role: Role, name: string) {
  const signed = await signedIn(desk, role, name)
  return { ...(await openWith(browser, desk, signed.token)), ...signed }
}

/** Whoever leaves says so; where a browser lets go of that, the tab is gone by itself, and seen to be at the next look. */
const left = { state: 'detached', timeout: presenceGoneMs + 30_000 } as const

const opened = () => database.db.selectFrom('presence').selectAll().execute()

test('two people on one alert see each other, on two servers, and what the other does; leaving is seen', {
  timeout: 90_000,
}, async () => {
  const [first = '', second = ''] = ids
  const mara = await as(here, 'analyst', 'Mara Weiss')
  const kari = await as(there, 'lead', 'Kari Dahl')
  await mara.page.goto(`${here.origin}/alerts/${first}`)
  await kari.page.goto(`${there.origin}/alerts/${first}`)
  await mara.page.getByText('Kari Dahl is here too').waitFor()
  await kari.page.getByText('Mara Weiss is here too').waitFor()
  await mara.page.keyboard.press('3')
  await kari.page.getByText('Mara Weiss is deciding').waitFor()
  expect(await seriousIn(kari.page)).toEqual([])
  // In the queue, on its row.
  await kari.page.goto(`${there.origin}/queue`)
  await kari.page.locator('tr', { hasText: 'Rule 1' }).getByLabel('Mara Weiss has it open: deciding').waitFor()
  expect(await kari.page.locator('tr', { hasText: 'Rule 2' }).locator('.here-mark').count()).toBe(0)
  expect(await seriousIn(kari.page)).toEqual([])
  await mara.page.getByText('Kari Dahl is here too').waitFor(left)
  // On to the next one: she is there, and no longer here.
  await mara.page.keyboard.press('g')
  await mara.page.keyboard.press('q')
  await mara.page.getByRole('link', { name: 'Rule 2' }).click()
  await mara.page.waitForURL(`**/alerts/${second}`)
  await kari.page.locator('tr', { hasText: 'Rule 2' }).getByLabel('Mara Weiss has it open: reading').waitFor()
  await kari.page.locator('tr', { hasText: 'Rule 1' }).locator('.here-mark').waitFor(left)
  await mara.page.goto('about:blank')
  await kari.page.locator('.here-mark').waitFor(left)
  expect([...mara.problems, ...kari.problems]).toEqual([])
  await mara.context.close()
  await kari.context.close()
})

test('of a tab that died nobody hears that it left: it is gone by itself', async () => {
  const [alertId = ''] = ids
  const { user } = await signedIn(here, 'analyst', 'Dead tab')
  const other = (await signedIn(here, 'lead')).user.id
  const now = new Date()
  await sayHere(database.db, { tab: crypto.randomUUID(), userId: user.id, alertId, doing: 'reading' }, now)
  const seen = async (ms: number) =>
    (await othersHere(database.db, other, new Date(now.getTime() + ms)))
      .map(({ person }) => person.name)
      .filter((name) => name === user.name)
  expect(await seen(presenceGoneMs - 1)).toEqual(['Dead tab'])
  expect(await seen(presenceGoneMs + 1)).toEqual([])
  expect((await othersHere(database.db, user.id, now)).map(({ person }) => person.id)).not.toContain(user.id)
})

test('a tab speaks for its own person only, a hundred tabs are not kept, and what is not there is passed over', async () => {
  const [alertId = ''] = ids
  const mine = await signedIn(here, 'analyst', 'Mine')
  const theirs = await signedIn(here, 'analyst', 'Theirs')
  const tab = crypto.randomUUID()
  const say = (cookie: string, body: object) => apiAs(here, cookie, 'POST', '/api/presence', { tab, alertId, ...body })
  await say(mine.cookie, { doing: 'deciding' })
  await say(theirs.cookie, { doing: 'reading' })
  await say(theirs.cookie, { doing: 'gone' })
  const rows = (await opened()).filter((row) => row.tab === tab)
  expect(rows.map(({ user_id, doing }) => [user_id, doing])).toEqual([[mine.user.id, 'deciding']])
  await say(theirs.cookie, { tab: crypto.randomUUID(), alertId: crypto.randomUUID(), doing: 'reading' })
  for (let n = 0; n < 100; n += 1) await say(theirs.cookie, { tab: crypto.randomUUID(), doing: 'reading' })
  expect((await opened()).filter((row) => row.user_id === theirs.user.id)).toHaveLength(30)
  // In no ledger: it is news of the minute.
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select('kind')
    .where('kind', 'like', '%presence%')
    .execute()
  expect(lines).toEqual([])
})

test('who has a page of their own only neither sees nor is seen', async () => {
  for (const role of ['asset-owner', 'provider-analyst'] as const) {
    const { cookie } = await signedIn(here, role, role, role === 'provider-analyst' ? 'northwatch' : null)
    const asked = await fetch(`${here.origin}/api/presence`, { headers: { cookie } })
    expect(asked.status).toBe(403)
    const said = await fetch(`${here.origin}/api/presence`, {
      method: 'POST',
      headers: { cookie, origin: here.origin, 'content-type': 'application/json' },
      body: JSON.stringify({ tab: crypto.randomUUID(), alertId: ids[0], doing: 'reading' }),
    })
    expect(said.status).toBe(403)
  }
  await until('none of them to be kept', async () => (await opened()).every(({ doing }) => doing !== undefined))
})

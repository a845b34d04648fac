import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { seriousColoursIn, seriousIn } from '../axe.ts'
import { settled } from '../browser.ts'
import { addProvider, alertOf, apiAs, post, signedIn, until } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'
import { firewallLine, sendLines, sourceWithKey } from '../log-lines.ts'

const { database, desk, pageAs } = await pagesHere()

/** A browser on a busy machine of two cores. */
const slow = { timeout: 120_000 }
const hostile = '<img src=x onerror="document.title=`owned`"><script>document.title="owned"</script> \u202etxt.exe'

beforeAll(async () => {
  const { cookie } = await signedIn(desk, 'lead')
  const key = await sourceWithKey(desk, cookie, 'edge', 'Firewall of the main site')
  const now = Date.now()
  const lines = Array.from({ length: 230 }, (_, n) =>
    firewallLine({
      ...{ at: now - (230 - n) * 20_000, src: `10.20.3.${n % 50}`, dst: n % 10 === 0 ? '198.51.100.7' : '203.0.113.9' },
      action: n % 3 === 0 ? 'deny' : 'accept',
    }),
  )
  await sendLines(
    desk,
    'edge',
    key,
    [...lines, hostile].map((line) => Buffer.from(line)),
  )
  await until(
    'the lines to be found',
    async () => {
      const page = await apiAs(desk, cookie, 'GET', '/api/lake/sources')
      const { sources } = page as unknown as { sources: { events: number }[] }
      return sources[0]?.events === 231
    },
    60_000,
  )
}, 600_000)

const rows = (page: Page) => page.locator('.logs-found > .events > .event')
const query = (page: Page) => page.getByRole('combobox', { name: 'Search the logs' })

describe('searching', slow, () => {
  test('nothing is read until somebody asks; then the query, the time and the sources stand in the address', async () => {
    const { page, context, problems } = await pageAs('lead')
    const searched = async () =>
      (await database.db.selectFrom('ledger_entry').select('id').where('kind', '=', 'logs.searched').execute()).length
    const before = await searched()
    await page.goto(`${desk.origin}/logs`)
    await page.getByText('231 events of 1 source').waitFor()
    expect(await searched()).toBe(before)
    expect(await seriousIn(page)).toEqual([])
    // The keyboard alone: to the box, a field completed, a value, run.
    await page.keyboard.press('/')
    await page.keyboard.type('actio')
    await page.getByRole('option', { name: /^action:/ }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.keyboard.type('denied')
    await page.keyboard.press('Enter')
    await rows(page).first().waitFor()
    expect(new URL(page.url()).searchParams.get('q')).toBe('action:denied')
    expect(await searched()).toBe(before + 1)
    await page.getByRole('button', { name: /^Time: / }).click()
    await page.getByRole('button', { name: 'Last 7 days' }).click()
    await page.waitForURL(/from=-7d/)
    await page.goBack()
    await page.waitForURL((url) => url.searchParams.get('from') === null)
    await page.reload()
    await rows(page).first().waitFor()
    expect(await query(page).inputValue()).toBe('action:denied')
    expect(problems).toEqual([])
    await context.close()
  })

  test('a click on a value narrows and leaves out, the bars zoom by mouse and by keyboard, older lines are fetched', async () => {
    const { page, context, problems } = await pageAs('lead')
    await page.goto(`${desk.origin}/logs?q=source:edge&from=-4h`)
    await rows(page).nth(99).waitFor()
    expect(await rows(page).count()).toBe(100)
    await page.getByRole('button', { name: /^Show older ones/ }).click()
    await until('the second page', async () => (await rows(page).count()) === 200)
    const facets = page.getByRole('complementary', { name: 'Most frequent values' })
    await facets.getByRole('button', { name: /^198\.51\.100\.7/ }).click()
    await until('the narrow answer', async () => (await rows(page).count()) === 23)
    expect(await query(page).inputValue()).toBe('source:edge dst:198.51.100.7')
    await facets.getByRole('button', { name: 'Leave out Denied' }).click()
    await page.waitForURL((url) => url.searchParams.get('q') === 'source:edge dst:198.51.100.7 NOT action:Denied')
    await until('the narrower answer', async () => (await rows(page).count()) < 23)
    const bars = page.getByRole('slider')
    await bars.focus()
    for (const key of ['ArrowLeft', 'Shift+ArrowLeft', 'Enter']) await page.keyboard.press(key)
    await page.waitForURL((url) => url.searchParams.get('to') !== null)
    const box = await bars.boundingBox()
    if (box === null) throw new Error('the bars are not to be seen')
    const from = new URL(page.url()).searchParams.get('from')
    await page.mouse.move(box.x + box.width * 0.2, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.6, box.y + 20, { steps: 4 })
    await page.mouse.up()
    await page.waitForURL((url) => url.searchParams.get('from') !== from)
    expect(problems).toEqual([])
    await context.close()
  })

  test('a line opens by the keyboard: what it means, what the vendor says, the lines around it', async () => {
    const { page, context, problems } = await pageAs('lead')
    await page.goto(`${desk.origin}/logs?q=dst:203.0.113.9&from=-4h`)
    await rows(page).first().waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    const open = page.locator('.event.open')
    await open.getByText('dst_endpoint.ip').waitFor()
    await open.getByText('sessionid', { exact: true }).waitFor()
    expect(await open.locator('.raw-line').innerText()).toContain('devname="edge-1"')
    await open.getByRole('button', { name: 'Lines before and after' }).click()
    await open.locator('.context .event.marked').waitFor()
    expect(await open.locator('.context .event').count()).toBeGreaterThan(5)
    expect(await seriousIn(page)).toEqual([])
    await open.getByRole('button', { name: '203.0.113.9', exact: true }).click()
    await page.waitForURL((url) => url.searchParams.get('q') === 'observable:203.0.113.9')
    expect(problems).toEqual([])
    await context.close()
  })

  test('hostile text in a line stays text, and what would turn it around is shown', async () => {
    const { page, context, problems } = await pageAs('lead')
    const seen: string[] = []
    page.on('request', (request) => seen.push(request.url()))
    await page.goto(`${desk.origin}/logs?q=NOT%20parser:*`)
    await rows(page).first().waitFor()
    expect(await page.getByText('docs/log-parsers.md').isVisible()).toBe(true)
    await rows(page).first().getByRole('button').first().click()
    const raw = await page.locator('.raw-line').innerText()
    expect(raw).toContain('<img src=x onerror')
    expect(raw).toContain('⟨U+202E⟩')
    expect(await page.locator('.event img, .event script').count()).toBe(0)
    expect(await page.title()).toBe('Counterfoil')
    expect(seen.filter((url) => !url.startsWith(desk.origin))).toEqual([])
    expect(problems).toEqual([])
    await context.close()
  })

  test('a query that cannot be read says where; what is not found says that somebody looked', async () => {
    const { page, context } = await pageAs('lead')
    await page.goto(`${desk.origin}/logs?q=${encodeURIComponent('deny (edge')}`)
    await page.getByRole('alert').getByText('At character 6').waitFor()
    expect(await seriousIn(page)).toEqual([])
    await page.goto(`${desk.origin}/logs?q=nobodyeverwrotethis`)
    await page.getByText('Looked, and there is nothing.').waitFor()
    await context.close()
  })
})

test('a hunt tells hits from misses, links to the lines and gives a table to take away', slow, async () => {
  const { page, context, problems } = await pageAs('lead')
  await page.goto(`${desk.origin}/logs/hunt`)
  await page.getByLabel('Indicators', { exact: true }).fill('198[.]51[.]100[.]7\n192.0.2.250\n')
  await page.getByRole('button', { name: 'Hunt', exact: true }).click()
  await page.getByText('1 indicator seen').waitFor()
  await page.getByText('1 was not seen').waitFor()
  expect(await seriousIn(page)).toEqual([])
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download as CSV' }).click(),
  ])
  const csv = await readFile(await download.path(), 'utf8')
  expect(csv.split('\r\n')[1]).toMatch(/^198\.51\.100\.7,[^,]*,23,/)
  await page.getByRole('link', { name: '198.51.100.7' }).click()
  await until('the lines behind the hit', async () => (await rows(page).count()) === 23)
  await page.goto(`${desk.origin}/logs/hunt`)
  await page.getByTestId('indicators').setInputFiles({
    name: 'iocs.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('192.0.2.251\n192.0.2.252\n'),
  })
  await page.getByText('None of them was seen.').waitFor()
  expect(problems).toEqual([])
  await context.close()
})

test('a source is added, gets a key that works, and is changed; the ledger says who', slow, async () => {
  const { page, context, problems } = await pageAs('lead')
  await page.goto(`${desk.origin}/logs/sources`)
  await page.getByRole('button', { name: 'Add a source' }).click()
  await page.getByLabel('Name', { exact: true }).fill('proxy-1')
  await page.getByLabel('Title').fill('Web proxy')
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('button', { name: 'Add it' }).click()
  await page.getByRole('button', { name: /^proxy-1/ }).click()
  await page.getByText('nobody can send lines of this source').waitFor()
  await page.getByLabel('Name of the new key').fill('vector')
  await page.getByRole('button', { name: 'Make a key' }).click()
  const curl = await page.locator('.key-shown pre').innerText()
  const key = /Bearer ([\w-]{43})/.exec(curl)?.[1] ?? ''
  expect(await seriousIn(page)).toEqual([])
  await sendLines(desk, 'proxy-1', key, [Buffer.from('hello from the proxy')])
  await page.getByRole('button', { name: 'Change' }).click()
  await page.getByLabel('Keep for days').fill('7')
  await page.getByText('deleted for good').waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('proxy-1 is changed').waitFor()
  await page
    .getByRole('row', { name: /proxy-1/ })
    .getByText('7 d', { exact: true })
    .waitFor()
  await page.getByRole('button', { name: 'Take back the key vector' }).click()
  await page.getByText('nobody can send lines of this source').waitFor()
  const told = await database.db
    .selectFrom('ledger_entry')
    .select('actor')
    .where('subject', '=', 'log-source:proxy-1')
    .execute()
  expect(told).toHaveLength(4)
  expect(problems).toEqual([])
  await context.close()
})

test('an answer of the log lake on an alert opens the very search behind it', slow, async () => {
  const provider = await addProvider(desk)
  const body =
    'Ticket: NW-9\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 10.20.3.10\nDestination IP: 198.51.100.7\n'
  const id = await alertOf(desk, await post(desk, provider, { subject: '[NW-9] High: Beaconing', body }))
  const { page, context, problems } = await pageAs('lead')
  await page.goto(`${desk.origin}/alerts/${id}`)
  const talked = page.locator('.evidence', { hasText: 'Did these two talk to each other?' }).first()
  await talked.getByRole('button').first().click()
  await talked.getByRole('link', { name: 'Open the lines behind it' }).click()
  await page.waitForURL('**/logs?*')
  await rows(page).first().waitFor()
  const asked = new URL(page.url()).searchParams
  expect(asked.get('q')).toContain('198.51.100.7')
  expect(Date.parse(asked.get('from') ?? '')).toBeLessThan(Date.parse(asked.get('to') ?? ''))
  const found = await rows(page).count()
  expect(found).toBeGreaterThan(0)
  for (const line of await rows(page).allInnerTexts()) expect(line).toContain('198.51.100.7')
  expect(problems).toEqual([])
  await context.close()
})

test('an auditor searches and changes nothing; an approver has no logs', slow, async () => {
  const auditor = await pageAs('auditor')
  await auditor.page.goto(`${desk.origin}/logs/sources`)
  await auditor.page.getByRole('button', { name: /^edge/ }).click()
  await auditor.page.getByRole('link', { name: 'Search its lines' }).waitFor()
  for (const name of ['Add a source', 'Change', 'Make a key'])
    expect(await auditor.page.getByRole('button', { name }).count(), name).toBe(0)
  await auditor.context.close()
  const approver = await pageAs('approver')
  await approver.page.goto(`${desk.origin}/queue`)
  await approver.page.getByRole('link', { name: 'Queue', exact: true }).waitFor()
  expect(await approver.page.getByRole('link', { name: 'Logs' }).count()).toBe(0)
  await approver.context.close()
})

test.each([
  ['at a desk', { width: 1440, height: 900 }],
  ['on a phone', { width: 390, height: 844 }],
])('every page about logs passes axe %s, in light and in dark', slow, async (_name, viewport) => {
  const { page, context, problems } = await pageAs('lead', { viewport })
  for (const [where, ready] of [
    ['/logs', 'How to ask'],
    ['/logs?q=source:edge', 'Show older ones'],
    ['/logs/hunt', 'Hunt with a file'],
    ['/logs/detections', 'rules'],
    ['/logs/sources', 'ways to get'],
  ] as const) {
    await page.goto(desk.origin + where)
    await page.getByText(ready).first().waitFor()
    await settled(page)
    if (where === '/logs/sources') await page.locator('.source-name').first().click()
    expect(await seriousIn(page), where).toEqual([])
    expect(await seriousColoursIn(page, 'dark'), where).toEqual([])
    const wide = await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth')
    expect(wide, `${where} scrolls sideways`).toBe(false)
  }
  expect(problems).toEqual([])
  await context.close()
})

import { expect, test } from 'vitest'
import { addProvider, alertOf, post } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

/** Port 1 (tcpmux) is free on any machine that runs this: the cluster is down from the start and stays down. */
const nobodyThere = 'http://127.0.0.1:1/lake'
const { database, desk, pageAs } = await pagesHere({ clickhouseUrl: nobodyThere })

test('while the log engine is away, alerts are worked on and nobody is told that there is nothing', async () => {
  const { page, context, problems, cookie } = await pageAs('lead')
  const key = await addProvider(desk)
  const body =
    'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 192.0.2.1\nDestination IP: 203.0.113.9\n'
  await alertOf(desk, await post(desk, key, { subject: '[NW-1] High: Beaconing', body }))
  await page.goto(`${desk.origin}/queue`)
  await page.getByRole('link', { name: 'Beaconing' }).waitFor()
  for (const where of ['/logs', '/logs?q=203.0.113.9', '/logs/sources']) {
    await page.goto(desk.origin + where)
    await page.getByRole('heading', { name: 'The log engine does not answer.' }).waitFor()
    expect(await page.getByText('Looked, and there is nothing').count(), where).toBe(0)
    expect(await page.getByText('There are no logs yet').count(), where).toBe(0)
  }
  await page.goto(`${desk.origin}/logs/hunt`)
  await page.getByLabel('Indicators', { exact: true }).fill('203.0.113.9')
  await page.getByRole('button', { name: 'Hunt', exact: true }).click()
  await page.getByText('The log engine does not answer.').waitFor()
  expect(await page.getByText('None of them was seen').count()).toBe(0)
  expect(problems).toEqual([])
  await context.close()

  // A source that cannot be kept leaves no word of itself in the ledger either.
  const source = { title: '', parser: null, timeZone: 'UTC', keepDays: 90, keepBytes: null, silentAfterMinutes: null }
  const refused = await fetch(`${desk.origin}/api/lake/sources/fw-1`, {
    method: 'PUT',
    headers: { cookie, origin: desk.origin, 'content-type': 'application/json' },
    body: JSON.stringify({ source, seen: null }),
  })
  expect(refused.status).toBe(503)
  const told = await database.db
    .selectFrom('ledger_entry')
    .select('id')
    .where('kind', '=', 'log-source.changed')
    .execute()
  expect(told).toEqual([])
}, 120_000)

import { beforeAll, expect, test } from 'vitest'
import type { AlertPage } from '../../src/contract/desk.ts'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, post, signedIn } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageWith } = await pagesHere()
let analyst: { cookie: string; token: string }
let alertId: string
beforeAll(async () => {
  analyst = await signedIn(desk, 'analyst')
  const body = 'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 192.0.2.1\n'
  alertId = await alertOf(desk, await post(desk, await addProvider(desk), { subject: '[NW-1] High: Beaconing', body }))
}, 600_000)

const send = (method: string, url: string, body?: unknown, cookie = analyst.cookie) =>
  fetch(desk.origin + url, {
    method,
    headers: { cookie, origin: desk.origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
const asking = { email: 'mara.weiss@halden.example', what: 'A sign-in from Lisbon at 09:12' }
const answers = async () => {
  const page = (await (await send('GET', `/api/alerts/${alertId}`)).json()) as AlertPage
  return page.findings.filter(({ question }) => question === 'was-this-you')
}

test('a link handed over by chat is answered once, and the answer is evidence under that address', async () => {
  const made = await send('POST', `/api/alerts/${alertId}/ask-person`, asking)
  expect(made.status).toBe(200)
  const { url } = (await made.json()) as { url: string }
  const token = url.split('/').at(-1) ?? ''
  // Only its digest is kept, and the ledger does not know it either.
  const kept = await database.db.selectFrom('person_question').select('token_digest').execute()
  expect(kept).toHaveLength(1)
  expect(kept[0]?.token_digest).not.toBe(token)
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select(['kind', 'leaf'])
    .where('kind', '=', 'person.asked')
    .execute()
  expect(lines).toHaveLength(1)
  expect(lines[0]?.leaf).not.toContain(token)
  const answer = { answer: 'yes', comment: 'I am there for a fair' }
  expect((await send('POST', `/api/questions/${token}`, answer, '')).status).toBe(200)
  expect((await send('POST', `/api/questions/${token}`, { answer: 'no' }, '')).status).toBe(410)
  expect(await answers()).toMatchObject([
    { kind: 'found', connector: 'person', answer: { answer: 'yes', by: asking.email, comment: answer.comment } },
  ])
})

test('who may not ask, what is no address, and an alert that is not there are refused', async () => {
  const url = `/api/alerts/${alertId}/ask-person`
  expect((await send('POST', url, asking, (await signedIn(desk, 'auditor')).cookie)).status).toBe(403)
  expect((await send('POST', url, asking, '')).status).toBe(401)
  expect((await send('POST', url, { ...asking, email: 'mara' })).status).toBe(400)
  expect((await send('POST', url, { ...asking, what: ' ' })).status).toBe(400)
  const nowhere = '/api/alerts/00000000-0000-4000-8000-000000000000/ask-person'
  expect((await send('POST', nowhere, asking)).status).toBe(404)
})

test('on the page a link is made and copied; it opens the question', { timeout: 120_000 }, async () => {
  const { page, context, problems } = await pageWith(analyst.token)
  await page.goto(`${desk.origin}/alerts/${alertId}`)
  await page.getByRole('button', { name: 'Ask by chat…' }).click()
  await page.getByLabel('Whose answer it will be').fill(asking.email)
  await page.getByRole('button', { name: 'Make a link' }).click()
  const url = await page.getByLabel('Link', { exact: true }).inputValue()
  expect(await seriousIn(page)).toEqual([])
  expect(problems).toEqual([])
  const { pathname } = new URL(url)
  await page.goto(desk.origin + pathname)
  await page.getByRole('radio', { name: /Yes, that was me/ }).waitFor()
  await context.close()
})

import { beforeAll, expect, test } from 'vitest'
import type { TurningPoint } from '../../src/model/triage.ts'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, post, signedIn } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { desk, pageWith } = await pagesHere()
let alertId: string

beforeAll(async () => {
  const key = await addProvider(desk)
  const body =
    'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 192.0.2.1\nDestination IP: 203.0.113.9\n'
  alertId = await alertOf(desk, await post(desk, key, { subject: '[NW-1] High: Beaconing', body }))
}, 600_000)

test('which answers would turn the proposal is told to who sees the desk; what is not there is not found', async () => {
  const { cookie } = await signedIn(desk, 'auditor')
  const { points } = (await apiAs(desk, cookie, 'GET', `/api/alerts/${alertId}/turning-points`)) as unknown as {
    points: TurningPoint[]
  }
  expect(points[0]?.question).toBe('was-this-you')
  const gone = `${desk.origin}/api/alerts/00000000-0000-4000-8000-000000000000/turning-points`
  expect((await fetch(gone, { headers: { cookie } })).status).toBe(404)
})

test('coaching names the next best question, and stays off for who switched it off, and for nobody else', {
  timeout: 120_000,
}, async () => {
  const kari = await signedIn(desk, 'analyst', 'Kari Dahl')
  const { page, context, problems } = await pageWith(kari.token)
  await page.goto(`${desk.origin}/alerts/${alertId}`)
  const card = page.getByRole('region', { name: 'Coaching' })
  await card.getByText('Next best question').waitFor()
  expect(await card.innerText()).toContain('the owner says it was them: False alarm: benign trigger')
  expect(await seriousIn(page)).toEqual([])
  await card.getByRole('button', { name: 'Switch coaching off' }).click()
  await page.getByRole('button', { name: /^Coaching/ }).waitFor()
  await page.reload()
  await page.getByRole('button', { name: /^Coaching/ }).waitFor()
  expect(await card.count()).toBe(0)
  expect(await seriousIn(page)).toEqual([])
  const other = await signedIn(desk, 'analyst', 'Ida Holm')
  expect((await apiAs(desk, other.cookie, 'GET', '/api/me'))['coaching']).toBe(true)
  expect(problems).toEqual([])
  await context.close()
})

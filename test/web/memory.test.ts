import { beforeAll, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, post, signedIn, until } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageWith } = await pagesHere()
let key: string
let lead: Awaited<ReturnType<typeof signedIn>>
let count = 0

beforeAll(async () => {
  key = await addProvider(desk)
  lead = await signedIn(desk, 'lead', 'Kari Dahl')
}, 600_000)

/** A new alert with its ladder full. */
async function arrive(rule: string, host = 'ws-1'): Promise<string> {
  count += 1
  const body = `Ticket: NW-${count}\nRule: ${rule}\nSeverity: Low\nHost: ${host}\nSource IP: 192.0.2.1\n`
  return alertOf(desk, await post(desk, key, { subject: `[NW-${count}] Low: ${rule}`, body }))
}

async function decideAs(cookie: string, alertId: string, outcome: string): Promise<void> {
  const { version } = await apiAs(desk, cookie, 'GET', `/api/alerts/${alertId}`)
  const body = { outcome, reason: 'The backup agent calls home.', cites: [], withoutEvidence: true, version }
  await apiAs(desk, cookie, 'POST', `/api/alerts/${alertId}/decision`, body)
}

async function openAs(token: string, path: string) {
  const opened = await pageWith(token)
  await opened.page.goto(`${desk.origin}${path}`)
  return opened
}

test('an answer is remembered by keyboard, proposes for the next alert, and decides once its owner says so', {
  timeout: 120_000,
}, async () => {
  const first = await arrive('Beaconing')
  await decideAs(lead.cookie, first, 'false-alarm-benign')
  const { page, context, problems } = await openAs(lead.token, `/alerts/${first}`)
  await page.getByRole('button', { name: /Remember this/ }).waitFor()
  await page.keyboard.press('e')
  const dialog = page.getByRole('dialog', { name: 'Remember this answer' })
  await dialog.getByText('In the last 90 days: 1 alert').waitFor()
  expect(await dialog.getByLabel('Why').inputValue()).toBe('The backup agent calls home.')
  expect(await seriousIn(page)).toEqual([])
  await page.keyboard.press('Control+Enter')
  await page.getByText('remembered for 90 days').waitFor()
  const second = await arrive('Beaconing')
  await page.goto(`${desk.origin}/alerts/${second}`)
  await page.getByRole('heading', { name: /Proposed: False alarm/ }).waitFor()
  await page.getByRole('region', { name: 'Memory' }).getByText('Expected', { exact: true }).waitFor()
  await page.goto(`${desk.origin}/context/expectations`)
  await page.getByRole('button', { name: 'Show 1 alert' }).click()
  await page.getByRole('link', { name: /A-2 Beaconing/ }).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('button', { name: 'Let it decide by itself' }).click()
  await page.getByText('Decides by itself', { exact: true }).waitFor()
  const third = await arrive('Beaconing')
  await until('the third alert to be decided by itself', async () => {
    const row = await database.db.selectFrom('alert').select('outcome').where('id', '=', third).executeTakeFirst()
    return row?.outcome === 'false-alarm-benign'
  })
  await page.goto(`${desk.origin}/alerts/${third}`)
  await page
    .getByText(/by itself: E-\d+ of Kari Dahl/)
    .first()
    .waitFor()
  await page.getByText('Decided by itself', { exact: true }).waitFor()
  expect(problems).toEqual([])
  await context.close()
})

test('what would have hidden an incident is shown in red and cannot be kept', { timeout: 120_000 }, async () => {
  const harm = await arrive('Credential theft')
  await decideAs(lead.cookie, harm, 'incident')
  const calm = await arrive('Credential theft')
  await decideAs(lead.cookie, calm, 'false-alarm-benign')
  const { page, context } = await openAs(lead.token, `/alerts/${calm}`)
  await page.getByRole('button', { name: /Remember this/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Remember this answer' })
  await dialog.getByText(/It would have hidden 1 alert/).waitFor()
  expect(await dialog.getByRole('button', { name: 'Remember this' }).isDisabled()).toBe(true)
  expect(await seriousIn(page)).toEqual([])
  await context.close()
  const analyst = await signedIn(desk, 'analyst')
  const mine = await openAs(analyst.token, `/alerts/${harm}`)
  await mine.page.getByRole('heading', { name: 'Decided', exact: true }).waitFor()
  expect(await mine.page.getByRole('button', { name: /Remember this/ }).count()).toBe(0)
  await mine.context.close()
})

test('a repeated question comes with its answer drafted by itself, and one key takes it; the provider shows how often it asked', {
  timeout: 120_000,
}, async () => {
  const first = await arrive('Port scan', 'ws-5')
  await decideAs(lead.cookie, first, 'false-alarm-benign')
  const again = await arrive('Port scan', 'ws-5')
  await until('the answer to be drafted', async () =>
    database.db.selectFrom('drafted_answer').select('text').where('alert_id', '=', again).executeTakeFirst(),
  )
  const { page, context, problems } = await openAs(lead.token, `/alerts/${again}`)
  await page.getByText(/Its answer is drafted, from A-\d+/).waitFor()
  await page.getByText('Kari Dahl decided', { exact: false }).first().waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.keyboard.press('a')
  expect(await page.locator('#decide').getByRole('textbox', { name: 'Why', exact: true }).inputValue()).toBe(
    'The backup agent calls home.',
  )
  await page.getByRole('button', { name: 'Decide: false alarm' }).waitFor()
  await page.keyboard.press('0')
  await page.keyboard.press('w')
  await page.keyboard.press('Control+Enter')
  await page.getByRole('heading', { name: 'Decided', exact: true }).waitFor()
  await page.goto(`${desk.origin}/settings/providers`)
  await page.getByText(/Repeated questions: 0 % \(0 of \d+ in 90 days/).waitFor()
  expect(await seriousIn(page)).toEqual([])
  expect(problems).toEqual([])
  await context.close()
})

test('a tuning request that lapsed stands in the queue, on its page with what the provider said, and its follow-up waits to be released', {
  timeout: 120_000,
}, async () => {
  const { db } = database
  const first = await arrive('Noisy scanner', 'ws-8')
  await decideAs(lead.cookie, first, 'tune')
  const replyId = await until(
    'the answer to be drafted',
    async () => (await db.selectFrom('reply').select('id').where('alert_id', '=', first).executeTakeFirst())?.id,
  )
  // It left forty-one days ago.
  const at = new Date(Date.now() - 41 * 86_400_000)
  await db.updateTable('reply').set({ state: 'sent', sent_at: at, created_at: at }).where('id', '=', replyId).execute()
  const again = await arrive('Noisy scanner', 'ws-8')
  const followUp = await until('the follow-up to be drafted', async () =>
    db
      .selectFrom('reply')
      .select(['id', 'text'])
      .where('alert_id', '=', first)
      .where('state', '=', 'draft')
      .executeTakeFirst(),
  )
  expect(followUp.text).toContain('41 days ago')
  const { page, context, problems } = await openAs(lead.token, '/queue')
  await page.getByText(/TR-\d+ sent .* not honoured/).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.goto(`${desk.origin}/alerts/${again}`)
  for (const place of ['Memory', 'Decided before'])
    await page.getByRole('region', { name: place }).getByText('sent 41 days ago, 1 alert since').waitFor()
  await page.goto(`${desk.origin}/context/tuning`)
  await page.getByText('Lapsed', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'What would not come any more' }).click()
  await page.getByText(/In the last 90 days 2 alerts would not have come/).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page
    .getByRole('textbox', { name: /What they say of TR-/ })
    .or(page.getByRole('combobox', { name: /What they say of TR-/ }))
    .first()
    .click()
  await page.getByRole('option', { name: 'Accepted' }).click()
  await page.getByText(/TR-\d+: accepted\./).waitFor()
  await page.getByRole('button', { name: 'Propose a change' }).click()
  const condition = page.getByRole('textbox', { name: /Leave out alerts for which this holds/ })
  await condition.fill('alert.sauce == 1')
  await page.getByRole('button', { name: 'Try it on the last 90 days' }).click()
  await page.getByText(/sauce/).last().waitFor()
  await condition.fill('alert.host == "ws-8"')
  await page.getByRole('button', { name: 'Try it on the last 90 days' }).click()
  await page.getByText('Of 2 alerts in 90 days 2 would not have come, 0 would. None of them was harm.').waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('button', { name: 'Put it into the answer' }).click()
  await page.getByText('Proposed change of the rule', { exact: false }).first().waitFor()
  await page.goto(`${desk.origin}/context/tuning`)
  await page.getByText(/We propose \(condition/).waitFor()
  await page.getByRole('link', { name: 'review it' }).click()
  await page.getByText('we asked you to tune the rule', { exact: false }).first().waitFor()
  expect(problems).toEqual([])
  await context.close()
})

test('an expectation is tried on the past, and what would have come out differently opens', {
  timeout: 120_000,
}, async () => {
  const { page, context, problems } = await openAs(lead.token, '/context/expectations')
  await page.getByRole('button', { name: 'Try it on the past' }).first().click()
  await page.getByRole('heading', { name: /E-\d+: .* on the last 90 days/ }).waitFor()
  await page.getByRole('button', { name: /\d+ not concerned/ }).waitFor()
  expect(await seriousIn(page)).toEqual([])
  expect(problems).toEqual([])
  await context.close()
})

test('a note is written beside an alert, and the next alert about the same machine shows it with its author', {
  timeout: 120_000,
}, async () => {
  const first = await arrive('First look', 'ws-30')
  const { page, context, problems } = await openAs(lead.token, `/alerts/${first}`)
  await page.getByRole('button', { name: 'Write a note…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Write a note' })
  await dialog.getByLabel('What everybody should know').fill('Our scanner lives here.')
  await dialog.getByRole('checkbox', { name: /Known good/ }).check()
  expect(await seriousIn(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Write it' }).click()
  await page.getByText('Everybody who works an alert', { exact: false }).waitFor()
  const again = await arrive('Another look', 'ws-30')
  await page.goto(`${desk.origin}/alerts/${again}`)
  await page.getByRole('region', { name: 'Notes' }).getByText('Our scanner lives here.').waitFor()
  await page
    .getByText(/Known good: ws-30, Kari Dahl/)
    .first()
    .waitFor()
  expect(await seriousIn(page)).toEqual([])
  expect(problems).toEqual([])
  await context.close()
})

test('what I expect comes back into the queue when it runs out: renewed, changed and let go by keyboard, with the last 90 days beside it', {
  timeout: 120_000,
}, async () => {
  const numbers: number[] = []
  for (const [place, rule] of ['Review one', 'Review two', 'Review three'].entries()) {
    const alertId = await arrive(rule)
    await decideAs(lead.cookie, alertId, 'false-alarm-benign')
    const made = (await apiAs(desk, lead.cookie, 'POST', '/api/expectations', {
      scope: { provider: null, rule, host: 'ws-1', account: null, range: null },
      ...{ condition: '', outcome: 'false-alarm-benign', reason: 'Our backup.', days: 90, alertId },
    })) as unknown as { id: string; number: number }
    numbers.push(made.number)
    const days = (n: number) => new Date(Date.now() + n * 86_400_000)
    await database.db
      .updateTable('expectation')
      .set({ from_at: days(place - 88), expires_at: days(place - 1) })
      .where('id', '=', made.id)
      .execute()
  }
  const [one = 0, two = 0, three = 0] = numbers
  const { page, context, problems } = await openAs(lead.token, '/queue')
  const list = page.getByRole('list', { name: 'Expectations to review' })
  await list.getByText(`E-${three}`, { exact: true }).waitFor()
  // They need me as an alert does, so the tab counts them, too.
  const needsMe = async (reviews: number) => {
    const { counts } = (await apiAs(desk, lead.cookie, 'GET', '/api/queue?tab=needs')) as unknown as {
      counts: { needs: number }
    }
    const shown = new RegExp(`^${counts.needs + reviews}$`)
    await page
      .getByRole('tab', { name: /^Needs you/ })
      .locator('.n', { hasText: shown })
      .waitFor()
  }
  await needsMe(3)
  expect(await seriousIn(page)).toEqual([])
  const reviewed = async (number: number) => {
    await page.keyboard.press('w')
    const dialog = page.getByRole('dialog', { name: `Review E-${number}` })
    await dialog.getByText('In the last 90 days: 1 alert').waitFor()
    return dialog
  }
  await reviewed(one)
  expect(await seriousIn(page)).toEqual([])
  await page.keyboard.press('r')
  await page.getByText(`E-${one} counts for another 90 days.`).waitFor()
  await list.getByText(`E-${one}`, { exact: true }).waitFor({ state: 'detached' })

  const second = await reviewed(two)
  await page.keyboard.press('c')
  await second.getByLabel('Only where').fill('alert.severity == "low"')
  expect(await seriousIn(page)).toEqual([])
  await page.keyboard.press('Enter')
  await page.getByText(`is in the place of E-${two}.`).waitFor()
  await list.getByText(`E-${two}`, { exact: true }).waitFor({ state: 'detached' })

  const third = await reviewed(three)
  await page.keyboard.press('l')
  await third.getByLabel('Why it is expected no more').fill('The backup is gone.')
  await page.keyboard.press('Control+Enter')
  await page.getByText(`E-${three} is let go.`).waitFor()
  await list.waitFor({ state: 'detached' })
  await needsMe(0)
  const kept = await database.db
    .selectFrom('expectation')
    .select(['number', 'retired_at', 'condition', 'decides'])
    .where('rule', 'like', 'Review %')
    .orderBy('number')
    .execute()
  expect(kept).toMatchObject([
    { number: one, retired_at: null },
    { number: two, retired_at: expect.any(Date) },
    { number: three, retired_at: expect.any(Date) },
    { retired_at: null, condition: 'alert.severity == "low"', decides: false },
  ])
  expect(problems).toEqual([])
  await context.close()
  const other = await openAs((await signedIn(desk, 'lead', 'Ida Holm')).token, '/queue')
  await other.page.getByRole('tab', { name: /Needs you/ }).waitFor()
  expect(await other.page.getByRole('list', { name: 'Expectations to review' }).count()).toBe(0)
  await other.context.close()
})

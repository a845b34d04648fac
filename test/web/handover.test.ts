import { beforeAll, expect, test } from 'vitest'
import type { Handover, HandoverFacts } from '../../src/contract/handover.ts'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, post, signedIn } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageAs } = await pagesHere()
const ids: string[] = []

beforeAll(async () => {
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
    {
      text: expect.stringMatching(/Rule 1.*: Incident$/),
      who: 'Nils Berg',
      at: expect.any(String),
      href: `/alerts/${ids[0]}`,
    },
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

test('clocks that run out, open tasks and mentions that nobody answered are handed over, each with the one it waits for', async () => {
  const kari = await signedIn(desk, 'lead', 'Kari Dahl')
  const mara = await signedIn(desk, 'analyst', 'Mara Weiss')
  const [, alertId = ''] = ids
  const ticket = `/api/tickets/${alertId}`
  await apiAs(desk, kari.cookie, 'POST', `${ticket}/tasks`, {
    title: 'Ring the porter',
    owner: mara.user.id,
    dueAt: null,
  })
  await apiAs(desk, kari.cookie, 'POST', `${ticket}/comments`, { text: `Is it yours, @${mara.user.email}?` })
  const in2Hours = new Date(Date.now() + 2 * 3_600_000)
  const yesterday = new Date(Date.now() - 24 * 3_600_000)
  const inAWeek = new Date(Date.now() + 7 * 24 * 3_600_000)
  const clocks = (alert: string | undefined, ours: Date, theirs: Date | null) =>
    database.db
      .updateTable('ticket')
      .set({ ours_due_at: ours, theirs_due_at: theirs })
      .where('alert_id', '=', alert ?? '')
      .execute()
  await clocks(ids[1], in2Hours, yesterday)
  await clocks(ids[2], inAWeek, null)
  const rowsOf = async (id: string) =>
    (await shownTo(kari.cookie)).facts.sections.find((section) => section.id === id)?.rows ?? []
  const ran = (await rowsOf('clocks')).filter(({ href }) => href === `/alerts/${alertId}#ticket`)
  expect(ran.map(({ text, who }) => [/(we|they) owe.*$/.exec(text)?.[0], who])).toEqual([
    ['they owe it, ran out', 'Northwatch MDR'],
    ['we owe it, runs out', expect.any(String)],
  ])
  expect((await rowsOf('clocks')).some(({ href }) => href?.includes(ids[2] ?? '?'))).toBe(false)
  expect(await rowsOf('tasks')).toMatchObject([{ text: expect.stringContaining('Ring the porter'), who: 'Mara Weiss' }])
  expect(await rowsOf('mentions')).toMatchObject([{ text: expect.stringContaining('Is it yours'), who: 'Mara Weiss' }])
  await apiAs(desk, mara.cookie, 'POST', `${ticket}/comments`, { text: 'No.' })
  expect(await rowsOf('mentions')).toEqual([])
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
  const { page, context, problems } = await pageAs('analyst', { name: 'Nils Berg' })
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
  await page.getByRole('link', { name: /Ring the porter/ }).click()
  // It opens on the ticket, where the task is ticked off; so does a hit of the search.
  await page.getByRole('checkbox', { name: 'Ring the porter' }).waitFor()
  await page.goto(`${desk.origin}/search?q=porter`)
  await page.getByRole('link', { name: /Rule 2/ }).click()
  await page.getByRole('checkbox', { name: 'Ring the porter' }).waitFor()
  expect(problems).toEqual([])
  await context.close()
})

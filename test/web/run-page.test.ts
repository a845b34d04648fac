import { beforeAll, expect, test } from 'vitest'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, post, signedIn, until } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageAs } = await pagesHere()
let cookie: string
let runId: string

/** A browser on a busy machine of two cores. */
const slow = { timeout: 120_000 }

beforeAll(async () => {
  cookie = (await signedIn(desk, 'lead', 'Kari Dahl')).cookie
  const key = await addProvider(desk)
  const body =
    'Ticket: NW-1\nRule: Beaconing\nSeverity: High\nHost: ws-1\nSource IP: 192.0.2.21\nDestination IP: 203.0.113.77\n'
  const alertId = await alertOf(desk, await post(desk, key, { subject: '[NW-1] High: Beaconing', body }))
  runId = await until('the run to wait for a decision', async () => {
    const { runs } = (await apiAs(desk, cookie, 'GET', `/api/alerts/${alertId}`)) as unknown as {
      runs: { id: string; state: string }[]
    }
    return runs.find(({ state }) => state === 'waiting')?.id
  })
}, 600_000)

type Shown = { run: { journal: { path: string; state: string; attempt: number; error: string | null }[] }; past: { reason: string; byName: string }[] } // biome-ignore format: one type
const shown = async () => (await apiAs(desk, cookie, 'GET', `/api/runs/${runId}`)) as unknown as Shown

test(
  'the run as a timeline, by keyboard: questions beside each other, a reminder, a retry and a skip, each with its reason',
  slow,
  async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { page, context, problems } = await pageAs('lead', { name: 'Kari Dahl', colorScheme: scheme })
      await page.goto(`${desk.origin}/runs/${runId}`)
      await page.locator('button.step-line').first().waitFor()
      await page.keyboard.press('j')
      await page.keyboard.press('Enter')
      await page.locator('.asked-line').first().waitFor()
      expect(await page.locator('.asked-line').count()).toBeGreaterThan(2)
      expect(await page.locator('button.step-line').first().innerText()).toMatch(/Done[^]*began .* after the start/)
      await page.keyboard.press('l')
      expect(await page.getByText('Time since the start', { exact: true }).count()).toBe(1)
      expect(await seriousIn(page)).toEqual([])
      if (scheme === 'light') {
        await page.keyboard.press('k')
        await page.keyboard.press('r')
        await page.getByRole('dialog').waitFor()
        expect(await page.getByRole('button', { name: 'Retry from here', exact: true }).isDisabled()).toBe(true)
        await page.keyboard.type('The list of assets was old.')
        expect(await seriousIn(page)).toEqual([])
        await page.getByRole('button', { name: 'Retry from here', exact: true }).click()
        await page.getByText(/put aside by a retry/).waitFor()
        await until('the run to wait again', async () =>
          (await shown()).run.journal.some((line) => line.state === 'waiting'),
        )
        expect((await shown()).run.journal[0]?.attempt).toBe(2)
        expect((await shown()).past[0]).toMatchObject({ reason: 'The list of assets was old.', byName: 'Kari Dahl' })
      } else {
        const waiting = page.locator('.step', { has: page.locator('.step-state.waiting') })
        await waiting.getByRole('button', { name: 'Remind…' }).click()
        await page.getByLabel('What you want to say').fill('It is the payroll.')
        await page.getByRole('button', { name: 'Send the reminder' }).click()
        await page.getByText('reminded once').waitFor()
        await until('the reminder to be mailed', async () => desk.mailServer.arrived.some((mail) => mail.toString().includes('It is the payroll.'))) // biome-ignore format: one call
        await waiting.getByRole('button', { name: 'Skip…' }).click()
        await page.getByLabel('Why').fill('Decided by phone.')
        await page.getByRole('button', { name: 'Skip the step' }).click()
        await page.getByText('skipped: Decided by phone.').waitFor()
      }
      expect(problems).toEqual([])
      await context.close()
    }
  },
)

test('a secret in a step is hidden on its page, by its name and by its looks', async () => {
  const input = {
    apiKey: 'x',
    text: 'password: hunter2hunter2',
    list: ['Authorization: Bearer abcdefghijklmnop'],
    host: 'ws-1',
  }
  await database.db
    .updateTable('step')
    .set({ input: JSON.stringify(input) })
    .where('run_id', '=', runId)
    .execute()
  const text = JSON.stringify(await shown())
  expect(text).not.toMatch(/hunter2|abcdefghijklmnop|"apiKey":"x"/)
  expect(text).toContain('ws-1')
})

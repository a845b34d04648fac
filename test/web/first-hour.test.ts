import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import type { FirstRun, TestTrace } from '../../src/contract/first-run.ts'
import { seriousIn } from '../axe.ts'
import { addProvider, alertOf, apiAs, post, signedIn, until } from '../desk.ts'
import { pagesHere } from '../desk-here.ts'

const { database, desk, pageWith } = await pagesHere()
let cookie: string
let token: string

beforeAll(async () => {
  ;({ cookie, token } = await signedIn(desk, 'administrator', 'Ida Holm'))
}, 600_000)

const first = async () => (await apiAs(desk, cookie, 'GET', '/api/first-run')) as unknown as FirstRun
const stateOf = async (step: string) => (await first()).steps.find((one) => one.step === step)?.state

/** Rows of every table of ours. What counts or is append-only is left out: the ledger, and how often each source was asked how each door is, and changes of counts. */
async function rowsByTable(): Promise<Record<string, number>> {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public' order by 1`.execute(database.db)
  const kept = rows
    .map((row) => row.name)
    .filter(
      (name) => !/^ledger_|^connector_(state|day)$|^session$|^intake_position$|^tally$|^node$|^setting$/.test(name),
    )
  const counts: Record<string, number> = {}
  for (const name of kept) {
    const { rows: found } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(name)}`.execute(
      database.db,
    )
    counts[name] = found[0]?.n ?? -1
  }
  return counts
}

const everyRunWaits = () =>
  until(
    'every run to wait or to have ended',
    async () => {
      const { rows } = await sql<{ n: number }>`select count(*)::int as n from run where state = 'running'`.execute(
        database.db,
      )
      return rows[0]?.n === 0
    },
    60_000,
  )

test('each step is read from the house; one can be done without, and back', async () => {
  expect((await first()).steps.map((one) => one.state)).not.toContain('skipped')
  expect(await stateOf('provider')).toBe('open')
  await apiAs(desk, cookie, 'PUT', '/api/first-run/skipped', { steps: ['people'] })
  expect(await stateOf('people')).toBe('skipped')
  await apiAs(desk, cookie, 'PUT', '/api/first-run/skipped', { steps: [] })
  expect(await stateOf('people')).toBe('open')
})

test('sample data comes by the way of real mail, is worked on, and leaves no row behind', {
  timeout: 180_000,
}, async () => {
  const key = await addProvider(desk)
  const real = await alertOf(
    desk,
    await post(desk, key, {
      subject: '[NW-5] High: Real one',
      body: 'Ticket: NW-5\nRule: Real\nSeverity: High\nHost: ws-5\n',
    }),
  )
  expect(await stateOf('provider')).toBe('done')
  // Its playbook goes on writing after the ladder is full.
  await everyRunWaits()
  const before = await rowsByTable()
  expect(Object.keys(before).length).toBeGreaterThan(40)

  const { messages } = (await apiAs(desk, cookie, 'POST', '/api/sample')) as unknown as { messages: number }
  expect(messages).toBeGreaterThan(30)
  await until(
    'all of it to be read',
    async () => (await first()).sample.waiting === 0 && (await first()).sample.alerts > 10,
    60_000,
  )
  const marked = await database.db.selectFrom('message').select('id').where('sample', '=', false).execute()
  expect(marked).toHaveLength(1)
  await everyRunWaits()
  // Assets of the sample do not tick off the step that is about one's own.
  expect(await stateOf('assets')).toBe('open')
  const some = await database.db
    .selectFrom('alert')
    .select(['id', 'version'])
    .where('sample', '=', true)
    .orderBy('number')
    .limit(1)
    .executeTakeFirstOrThrow()
  const page = (await apiAs(desk, cookie, 'GET', `/api/alerts/${some.id}`)) as unknown as { version: number }
  await apiAs(desk, cookie, 'POST', `/api/alerts/${some.id}/decision`, {
    outcome: 'false-alarm-benign',
    reason: 'Practice.',
    cites: [],
    withoutEvidence: true,
    version: page.version,
  })
  expect((await rowsByTable())['decision']).toBe(1)
  await expect(apiAs(desk, cookie, 'POST', '/api/sample')).rejects.toThrow('409')

  const { removed } = (await apiAs(desk, cookie, 'DELETE', '/api/sample')) as unknown as {
    removed: Record<string, number>
  }
  expect(removed).toMatchObject({ message: messages, decision: 1 })
  expect(await rowsByTable()).toEqual(before)
  expect((await apiAs(desk, cookie, 'GET', `/api/alerts/${real}`))['alert']).toMatchObject({ id: real })
  const kinds = await database.db
    .selectFrom('ledger_entry')
    .select('kind')
    .where('subject', '=', 'sample')
    .orderBy('at')
    .execute()
  expect(kinds.map((row) => row.kind)).toEqual(['sample.loaded', 'sample.removed'])
})

test('a message that is no sample can neither be deleted nor be made one', async () => {
  await expect(database.db.deleteFrom('message').execute()).rejects.toThrow('never deleted')
  await expect(database.db.updateTable('message').set({ sample: true }).execute()).rejects.toThrow('never changed')
})

test('a test alert is traced from its bytes to the full ladder', { timeout: 60_000 }, async () => {
  const { messageId } = (await apiAs(desk, cookie, 'POST', '/api/first-run/test-alert')) as unknown as {
    messageId: string
  }
  const trace = await until(
    'every station',
    async () => {
      const seen = (await apiAs(desk, cookie, 'GET', `/api/first-run/test-alert/${messageId}`)) as unknown as TestTrace
      return seen.stations.every((one) => one.at !== null) ? seen : null
    },
    30_000,
  )
  expect(trace.stations.map((one) => one.title)).toContain('Alert opened')
  await expect(apiAs(desk, cookie, 'GET', `/api/first-run/test-alert/${'0'.repeat(64)}`)).rejects.toThrow('404')
  await apiAs(desk, cookie, 'DELETE', '/api/sample')
})

test('on the page: sample data in and out by one click each', { timeout: 120_000 }, async () => {
  const { page, context, problems } = await pageWith(token)
  await page.goto(`${desk.origin}/queue`)
  await page.getByRole('link', { name: /^First hour: \d to do/ }).click()
  await page.getByRole('heading', { name: 'Add the first provider' }).waitFor()
  expect(await seriousIn(page)).toEqual([])
  await page.getByRole('button', { name: 'Do without: Bring your people' }).click()
  await page.getByRole('button', { name: 'Back on the list: Bring your people' }).waitFor()
  await page.getByRole('button', { name: 'Load sample data' }).click()
  await page.getByText(/alerts opened\./).waitFor({ timeout: 60_000 })
  expect(await page.locator('.nav-foot .sample').count()).toBe(1)
  await page.getByRole('button', { name: 'Remove sample data' }).click()
  await page.getByRole('button', { name: 'Load sample data' }).waitFor({ timeout: 60_000 })
  expect(problems).toEqual([])
  await context.close()
})

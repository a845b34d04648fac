import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, mail, type TestHouse, testHouse } from '../../test/house.ts'
import { getAlert } from '../db/alerts.ts'
import { findingsOf } from '../db/findings.ts'
import { jobCounts } from '../db/jobs.ts'
import { dryRun } from './dry-run.ts'
import { loadLibrary } from './load.ts'
import { readMessage } from './read-message.ts'
import { makeReceive } from './receive.ts'

let database: FreshDatabase
let house: TestHouse
beforeAll(async () => {
  database = await freshDatabase()
  house = await testHouse(database, { library: await loadLibrary(['content/playbooks']) })
})
afterAll(() => database.close())

test('a dry run asks, and keeps, changes and sends nothing', async () => {
  const { id } = await makeReceive(house)(mail('Alert 1', alertBody))
  await readMessage(house, id, 1)
  const line = await house.db.selectFrom('alert').select('id').executeTakeFirst()
  const alertId = line?.id ?? ''
  const before = { alert: await getAlert(house.db, alertId), jobs: await jobCounts(house.db) }
  const ledger = async () => (await house.db.selectFrom('ledger_entry').select('id').execute()).length
  const entries = await ledger()
  for (const playbook of house.library.all) {
    const run = await dryRun(house, playbook, alertId)
    expect(run).toMatchObject({ state: 'done', dryRun: true, error: '' })
    expect(run.journal.length).toBe(run.journal.filter((step) => ['done', 'skipped'].includes(step.state)).length)
  }
  expect(house.asked.length).toBeGreaterThan(15)
  expect(await findingsOf(house.db, alertId)).toEqual([])
  expect(await getAlert(house.db, alertId)).toEqual(before.alert)
  expect(await jobCounts(house.db)).toEqual(before.jobs)
  expect(await ledger()).toBe(entries)
  expect(house.notices).toEqual([])
})

test('a dry run judges by the answers it got', async () => {
  const line = await house.db.selectFrom('alert').select('id').executeTakeFirst()
  const provider = house.library.byId('provider-alert')
  if (provider === undefined) throw new Error('provider-alert is gone')
  const run = await dryRun(house, provider, line?.id ?? '')
  const proposed = run.journal.find((step) => step.path === 'propose')?.output as { fidelity: { attained: number } }
  expect(proposed.fidelity.attained).toBeGreaterThan(
    (await getAlert(house.db, line?.id ?? ''))?.judgement?.fidelity.attained ?? 99,
  )
})

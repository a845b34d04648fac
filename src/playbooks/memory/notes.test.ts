import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../test/database.ts'
import { alertBody, mail, type TestHouse, testHouse } from '../../../test/house.ts'
import { addPeople } from '../../../test/people.ts'
import { getAlert } from '../../db/alerts.ts'
import { notesFor } from '../../db/notes.ts'
import type { Clock } from '../../kit/clock.ts'
import { readMessage } from '../read-message.ts'
import { makeReceive } from '../receive.ts'
import { takeNoteAway, writeNote } from './notes.ts'

let now = new Date('2026-11-23T09:00:00Z')
const clock: Clock = { now: () => now }
let database: FreshDatabase
let house: TestHouse
let by: string
let count = 0

beforeAll(async () => {
  database = await freshDatabase()
  house = await testHouse(database, { clock })
  const [kari] = await addPeople(database.db, [{ name: 'Kari Dahl', role: 'analyst' }])
  by = `user:${kari.id}`
})
afterAll(() => database.close())

async function newAlert() {
  count += 1
  const receipt = await makeReceive(house)(mail('DNS', alertBody, { 'Message-ID': `<n${count}@provider.example>` }))
  await readMessage(house, receipt.id, 1)
  const row = await database.db
    .selectFrom('message')
    .select('alert_id')
    .where('id', '=', receipt.id)
    .executeTakeFirstOrThrow()
  const record = await getAlert(database.db, String(row.alert_id))
  if (record === null) throw new Error('no alert')
  return record
}

const draft = {
  about: 'ws-17.example.org',
  knownGood: true,
  text: 'Our DNS test machine.',
  expiresAt: null,
  alertId: null,
}

test('known good stands among the reasons with its author, proposes nothing by itself and lowers no risk', async () => {
  const before = await newAlert()
  const { id } = await writeNote(house, { draft, by })
  const after = await newAlert()
  const { proposal, risk } = after.judgement ?? { proposal: undefined, risk: undefined }
  const reasons = [...(proposal?.supports ?? []), ...(proposal?.contradicts ?? [])].map(({ says }) => says)
  expect(reasons).toContainEqual(
    expect.stringContaining('Known good: ws-17.example.org, Kari Dahl, 2026-11-23: Our DNS test machine.'),
  )
  expect(proposal?.outcome).toBeNull()
  expect(risk).toEqual(before.judgement?.risk)
  expect(await notesFor(database.db, after.alert, now)).toMatchObject([{ id, knownGood: true, byName: 'Kari Dahl' }])
  await takeNoteAway(house, { id, alertId: after.alert.id, by })
  expect(await notesFor(database.db, after.alert, now)).toEqual([])
  expect(
    (await getAlert(database.db, after.alert.id))?.judgement?.proposal.supports.map(({ says }) => says).join(),
  ).not.toContain('Known good')
  await expect(takeNoteAway(house, { id, alertId: null, by })).rejects.toMatchObject({ code: 'not.found' })
})

test('a note is shown and is no reason; it ends on its day, and about something else it is not shown', async () => {
  const { alert } = await newAlert()
  const expiresAt = new Date(now.getTime() + 86_400_000).toISOString()
  await writeNote(house, { draft: { ...draft, about: 'jdoe', knownGood: false, expiresAt, alertId: alert.id }, by })
  await writeNote(house, { draft: { ...draft, about: 'ws-18' }, by })
  expect(await notesFor(database.db, alert, now)).toMatchObject([{ about: 'jdoe', knownGood: false }])
  expect(JSON.stringify((await getAlert(database.db, alert.id))?.judgement?.proposal)).not.toContain('Known good')
  now = new Date(now.getTime() + 2 * 86_400_000)
  expect(await notesFor(database.db, alert, now)).toEqual([])
  await expect(writeNote(house, { draft: { ...draft, expiresAt }, by })).rejects.toMatchObject({
    code: 'input.invalid',
  })
})

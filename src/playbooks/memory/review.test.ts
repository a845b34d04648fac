import { expect, test } from 'vitest'
import { draft, memoryHouse } from '../../../test/memory-house.ts'
import { getAlert } from '../../db/alerts.ts'
import { expectationById, expectationsDue, matchesOf } from '../../db/expectations.ts'
import { decide } from '../decide.ts'
import { actOnMemory } from './act.ts'
import { changeCondition, letDecide, renewExpectation, reviewExpectation } from './expectations.ts'

const { clock, notices, database, house, kari, ida, by, newAlert, answered, add, proposalOf, outcomeOf } =
  await memoryHouse()

/** As if it had been made long ago: it runs out in so many days. */
async function age(id: string, daysLeft: number): Promise<void> {
  const days = (n: number) => new Date(clock.now().getTime() + n * 86_400_000)
  const set = { from_at: days(daysLeft - 90), expires_at: days(daysLeft) }
  await database.db.updateTable('expectation').set(set).where('id', '=', id).execute()
}

test('while its review is due it decides nothing, and waits for its owner alone, also after it ran out; of a shut account for a lead', async () => {
  const { id } = await add(draft('Due'))
  await letDecide(house, { id, by, userId: kari.id, decides: true })
  const due = async (userId: string, ofNobody = false) =>
    (await expectationsDue(database.db, { userId, ofNobody }, clock.now())).map((one) => one.id)
  expect(await due(kari.id)).not.toContain(id)
  await age(id, 6)
  expect(await due(kari.id)).toContain(id)
  expect(await due(ida.id, true)).not.toContain(id)
  const alertId = await newAlert('Due')
  await answered(alertId, 'nothing')
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBeNull()
  expect((await matchesOf(database.db, alertId))[0]?.held).toContain('review is due')
  expect((await proposalOf(alertId))?.outcome).toBe('false-alarm-benign')
  for (const left of [-1, -29]) {
    await age(id, left)
    expect(await due(kari.id)).toContain(id)
  }
  await database.db.updateTable('app_user').set({ disabled: true }).where('id', '=', kari.id).execute()
  expect(await due(ida.id, true)).toContain(id)
  expect(await due(ida.id)).not.toContain(id)
  await database.db.updateTable('app_user').set({ disabled: false }).where('id', '=', kari.id).execute()
  await age(id, -31)
  expect(await due(kari.id)).not.toContain(id)
  await age(id, -1)
  await renewExpectation(house, { id, by, days: 90 })
  expect(await due(kari.id)).not.toContain(id)
  const again = await newAlert('Due')
  await answered(again, 'nothing')
  await actOnMemory(house, again)
  expect(await outcomeOf(again)).toBe('false-alarm-benign')
})

test('one that is changed is retired for a new one of the same scope and owner, which only proposes; harm it would hide refuses the change', async () => {
  const { id, number } = await add(draft('Changed', { condition: 'alert.severity == "low"' }))
  await letDecide(house, { id, by, userId: kari.id, decides: true })
  const harm = await newAlert('Changed')
  await answered(harm, 'nothing')
  const { version } = (await getAlert(database.db, harm)) ?? { version: 0 }
  await decide(house, {
    ...{ alertId: harm, outcome: 'incident', reason: 'A break-in.', cites: [], withoutEvidence: true, version },
    by,
  })
  const change = { id, by, reason: 'Only the small ones.', days: 30 }
  await expect(changeCondition(house, { ...change, condition: '' })).rejects.toMatchObject({ code: 'input.invalid' })
  await expect(changeCondition(house, { ...change, condition: 'alert.rule' })).rejects.toMatchObject({
    details: { fields: { condition: expect.any(String) } },
  })
  expect((await expectationById(database.db, id, clock.now()))?.retired).toBeNull()
  const made = await changeCondition(house, { ...change, condition: 'alert.severity == "informational"' })
  expect(await expectationById(database.db, made.id, clock.now())).toMatchObject({
    ...{ condition: 'alert.severity == "informational"', decides: false, owner: { id: kari.id }, retired: null },
    scope: { rule: 'Changed', host: 'ws-1' },
  })
  const before = await expectationById(database.db, id, clock.now())
  expect(before?.retired?.reason).toContain(`E-${made.number}`)
  expect(made.number).toBeGreaterThan(number)
  await expect(changeCondition(house, { ...change, condition: '' })).rejects.toMatchObject({ code: 'state.conflict' })
})

test('a week before it runs out its owner gets a task and a mail; a renewal begins its time anew', async () => {
  const source = await newAlert('Review')
  const { id, number } = await add(draft('Review', { alertId: source }))
  await reviewExpectation(house, id)
  expect(
    await database.db.selectFrom('ticket_task').selectAll().where('title', 'like', 'Review E-%').execute(),
  ).toEqual([])
  await age(id, 5)
  const hit = await newAlert('Review')
  await reviewExpectation(house, id)
  const tasks = await database.db
    .selectFrom('ticket_task')
    .selectAll()
    .where('title', 'like', `Review E-${number} %`)
    .execute()
  expect(tasks).toMatchObject([{ alert_id: hit, owner: kari.id }])
  expect(notices.at(-1)).toMatchObject({ to: [kari.email], subject: expect.stringContaining(`E-${number}`) })
  await renewExpectation(house, { id, by, days: 100 })
  await reviewExpectation(house, id)
  expect(
    await database.db.selectFrom('ticket_task').selectAll().where('title', 'like', `Review E-${number} %`).execute(),
  ).toHaveLength(1)
})

import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { memoryHouse } from '../../../test/memory-house.ts'
import { getAlert } from '../../db/alerts.ts'
import { answeredBefore, draftedAnswerOf, repeatRates, repeatsOf } from '../../db/repeats.ts'
import { decide } from '../decide.ts'
import { actOnMemory } from './act.ts'

const { clock, database, house, by, newAlert, decided, answered } = await memoryHouse()

test('the answer to a question that was answered before is drafted by itself, refreshed with the evidence, and cites only evidence of this alert', async () => {
  const first = await newAlert('Repeat')
  await answered(first, 'nothing')
  const cited = await database.db
    .selectFrom('finding')
    .select('id')
    .where('alert_id', '=', first)
    .executeTakeFirstOrThrow()
  const record = await getAlert(database.db, first)
  const deciding = {
    alertId: first,
    outcome: 'false-alarm-nothing',
    reason: 'Nothing was planned.',
    cites: [cited.id],
    withoutEvidence: false,
  } as const
  const { decisionId } = await decide(house, { ...deciding, version: record?.version ?? 0, by })
  const again = await newAlert('Repeat')
  await actOnMemory(house, again)
  expect(await draftedAnswerOf(database.db, again)).toMatchObject({
    outcome: 'false-alarm-nothing',
    reason: 'Nothing was planned.',
    cites: [],
    fromNumber: record?.alert.number,
  })
  await answered(again, 'nothing')
  await actOnMemory(house, again)
  const drafted = await draftedAnswerOf(database.db, again)
  expect(drafted?.text).toContain('Reason: Nothing was planned.')
  expect(drafted?.text).toContain('no change was planned at that time')
  const own = await database.db
    .selectFrom('finding')
    .select('alert_id')
    .where('id', 'in', drafted?.cites ?? [])
    .execute()
  expect(own).toEqual([{ alert_id: again }])
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select('id')
    .where('kind', '=', 'answer.remembered')
    .where('subject', '=', `alert:${again}`)
    .execute()
  expect(lines).toHaveLength(1)
  // Nothing left yet, so it was no repeated question by the measure; once the answer was sent, it is.
  const from = new Date(clock.now().getTime() - 86_400_000)
  expect((await repeatRates(database.db, from, clock.now()))[0]?.repeated).toBe(0)
  clock.set(new Date(clock.now().getTime() + 60_000))
  await sent(first, decisionId)
  const third = await newAlert('Repeat')
  const [rate] = await repeatRates(database.db, from, clock.now())
  expect(rate?.repeated).toBe(1)
  expect(await repeatsOf(database.db, 'acme', from, clock.now())).toMatchObject([
    { alertId: third, before: { alertId: first } },
  ])
  expect(await answeredBefore(database.db, third)).toMatchObject({ alertId: first, answered: { text: 'Answered.' } })
  // A decision that was taken back is remembered no more.
  await database.db
    .updateTable('decision')
    .set({ undone_at: clock.now(), undone_by: by })
    .where('id', '=', decisionId)
    .execute()
  expect(await answeredBefore(database.db, third)).toBeNull()
  await actOnMemory(house, third)
  expect(await draftedAnswerOf(database.db, third)).toBeNull()
})

test('another subject, another rule, or an answer of more than 90 days ago is no repeated question', async () => {
  const first = await newAlert('Aged')
  await decided(first, 'tune')
  expect(await answeredBefore(database.db, await newAlert('Aged', 'ws-77'))).toBeNull()
  expect(await answeredBefore(database.db, await newAlert('Aging'))).toBeNull()
  expect(await answeredBefore(database.db, await newAlert('Aged'))).toMatchObject({ alertId: first })
  clock.set(new Date(clock.now().getTime() + 91 * 86_400_000))
  expect(await answeredBefore(database.db, await newAlert('Aged'))).toBeNull()
})

/** An answer left for a decision, a second ago. */
async function sent(alertId: string, decisionId: string): Promise<void> {
  const at = new Date(clock.now().getTime() - 1000)
  await database.db
    .insertInto('reply')
    .values({
      ...{
        id: randomUUID(),
        alert_id: alertId,
        provider_id: 'acme',
        state: 'sent',
        text: 'Answered.',
        recipients: [],
        subject: 'Re',
      },
      ...{ message_id: `sent-${alertId}`, decision_id: decisionId, created_at: at, sent_at: at },
    })
    .execute()
}

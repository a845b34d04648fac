import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { draft, memoryHouse } from '../../../test/memory-house.ts'
import { getAlert } from '../../db/alerts.ts'
import { decisionsOf } from '../../db/decisions.ts'
import { expectationById, insertExpectation, listExpectations, matchesOf } from '../../db/expectations.ts'
import type { ExpectationDraft } from '../../model/expectation.ts'
import { undo } from '../decide.ts'
import { actOnMemory } from './act.ts'
import { letDecide, previewExpectation, renewExpectation, retireExpectation } from './expectations.ts'

const { clock, database, house, kari, ida, by, newAlert, decided, answered, add, proposalOf, outcomeOf } =
  await memoryHouse()

test('a preview says what it would have matched, how each was decided, and decides nothing', async () => {
  await decided(await newAlert('Preview'), 'false-alarm-benign')
  await decided(await newAlert('Preview'), 'tune')
  await newAlert('Preview')
  await newAlert('Preview', 'ws-2')
  const preview = await previewExpectation(house, draft('preview'))
  expect(preview).toMatchObject({ inScope: 3, holds: 3, agrees: 1, otherwise: 1, open: 1, hidden: 0, cut: false })
  expect(await database.db.selectFrom('expectation').selectAll().execute()).toEqual([])
})

test('one that would have hidden an incident or minor trouble is refused and names it, however often it is asked for', async () => {
  const harm = await newAlert('Hiding')
  await decided(harm, 'incident')
  for (let n = 0; n < 3; n += 1) await decided(await newAlert('Hiding'), 'false-alarm-benign')
  const preview = await previewExpectation(house, draft('Hiding'))
  expect(preview).toMatchObject({ holds: 4, hidden: 1 })
  expect(preview.rows[0]).toMatchObject({ alertId: harm, hidden: true, outcome: 'incident' })
  await expect(add(draft('Hiding'))).rejects.toMatchObject({
    code: 'input.invalid',
    details: { fields: { preview: expect.stringContaining('(incident)') } },
  })
  // Narrowed so that it is not hidden, it may be kept.
  const number = (await getAlert(database.db, harm))?.alert.number
  await expect(add(draft('Hiding', { condition: `alert.number != ${number}` }))).resolves.toMatchObject({
    number: expect.any(Number),
  })
})

test('a match proposes the answer with its owner named, and decides nothing by itself', async () => {
  const { id, number } = await add(draft('Proposing'))
  const alertId = await newAlert('Proposing')
  await answered(alertId, 'nothing')
  const proposal = await proposalOf(alertId)
  expect(proposal?.outcome).toBe('false-alarm-benign')
  expect(proposal?.supports.map(({ says }) => says).join()).toContain(`E-${number}, Kari Dahl`)
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBeNull()
  expect(await matchesOf(database.db, alertId)).toMatchObject([
    { expectationId: id, kind: 'holds', decided: false, hits: 1 },
  ])
})

test('only its owner lets it decide; then a match is decided in its name, and a decision taken back is not made again', async () => {
  const { id, number } = await add(draft('Deciding'))
  await expect(letDecide(house, { id, by: `user:${ida.id}`, userId: ida.id, decides: true })).rejects.toMatchObject({
    code: 'input.invalid',
  })
  await letDecide(house, { id, by, userId: kari.id, decides: true })
  const alertId = await newAlert('Deciding')
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBeNull()
  expect((await matchesOf(database.db, alertId))[0]?.held).toContain('still coming in')
  await answered(alertId, 'nothing')
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBe('false-alarm-benign')
  const [decision] = await decisionsOf(database.db, alertId)
  expect(decision).toMatchObject({ by: `expectation:${id}`, withoutEvidence: true })
  expect(decision?.reason).toContain(`E-${number} of Kari Dahl`)
  await undo(house, { alertId, decisionId: decision?.id ?? '', by })
  await answered(alertId, 'nothing')
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBeNull()
  expect((await matchesOf(database.db, alertId))[0]?.held).toContain('took its decision back')
})

test.each([
  ['failed', 'unknown'],
  ['not-collected', 'unknown'],
  ['nothing', 'contradicted'],
  ['found', 'holds'],
] as const)('a condition whose question was answered %s is %s', async (kind, expected) => {
  const rule = `Condition ${kind}`
  const { id } = await add(draft(rule, { condition: 'answers.change_window_of_asset.found' }))
  await letDecide(house, { id, by, userId: kari.id, decides: true })
  const alertId = await newAlert(rule)
  expect((await matchesOf(database.db, alertId))[0]).toMatchObject({ kind: 'unknown' })
  await answered(alertId, kind)
  await actOnMemory(house, alertId)
  expect((await matchesOf(database.db, alertId))[0]).toMatchObject({ kind: expected, decided: expected === 'holds' })
  expect(await outcomeOf(alertId)).toBe(expected === 'holds' ? 'false-alarm-benign' : null)
  if (expected === 'holds') expect((await decisionsOf(database.db, alertId))[0]?.cites).toHaveLength(1)
})

test('a look-up that failed leaves the decision to a person, also where no condition names it', async () => {
  const { id } = await add(draft('Blind'))
  await letDecide(house, { id, by, userId: kari.id, decides: true })
  const alertId = await newAlert('Blind')
  await answered(alertId, 'failed')
  await actOnMemory(house, alertId)
  expect(await outcomeOf(alertId)).toBeNull()
  expect((await matchesOf(database.db, alertId))[0]?.held).toContain('Could not look')
})

test('an alert that a person decided as harm all the same ends what it may: no proposal, no decision, no renewal', async () => {
  const { id } = await add(draft('Wrong'))
  await letDecide(house, { id, by, userId: kari.id, decides: true })
  const first = await newAlert('Wrong')
  await decided(first, 'incident')
  const second = await newAlert('Wrong')
  await answered(second, 'nothing')
  await actOnMemory(house, second)
  expect(await outcomeOf(second)).toBeNull()
  expect((await proposalOf(second))?.supports ?? []).not.toContainEqual(
    expect.objectContaining({ says: expect.stringContaining('Expected until') }),
  )
  expect((await expectationById(database.db, id, clock.now()))?.against).toBe(1)
  await expect(renewExpectation(house, { id, by, days: 30 })).rejects.toMatchObject({ code: 'input.invalid' })
})

test('180 days are the most, for the server and for the database', async () => {
  const { id } = await add(draft('Long', { days: 180 }))
  await expect(renewExpectation(house, { id, by, days: 181 })).rejects.toMatchObject({ code: 'input.invalid' })
  const known = await expectationById(database.db, id, clock.now())
  const fresh = {
    id: randomUUID(),
    scope: draft('Longer').scope,
    condition: '',
    outcome: 'tune',
    reason: 'x',
    owner: kari.id,
  } as const
  const rest = {
    sourceAlert: null,
    sample: false,
    by,
    at: clock.now(),
    expiresAt: new Date(clock.now().getTime() + 180 * 86_400_000 + 1000),
  }
  await expect(insertExpectation(database.db, { ...fresh, ...rest, preview: known?.preview as never })).rejects.toThrow(
    'expectation_not_for_ever',
  )
})

test('what expired or was retired is held against nothing any more, and stays in the list', async () => {
  const old = await add(draft('Old', { days: 1 }))
  const gone = await add(draft('Gone'))
  await retireExpectation(house, { id: gone.id, by, reason: 'The backup moved.' })
  await expect(retireExpectation(house, { id: gone.id, by, reason: 'Again.' })).rejects.toMatchObject({
    code: 'state.conflict',
  })
  clock.set(new Date(clock.now().getTime() + 2 * 86_400_000))
  expect(await matchesOf(database.db, await newAlert('Old'))).toEqual([])
  expect(await matchesOf(database.db, await newAlert('Gone'))).toEqual([])
  const all = await listExpectations(database.db, clock.now())
  expect(all.map(({ number }) => number)).toEqual(expect.arrayContaining([old.number, gone.number]))
})

test.each([
  [{ scope: { provider: 'acme', rule: null, host: null, account: null, range: null } }, 'scope'],
  [{ scope: { provider: null, rule: null, host: null, account: null, range: '192.0.2.0/99' } }, 'range'],
  [{ condition: 'alert.rule' }, 'condition'],
  [{ condition: 'judgement.proposal == "incident"' }, 'condition'],
  [{ condition: 'alert.rule.matches("(a+)+$")' }, 'condition'],
] as const)('what cannot be held against an alert is refused by its field: %j', async (changes, field) => {
  await expect(previewExpectation(house, draft('Any', changes as Partial<ExpectationDraft>))).rejects.toMatchObject({
    details: { fields: { [field]: expect.any(String) } },
  })
})

test('an address range holds for either end and for nothing else', async () => {
  const scope = { provider: null, rule: 'Ranged', host: null, account: null, range: '203.0.113.0/24' }
  await newAlert('Ranged', 'ws-9', '203.0.113.7')
  await newAlert('Ranged', 'ws-9', '192.0.2.200')
  expect(await previewExpectation(house, draft('Ranged', { scope }))).toMatchObject({ inScope: 1, holds: 1 })
})

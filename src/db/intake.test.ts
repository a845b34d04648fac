import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { doorStates, positionOf, saveDoorState, savePosition } from './intake.ts'

let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(() => house.close())

const at = (minute: number) => new Date(Date.UTC(2026, 10, 2, 9, minute))

test('a position is kept, moves on, and survives news of the door', async () => {
  expect(await positionOf(house.db, 'inbox')).toBe(null)
  await savePosition(house.db, 'inbox', { uidValidity: '1700000000', uid: 41 }, at(1))
  await savePosition(house.db, 'inbox', { uidValidity: '1700000000', uid: 42 }, at(2))
  await saveDoorState(house.db, 'inbox', { state: 'failing', says: 'Nobody listens.', lastSuccess: null }, at(3))
  expect(await positionOf(house.db, 'inbox')).toEqual({ uidValidity: '1700000000', uid: 42 })
  expect(await doorStates(house.db)).toEqual([
    {
      door: 'inbox',
      state: 'failing',
      says: 'Nobody listens.',
      lastSuccessAt: at(2).toISOString(),
      changedAt: at(3).toISOString(),
    },
  ])
})

test('news of a door that never read anything leaves no position', async () => {
  await saveDoorState(house.db, 'new', { state: 'active', says: 'Reading.', lastSuccess: at(4).toISOString() }, at(4))
  expect(await positionOf(house.db, 'new')).toBe(null)
  expect((await doorStates(house.db)).map((door) => door.door)).toEqual(['inbox', 'new'])
})

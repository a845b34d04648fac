import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { importTurn } from './one-at-a-time.ts'
import { transaction } from './open.ts'

let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(() => house.close())

test('who waits too long for another import is told so, and comes in once that one is done', async () => {
  const began = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const first = transaction(house.db, async (tx) => {
    await importTurn(tx, 'import assets')
    began.resolve()
    await end.promise
  })
  await began.promise
  await expect(transaction(house.db, (tx) => importTurn(tx, 'import assets', 20))).rejects.toMatchObject({
    code: 'import.busy',
    details: { what: 'import assets' },
  })
  await transaction(house.db, (tx) => importTurn(tx, 'import people', 20))
  const second = transaction(house.db, async (tx) => {
    await importTurn(tx, 'import assets')
    return 'came in'
  })
  end.resolve()
  await first
  expect(await second).toBe('came in')
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { challengesMax, keepChallenge, takeChallenge } from './sessions.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.close())

test('challenges that are over make room: nobody is shut out for ever by asking for many', async () => {
  const { db } = database
  const start = new Date('2026-11-01T08:00:00Z')
  const later = new Date(start.getTime() + 6 * 60_000)
  const row = { purpose: 'sign-in', user_id: null, created_at: start, expires_at: new Date(start.getTime() + 300_000) }
  const many = Array.from({ length: challengesMax }, (_, i) => ({ ...row, challenge: `c${i}` }))
  await db.insertInto('webauthn_challenge').values(many).execute()
  expect(await keepChallenge(db, 'now', 'sign-in', null, start)).toBe(false)
  expect(await keepChallenge(db, 'later', 'sign-in', null, later)).toBe(true)
  expect(await takeChallenge(db, 'c1', 'sign-in', null, later)).toBe(false)
  expect(await takeChallenge(db, 'later', 'sign-in', null, later)).toBe(true)
})

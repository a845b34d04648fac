import { expect, test } from 'vitest'
import { fixedClock } from '../../kit/clock.ts'
import { newSecret, sha256Hex } from '../../kit/digest.ts'
import { Trouble } from '../../kit/errors.ts'
import { LogSource } from '../../model/lake.ts'
import { makeSourceOfKey } from './key-ring.ts'

const made = '2026-11-20T10:00:00.000Z'

function house() {
  const clock = fixedClock(made)
  const [first, second] = [newSecret(), newSecret()]
  const source = (id: string, keys: string[]) =>
    LogSource.parse({ id, keys: keys.map((key) => ({ name: 'k', digest: sha256Hex(key), made })) })
  const state = { sources: [source('web', [first]), source('fw', [second])], away: false, asked: 0 }
  const sourceOfKey = makeSourceOfKey({
    clock,
    listSources: async () => {
      state.asked += 1
      if (state.away) throw new Trouble('lake.unreachable')
      return state.sources
    },
  })
  const wait = (ms: number): void => clock.set(new Date(clock.now().getTime() + ms))
  return { state, sourceOfKey, first, second, source, wait }
}

test('a key opens its own source, and no other opens anything', async () => {
  const { sourceOfKey, first, second } = house()
  expect(await sourceOfKey(first)).toBe('web')
  expect(await sourceOfKey(second)).toBe('fw')
  expect(await sourceOfKey(newSecret())).toBeNull()
  expect(await sourceOfKey(sha256Hex(first))).toBeNull()
})

test('a key that was taken back is refused two seconds later, and the list is not read for each request', async () => {
  const { state, sourceOfKey, first, wait, source } = house()
  await Promise.all(Array.from({ length: 50 }, () => sourceOfKey(first)))
  expect(state.asked).toBe(1)
  state.sources = [source('web', [])]
  wait(2_001)
  expect(await sourceOfKey(first)).toBeNull()
})

test('while the list cannot be read the last one stands, for five minutes; without one nobody is let in', async () => {
  const { state, sourceOfKey, first, wait } = house()
  state.away = true
  await expect(sourceOfKey(first)).rejects.toMatchObject({ code: 'lake.unreachable' })
  state.away = false
  expect(await sourceOfKey(first)).toBe('web')
  state.away = true
  wait(4 * 60_000)
  expect(await sourceOfKey(first)).toBe('web')
  wait(2 * 60_000)
  await expect(sourceOfKey(first)).rejects.toMatchObject({ code: 'lake.unreachable' })
})

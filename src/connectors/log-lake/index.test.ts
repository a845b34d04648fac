import { expect, test } from 'vitest'
import { fixedClock } from '../../kit/clock.ts'
import { type LogLakeLookups, logLake } from './index.ts'

const context = { signal: new AbortController().signal, clock: fixedClock('2026-11-20T12:00:00.000Z') }
const lake = (status: LogLakeLookups['status']): ReturnType<typeof logLake> =>
  logLake({ questions: ['coverage'], ask: async () => ({ kind: 'failed', why: 'x', query: '*' }), status })
const at = '2026-11-20T11:59:00.000Z'

test('its card says whether logs come in, which sources are silent, and that it could not look', async () => {
  const none = lake(async () => ({ sources: 0, silent: [], lastReceived: null }))
  expect(await none.health(context)).toMatchObject({ state: 'not-configured' })
  const good = lake(async () => ({ sources: 2, silent: [], lastReceived: at }))
  const active = { state: 'active', says: 'Logs of 2 sources come in.', lastSuccess: at, newest: at }
  expect(await good.health(context)).toEqual(active)
  const quiet = lake(async () => ({ sources: 9, silent: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], lastReceived: at }))
  expect(await quiet.health(context)).toMatchObject({
    state: 'silent',
    says: expect.stringContaining('a, b, c, d, e and 2 more'),
  })
  const away = lake(() => Promise.reject(new Error('gone')))
  expect(await away.health(context)).toMatchObject({ state: 'failing', says: expect.stringContaining('gone') })
})

test('a failed look stays a failed look', async () => {
  const one = lake(async () => ({ sources: 1, silent: [], lastReceived: at }))
  expect(one.answers).toEqual(['coverage'])
  expect(await one.ask('coverage', {}, context)).toEqual({ kind: 'failed', why: 'x', query: '*' })
})

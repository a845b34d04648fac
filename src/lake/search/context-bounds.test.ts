import { expect, test } from 'vitest'
import { freshLake } from '../../../test/lake.ts'
import { linesAround } from './context.ts'
import { pageRawBytesMax } from './search.ts'

const { engine } = await freshLake()

test('of very long lines as many are shown around one as a page may have, the nearest ones', async () => {
  await engine.command(
    `INSERT INTO stored_events (time, received, source, load, line, raw)
     SELECT toDateTime64('2026-11-20 10:00:00', 3, 'UTC') AS at, at, 'long', 7, number, repeat('x', 500000) FROM numbers(101)`,
  )
  const around = await linesAround(engine, '7-50', 50)
  const fit = Math.floor(pageRawBytesMax / 500_000)
  expect(around?.before.map(({ id }) => id)).toEqual(Array.from({ length: fit }, (_, n) => `7-${50 - fit + n}`))
  expect(around?.after.map(({ id }) => id)).toEqual(Array.from({ length: fit }, (_, n) => `7-${51 + n}`))
})

test('a line that is longer than that alone is shown all the same', async () => {
  await engine.command(
    `INSERT INTO stored_events (time, received, source, load, line, raw)
     SELECT toDateTime64('2026-11-20 10:00:00', 3, 'UTC') AS at, at, 'longest', 8, number, concat(repeat('x', 1000000), repeat('x', 1000000), repeat('x', 1000000), repeat('x', 1000000), repeat('x', 1000000), repeat('x', 1000000), repeat('x', 1000000), repeat('x', 1000000), repeat('x', 1000000)) FROM numbers(3)`,
  )
  const around = await linesAround(engine, '8-1', 2)
  expect([around?.before.length, around?.after.length]).toEqual([1, 1])
})

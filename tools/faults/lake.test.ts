import { expect, test } from 'vitest'
import { lakeFaults, mustBeZeroInLake } from './lake.ts'

test('an ingest and its engine killed in the middle: every line is in the lake once, and the rollups agree', async () => {
  const found = await lakeFaults({ lines: 60_000, ingestKills: 4, engineKills: 2, say: () => undefined })
  expect(found).toMatchObject({ ...mustBeZeroInLake, kills: 6 })
}, 600_000)

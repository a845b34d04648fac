import { expect, test } from 'vitest'
import { faults } from './run.ts'

test('servers and PostgreSQL killed at random moments under load: nothing accepted is lost, doubled or stuck', async () => {
  const found = await faults({ serverKills: 4, postgresKills: 1, nodes: 2, mailsPerSecond: 10, say: () => undefined })
  expect(found.kills).toBe(5)
  expect(found.acknowledged).toBeGreaterThan(5)
  expect(found.runs).toBeGreaterThanOrEqual(found.acknowledged)
  expect(found).toMatchObject({ lost: 0, unread: 0, doubled: 0, stuck: 0, failed: 0, steppedTwice: 0 })
}, 240_000)

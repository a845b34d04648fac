import { expect, test } from 'vitest'
import { faults, mustBeZero, takeoverMsMax } from './run.ts'

test('two servers and PostgreSQL killed under mail and answers: nothing accepted is lost or doubled, nothing is sent twice, the other takes over', async () => {
  const found = await faults({
    ...{ serverKills: 4, postgresKills: 1, mailsPerSecond: 4, answerEveryNth: 2, waitForHeld: false },
    say: () => undefined,
  })
  expect(found).toMatchObject({ ...mustBeZero, kills: 5, ledgerHolds: true, replyState: 'unconfirmed' })
  expect(found.accepted).toBeGreaterThan(5)
  expect(found.runs).toBeGreaterThanOrEqual(found.accepted)
  expect(found.sent + found.unconfirmed).toBeGreaterThan(1)
  expect(found.takeoverMs).toBeLessThan(takeoverMsMax)
  // Three waits of at most three minutes: what is stuck is counted and named, and does not end as a time-out.
}, 600_000)

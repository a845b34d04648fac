import { beforeAll, expect, test } from 'vitest'
import { freshLake } from '../../../test/lake.ts'
import { fixedClock } from '../../kit/clock.ts'
import type { Engine } from '../engine/engine.ts'
import { askLake } from './ask-lake.ts'

const clock = fixedClock('2026-11-20T12:00:00.000Z')
const context = { clock, signal: new AbortController().signal }
const at = '2026-11-20T10:00:00.000Z'
let engine: Engine

/** A line of a source every five minutes, for 30 days until now; `parser`: SQL that says which one read it. */
async function lines(source: string, load: number, parser: string): Promise<void> {
  await engine.command(
    `INSERT INTO stored_events (time, received, source, parser, class_uid, user_name, load, line)
     SELECT at, at, {source:String}, ${parser} AS read, if(read = '', 0, 3002), 'somebody', {load:UInt64}, number FROM (
       SELECT number, {now:DateTime64(3, 'UTC')} - toIntervalMinute((number + 1) * 5) AS at FROM numbers(30 * 288))`,
    { source, load, now: clock.now() },
  )
}

beforeAll(async () => {
  ;({ engine } = await freshLake())
})

test('while every line is read, an account that never signed in is nothing', async () => {
  await lines('ad-1', 1, "'windows'")
  const answered = await askLake(engine, 'logins-of-account', { account: 'ghost', at }, context)
  expect(answered.kind).toBe('nothing')
})

test('a product that changed its format two hours ago: what it says since is not known, which is not nothing', async () => {
  await lines('vpn-1', 2, "if(at > toDateTime64('2026-11-20 09:00:00', 3, 'UTC'), '', 'vpn')")
  const answered = await askLake(engine, 'logins-of-account', { account: 'ghost', at }, context)
  expect(answered).toMatchObject({
    kind: 'not-collected',
    why: expect.stringMatching(
      /vpn-1 has a gap from 2026-11-20 09:0\d UTC .*of \d+ lines of vpn-1 no parser reads \d+/,
    ),
  })
  const class3002 = await askLake(engine, 'coverage', { source: 'vpn-1', class: 3002, at }, context)
  expect(class3002).toMatchObject({ kind: 'found', answer: { covered: false } })
})

test('where lines that nobody reads are found by what they name, they are no hole', async () => {
  const sessions = await askLake(engine, 'hash-seen-on', { hash: 'a'.repeat(64) }, context)
  expect(sessions).toMatchObject({ kind: 'not-collected', why: expect.not.stringContaining('no parser reads') })
})

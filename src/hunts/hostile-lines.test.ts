import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { silentLog, type TestHouse, testHouse } from '../../test/house.ts'
import { freshOpenLake } from '../../test/lake.ts'
import { systemClock } from '../kit/clock.ts'
import type { Lake } from '../lake/open.ts'
import type { Rule } from '../lake/sigma/compile.ts'
import { loadRules } from '../lake/sigma/load.ts'
import { Detection, ownDetectionsId } from '../model/detection.ts'
import type { Raw } from '../model/message.ts'
import { readMessage } from '../playbooks/read-message.ts'
import { makeReceive } from '../playbooks/receive.ts'
import { lookOnce } from './run-detections.ts'

/**
 * Whoever writes a log line chooses its names. None of them may stop the rules: the stretch that holds it would be looked at again and
 * again, and nothing after it.
 */

const received: Raw[] = []
let lake: Lake
let rules: readonly Rule[]
let database: FreshDatabase
let house: TestHouse

beforeAll(async () => {
  ;({ lake } = await freshOpenLake())
  const loaded = await loadRules([path.resolve('content/detections')])
  rules = loaded.rules
  database = await freshDatabase()
  house = await testHouse(database)
})
afterAll(async () => {
  await database.close()
})

/** CloudTrail of the moment, whose user and client are called as somebody likes. */
function stopped(user: string, agent = 'aws-cli/2'): string {
  return JSON.stringify({
    eventVersion: '1.08',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::111122223333:user/ops', userName: user },
    eventTime: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    eventSource: 'cloudtrail.amazonaws.com',
    eventName: 'StopLogging',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '203.0.113.170',
    userAgent: agent,
  })
}

async function look(lines: readonly string[]): Promise<readonly Detection[]> {
  // As many at once as a door hands over.
  for (let at = 0; at < lines.length; at += 10) {
    const some = lines.slice(at, at + 10).map((line) => Buffer.from(line))
    await lake.take({ source: 'cloud', peer: '192.0.2.200', lines: some, position: null })
  }
  await lake.settle()
  await new Promise((resolve) => setTimeout(resolve, 5))
  const receive = makeReceive(house)
  const before = received.length
  const done = await lookOnce({
    ...{ db: house.db, clock: systemClock, log: silentLog, engine: lake.engine, hasBegun: lake.hasBegun, rules },
    receive: async (raw) => {
      received.push(raw)
      return receive(raw)
    },
    oldestWaiting: async () => null,
    everyMinutes: 5,
    settleMs: 0,
  })
  expect(done).not.toBeNull()
  const made = received.slice(before)
  const waiting = await house.db.selectFrom('message').select('id').where('state', '=', 'received').execute()
  for (const { id } of waiting) await readMessage(house, id, 1)
  return made.map(({ bytes }) => Detection.parse(JSON.parse(Buffer.from(bytes).toString())))
}

const alerts = () =>
  house.db
    .selectFrom('alert')
    .select(['title', 'account', 'kind'])
    .where('provider_id', '=', ownDetectionsId)
    .orderBy('number')
    .execute()

test.for([
  ['a NUL, which PostgreSQL keeps in no text', 'a\u0000b'],
  ['more than an index entry of PostgreSQL holds', randomBytes(60_000).toString('base64')],
  ['line breaks and a header', 'x\r\nBcc: all@evil.example\r\n\r\nhello'],
  ['the end of the JSON it stands in', '"}],"format":"counterfoil-detection","id":"own-0"}'],
  ['a terminal escape and text that runs backwards', '\u001b]0;owned\u0007\u202egnp.exe'],
])('a name with %s raises its alert, and the rules go on', async ([, name]) => {
  const before = (await alerts()).length
  const [made] = await look([stopped(name ?? '')])
  expect(made?.rule.title).toBe('Logging of an AWS account was stopped')
  const after = (await alerts()).slice(before)
  expect(after).toHaveLength(1)
  expect(after[0]?.title).toMatch(/^Logging of an AWS account was stopped: [^\p{C}\r\n]{1,300}$/u)
  await expect(look([stopped('nobody-else')])).resolves.toHaveLength(1)
})

test('an event of a megabyte of what JSON writes in six characters fits into its message', async () => {
  const large = '\u0001'.repeat(150_000)
  const [made] = await look(Array.from({ length: 5 }, () => stopped('large', large)))
  expect(made?.events).toHaveLength(5)
  expect(JSON.stringify(made).length).toBeLessThan(400_000)
})

test('three hundred lines of almost a megabyte raise their alert, and the rules go on', async () => {
  const large = 'x'.repeat(900_000)
  const [made] = await look(Array.from({ length: 300 }, () => stopped('flood', large)))
  expect(made).toMatchObject({ entity: { kind: 'account', value: 'flood' }, counted: 'at-least' })
  await expect(look([stopped('nobody-else')])).resolves.toHaveLength(1)
}, 60_000)

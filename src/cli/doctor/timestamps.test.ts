import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../test/database.ts'
import { startTimeAuthority, type TimeAuthority } from '../../../test/time-authority.ts'
import { append } from '../../ledger/append.ts'
import { loadOrCreateKey } from '../../ledger/key.ts'
import { sequenceAll } from '../../ledger/sequencer.ts'
import { stampOnce } from '../../ledger/stamper.ts'
import { openTimestamps } from '../../outbox/timestamp/index.ts'
import { lookAtTimestamps } from './timestamps.ts'

const hourMs = 3_600_000
let database: FreshDatabase
let authority: TimeAuthority
let folder: string
let now = Date.now()
const clock = { now: () => new Date(now) }
beforeAll(async () => {
  ;[database, authority] = await Promise.all([freshDatabase(), startTimeAuthority()])
  folder = mkdtempSync(path.join(tmpdir(), 'counterfoil-doctor-stamps-'))
})
afterAll(async () => {
  await authority?.stop()
  await database?.close()
  rmSync(folder, { recursive: true, force: true })
})

const settings = () => ({ url: authority.url, caFile: authority.caFile, everyHours: 24, allowAddresses: ['127.0.0.1'] })
const look = (changed: Partial<ReturnType<typeof settings>> = {}) =>
  lookAtTimestamps(database.db, { ...settings(), ...changed }, clock)

/** A record, and the stamper's looks at it as it does them. */
async function stamped(): Promise<string> {
  const key = loadOrCreateKey(folder)
  const { db } = database
  await append(db, { kind: 'sample.tested', actor: 'system', subject: 'house', body: {} }, clock)
  await sequenceAll({ db, clock, key })
  const trusted = [new X509Certificate(readFileSync(authority.caFile))]
  const { ask, close } = openTimestamps(settings(), clock)
  const needs = { db, clock, key, everyMs: 24 * hourMs, trusted, ask }
  const first = await stampOnce(needs)
  await sequenceAll({ db, clock, key })
  const done = first.kind === 'asked' ? await stampOnce(needs) : first
  await close()
  return done.kind
}

test('without an authority there is nothing to look at; with one it is asked, and the first stamp is waited for', async () => {
  expect(await lookAtTimestamps(database.db, undefined, clock)).toMatchObject([{ state: 'not-applicable' }])
  const before = authority.asked.length
  expect(await look()).toMatchObject([
    { name: 'timestamps', state: 'ok', says: 'CN=Time stamps good stamps' },
    {
      name: 'timestamps-age',
      state: 'warn',
      says: 'none was made yet',
      mend: expect.stringContaining('counterfoil start'),
    },
  ])
  expect(authority.asked.length).toBe(before + 1)
  expect(await stamped()).toBe('stamped')
  // The authority's clock is a moment ahead of the one that is played here.
  now += 2 * hourMs + 60_000
  expect(await look()).toMatchObject([{ state: 'ok' }, { state: 'ok', says: '1 so far, the newest 2 h ago' }])
  expect(await lookAtTimestamps(database.db, undefined, clock)).toMatchObject([
    {
      state: 'warn',
      says: expect.stringMatching(/^the ledger was stamped 1 times until .*no authority is set any more/),
    },
  ])
})

test('an authority that is away, is another one, or may not be reached is broken, with what to set; one whose certificate ends soon is said before', async () => {
  const [away] = await look({ url: 'http://127.0.0.1:1/' })
  expect(away).toMatchObject({ state: 'broken', mend: expect.stringContaining('timestamps.url') })
  const [shut] = await look({ allowAddresses: [] })
  expect(shut).toMatchObject({ state: 'broken', says: expect.stringContaining('allowAddresses') })
  const [other] = await look({ caFile: path.join(authority.folder, 'other.pem') })
  expect(other).toMatchObject({
    state: 'broken',
    says: expect.stringContaining('not trusted here'),
    mend: expect.stringContaining('timestamps.caFile'),
  })
  authority.setFault('nonsense')
  expect((await look())[0]).toMatchObject({ state: 'broken', says: expect.stringContaining('no time stamp') })
  authority.setFault('none')
  const [soon] = await look({ caFile: path.join(authority.folder, 'good.pem') })
  expect(soon).toMatchObject({ state: 'warn', says: expect.stringMatching(/ends in (?:19|20) days/) })
  const [ended] = await look({ caFile: path.join(authority.folder, 'expired.pem') })
  expect(ended).toMatchObject({ state: 'broken', says: expect.stringContaining('has ended') })
})

test('a stamp that waits is a warning with what the authority said and when it is asked again, and broken once a period is over', async () => {
  authority.setFault('error')
  now += 25 * hourMs
  expect(await stamped()).toBe('failed')
  authority.setFault('none')
  now += hourMs
  const [, waits] = await look()
  expect(waits).toMatchObject({
    ...{ state: 'warn', says: expect.stringMatching(/one waits for 60 min, after 1 tries: status 500/) },
    mend: expect.stringMatching(/asked again by itself at \d{4}-/),
  })
  now += 24 * hourMs
  expect((await look())[1]).toMatchObject({ name: 'timestamps-age', state: 'broken' })
  // Asked again, it stands; the doctor is content.
  expect(await stamped()).toBe('stamped')
  expect((await look())[1]).toMatchObject({ state: 'ok', says: expect.stringMatching(/^2 so far/) })
})

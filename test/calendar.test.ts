import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeAsk } from '../src/connectors/ask.ts'
import { businessCalendar } from '../src/connectors/business-calendar/index.ts'
import { peopleList } from '../src/connectors/people-list/index.ts'
import { absencesAt, calendarBetween, plannedAt, removeEntry, saveEntry } from '../src/db/calendar.ts'
import * as context from '../src/db/context.ts'
import { fixedClock } from '../src/kit/clock.ts'
import { CalendarEntry } from '../src/model/calendar.ts'
import type { Answered } from '../src/model/finding.ts'
import type { ListNoun } from '../src/model/list.ts'
import { importList } from '../src/playbooks/import-list.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'

const clock = fixedClock('2026-11-04T12:00:00.000Z')
let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(() => house.close())
beforeEach(async () => {
  await sql`truncate asset, person, import_batch, calendar_entry cascade`.execute(house.db)
})

const take = (noun: ListNoun, text: string, more: { source?: string; zone?: string; asOf?: Date } = {}) =>
  importList(house.db, { noun, by: 'user:test', clock, stream: Readable.from([Buffer.from(text)]), ...more })

/** What the calendar answers, with the addresses and names of the real asset list. */
async function asks(ask: Record<string, unknown>): Promise<Answered> {
  const { db } = house
  const connector = businessCalendar({
    plannedAt: (from, to) => plannedAt(db, from, to),
    assetsOf: (asset) => context.assetsCalled(db, asset),
    importedAt: () => context.importedAt(db, 'calendar'),
  })
  const signal = new AbortController().signal
  const [answer] = await makeAsk({ connectors: [connector], clock, news: () => undefined })(
    'change-window-of-asset',
    ask,
    { signal },
  )
  return answer?.answered ?? { kind: 'failed', why: 'no answer', query: '' }
}

const entries = `Number,Short description,Type,Planned start,Planned end,Affected CIs,Target networks,Source IPs,Assigned to
CHG-1,Payroll upgrade,change,2026-11-04 20:00,2026-11-04 22:00,pay-01,,,Ada Meyer
PT-1,Yearly penetration test,pentest,2026-11-04 08:00,2026-11-06 18:00,,10.0.0.0/16,198.51.100.0/28,Bo Ek
SCAN-1,Weekly scan,scan,2026-11-07 01:00,2026-11-07 05:00,,,192.0.2.10,Cy Dunn
MOVE-1,Something somewhere,change,2026-11-08 01:00,2026-11-08 05:00,,,,
`
const at = (time: string) => `2026-11-${time}:00.000Z`

describe('this was ours', () => {
  test('never imported is not-collected; nothing planned is nothing', async () => {
    expect(await asks({ asset: 'pay-01' })).toMatchObject({ kind: 'not-collected' })
    await take('calendar', entries)
    expect(await asks({ asset: 'pay-01', at: at('05T20:30') })).toMatchObject({ kind: 'nothing' })
  })

  test('by asset in any spelling and by its address, from a quarter of an hour before to as long after', async () => {
    await take('calendar', entries)
    await take('assets', 'name,ip\npay-01.corp.example,192.0.2.7\n')
    for (const asset of ['PAY-01', 'CORP\\PAY-01$', 'pay-01.corp.example', '192.0.2.7']) {
      expect(await asks({ asset, at: at('04T21:00') })).toMatchObject({
        kind: 'found',
        answer: { changes: [{ id: 'CHG-1', title: 'Payroll upgrade', owner: 'Ada Meyer' }] },
      })
    }
    expect(await asks({ asset: 'pay-01', at: at('04T19:46') })).toMatchObject({ kind: 'found' })
    expect(await asks({ asset: 'pay-01', at: at('04T22:14') })).toMatchObject({ kind: 'found' })
    expect(await asks({ asset: 'pay-01', at: at('04T22:16') })).toMatchObject({ kind: 'nothing' })
    expect(await asks({ asset: 'pay-010', at: at('04T21:00') })).toMatchObject({ kind: 'nothing' })
  })

  test('a test explains what comes from its own addresses to its own targets, and nothing else', async () => {
    await take('calendar', entries)
    const found = await asks({ asset: '10.0.3.4', source: '198.51.100.5', at: at('05T10:00') })
    expect(found).toMatchObject({
      kind: 'found',
      answer: { changes: [{ id: 'PT-1' }] },
      warnings: ['PT-1 "Yearly penetration test" fits by source 198.51.100.5 and address 10.0.3.4.'],
    })
    const somebodyElse = await asks({ asset: '10.0.3.4', source: '203.0.113.66', at: at('05T10:00') })
    expect(somebodyElse).toMatchObject({
      kind: 'nothing',
      query: expect.stringContaining('this came from 203.0.113.66'),
    })
    expect(await asks({ asset: '10.0.3.4', at: at('05T10:00') })).toMatchObject({ kind: 'nothing' })
    expect(await asks({ asset: '10.9.3.4', source: '198.51.100.5', at: at('05T10:00') })).toMatchObject({
      kind: 'nothing',
      query: expect.stringContaining('10.9.3.4 is not among its targets'),
    })
  })

  test('our scanner explains whatever it scans; an entry about nothing explains nothing', async () => {
    await take('calendar', entries)
    expect(await asks({ asset: 'anything', source: '192.0.2.10', at: at('07T02:00') })).toMatchObject({ kind: 'found' })
    expect(await asks({ asset: 'anything', source: '192.0.2.11', at: at('07T02:00') })).toMatchObject({
      kind: 'nothing',
    })
    expect(await asks({ asset: 'anything', at: at('08T02:00') })).toMatchObject({
      kind: 'nothing',
      query: expect.stringContaining('it does not say what it is about'),
    })
  })
})

test('the next export takes away what was planned and no longer is, and keeps what is over', async () => {
  await take(
    'calendar',
    'id,title,from,to\nold,Done,2026-11-01,2026-11-02\ndrop,Called off,2026-11-10,2026-11-11\nstay,Stays,2026-11-12,2026-11-13\n',
  )
  const { changes } = await take(
    'calendar',
    'id,title,from,to\nstay,Moved,2026-11-14,2026-11-15\nnew,New,2026-11-16,2026-11-17\n',
  )
  expect(changes).toMatchObject({ added: 1, changed: 1, gone: 1 })
  const { entries: kept } = await calendarBetween(house.db, at('01T00:00'), at('30T00:00'))
  expect(kept.map(({ title }) => title)).toEqual(['Done', 'Moved', 'New'])
})

test('moments without a zone are of the zone that is said, summer time too; a day ends with the day', async () => {
  await take(
    'calendar',
    'id,title,from,to\na,A,2026-07-01 10:00,2026-07-01 12:00\nb,B,01.12.2026 10:00,01.12.2026 12:00\nc,C,2026-12-24,2026-12-26\n',
    { zone: 'Europe/Berlin' },
  )
  const { entries: kept } = await calendarBetween(house.db, '2026-06-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z')
  expect(kept.map(({ from, to }) => `${from} ${to}`)).toEqual([
    '2026-07-01T08:00:00.000Z 2026-07-01T10:00:00.000Z',
    '2026-12-01T09:00:00.000Z 2026-12-01T11:00:00.000Z',
    '2026-12-23T23:00:00.000Z 2026-12-26T23:00:00.000Z',
  ])
})

test('a day that is two days in two countries, an end before its beginning, an unknown kind are refused by row', async () => {
  const { refused } = await take(
    'calendar',
    'id,title,from,to,kind\na,A,11/04/2026,2026-11-05,\nb,B,2026-11-05,2026-11-04 08:00,\nc,C,2026-11-05,2026-11-06,party\nd,D,2026-02-30,2026-03-01,\ne,E,2026-11-05,2026-11-06,\n',
  )
  expect(refused.map(({ row, column }) => `${row} ${column}`)).toEqual(['2 from', '3 to', '4 kind', '5 from'])
})

test('what is entered by hand counts at once, and is taken back by hand; what a list says is not', async () => {
  const entry = CalendarEntry.parse({
    id: 'x1',
    kind: 'exercise',
    title: 'Red team',
    from: at('04T00:00'),
    to: at('05T00:00'),
    everything: true,
  })
  await saveEntry(house.db, entry, 'user:test', clock)
  expect(await asks({ asset: 'anything', at: at('04T10:00') })).toMatchObject({
    kind: 'found',
    answer: { changes: [{ id: 'x1' }] },
  })
  await removeEntry(house.db, 'x1', 'user:test', clock)
  expect(await asks({ asset: 'anything', at: at('04T10:00') })).toMatchObject({ kind: 'not-collected' })
  await take('calendar', entries)
  await expect(removeEntry(house.db, 'CHG-1', 'user:test', clock)).rejects.toMatchObject({ code: 'not.found' })
})

test('who is away is said beside the person, with who stands in', async () => {
  await take('people', 'name,mail,login\nAda Meyer,ada@example.com,CORP\\ameyer\n')
  await take(
    'calendar',
    'title,kind,from,to,person,deputy\nVacation,vacation,2026-11-02,2026-11-06,ada@example.com,Bo Ek\n',
  )
  const { db } = house
  const connector = peopleList({
    byKey: (keys) => context.peopleByKey(db, keys),
    absencesAt: (keys, then) => absencesAt(db, keys, then),
    importedAt: () => context.importedAt(db, 'people'),
  })
  const answered = await connector.ask(
    'person-of-account',
    { account: 'CORP\\ameyer' },
    { signal: new AbortController().signal, clock },
  )
  expect(answered).toMatchObject({
    kind: 'found',
    warnings: ['Away from 2026-11-02T00:00:00.000Z to 2026-11-07T00:00:00.000Z; Bo Ek stands in.'],
  })
})

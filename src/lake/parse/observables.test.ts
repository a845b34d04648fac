import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseRig } from '../../../test/parse.ts'
import { type LakeColumn, lakeColumns, observableCharsMax } from '../../model/lake.ts'
import { observablesMax } from './observables.ts'

let rig: Awaited<ReturnType<typeof parseRig>>
beforeAll(async () => {
  rig = await parseRig([])
})
afterAll(() => rig.close())

/** What an event with this in its columns has for observables. */
async function observablesOf(columns: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const select = Object.entries(columns).map(([column, sql]) => `${sql} AS ${column}`)
  await rig.rows(`INSERT INTO stored_events (load, ${Object.keys(columns).join(', ')}) SELECT 1, ${select.join(', ')}`)
  const [row] = await rig.rows('SELECT observables FROM events WHERE load = 1')
  const [rollup] = await rig.rows('SELECT groupArray(observable) AS all FROM (SELECT DISTINCT observable FROM seen)')
  await rig.rows('TRUNCATE TABLE stored_events')
  await rig.rows('TRUNCATE TABLE seen')
  const found = row?.['observables'] as readonly string[]
  const rolledUp = rollup?.['all'] as readonly string[]
  expect(rolledUp.toSorted()).toEqual(found.toSorted())
  return found
}

const samples: Readonly<Record<string, readonly [sql: string, observables: readonly string[]]>> = {
  ip: ["toIPv6('192.0.2.7')", ['192.0.2.7']],
  host: ["'web-01.example.com'", ['web-01.example.com']],
  account: ["'CORP\\\\Anna'", ['corp\\anna', 'anna']],
  hash: [`['${'a'.repeat(64)}']`, ['a'.repeat(64)]],
  url: ["'https://Evil.example.com/A'", ['https://evil.example.com/a', 'evil.example.com']],
  text: ["['::ffff:192.0.2.9', 'A.example.com.']", ['192.0.2.9', 'a.example.com']],
}

test.each((lakeColumns as readonly LakeColumn[]).filter(({ observable }) => observable))(
  'what $column says is an observable of its event, and in the rollup',
  async ({ column, kind }) => {
    const [sql, expected] = samples[kind] ?? ['', []]
    expect(expected).not.toEqual([])
    expect(await observablesOf({ [column]: sql })).toEqual(expected)
  },
)

test('an event that says nothing has none; what no column says comes last, nothing twice', async () => {
  expect(await observablesOf({ raw: "'nothing in it'" })).toEqual([])
  const kept = "['192.0.2.8', '192.0.2.7']"
  const columns = { src_endpoint_ip: "toIPv6('192.0.2.7')", dst_endpoint_ip: "toIPv6('192.0.2.7')" }
  expect(await observablesOf({ ...columns, observables_kept: kept })).toEqual(['192.0.2.7', '192.0.2.8'])
})

test('one line costs the rollup and the index a bounded number of bounded texts', async () => {
  const found = await observablesOf({
    url: `concat('https://www.example.com/', repeat('x', 100000))`,
    answers: `arrayMap(n -> concat('name-', toString(n)), range(10000))`,
  })
  expect(found).toHaveLength(observablesMax)
  expect(Math.max(...found.map((one) => one.length))).toBe(observableCharsMax)
})

test('the index answers for what is made of columns, through the view too', async () => {
  await rig.rows(
    `INSERT INTO stored_events (load, line, src_endpoint_ip) SELECT 2, number, toIPv4(number) FROM numbers(100000)`,
  )
  for (const table of ['stored_events', 'events'])
    for (const condition of [`hasAll(observables, ['0.1.0.7'])`, `hasAny(observables, ['0.1.0.7', '0.1.0.8'])`]) {
      const plan = await rig.rows(`EXPLAIN indexes = 1 SELECT line FROM ${table} WHERE ${condition}`)
      const lines = plan.map((row) => String(row['explain']))
      const at = lines.findIndex((line) => line.includes('observables_text') && line.includes('Name:'))
      const granules = lines.slice(at).find((line) => line.includes('Granules:'))
      expect([at > 0, granules]).toEqual([true, expect.stringMatching(/Granules: 1\/1\d/)])
    }
  expect(
    await rig.rows(
      `SELECT line FROM events WHERE hasAny(observables, ['0.1.0.7', '0.1.0.8']) ORDER BY line DESC LIMIT 10`,
    ),
  ).toEqual([{ line: 65_544 }, { line: 65_543 }])
})

test('what was loaded just now, and has no index yet, is found beside what has one', async () => {
  const insert = (load: number, settings: string) =>
    rig.rows(
      `INSERT INTO stored_events (load, line, device_hostname, answers) ${settings}
       SELECT ${load}, number, concat('host-', toString(number % 100)), [concat('A', toString(number), '.example.com.')] FROM numbers(20000)`,
    )
  await rig.rows('SYSTEM STOP MERGES stored_events')
  await insert(11, 'SETTINGS materialize_skip_indexes_on_insert = 1')
  await insert(12, 'SETTINGS materialize_skip_indexes_on_insert = 0')
  for (const table of ['stored_events', 'events'])
    for (const condition of [
      `has(observables, 'a77.example.com')`,
      `hasAll(observables, ['host-77', 'a77.example.com'])`,
      `hasAny(observables, ['a77.example.com', 'nowhere'])`,
    ])
      expect(await rig.rows(`SELECT load, line FROM ${table} WHERE ${condition} ORDER BY load LIMIT 9`)).toEqual([
        { load: 11, line: 77 },
        { load: 12, line: 77 },
      ])
  await rig.rows('SYSTEM START MERGES stored_events')
})

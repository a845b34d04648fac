import { beforeAll, expect, test } from 'vitest'
import { type FreshLake, freshLake } from '../../../test/lake.ts'
import { addEvents } from '../../../test/lake-events.ts'
import { problemOfFilter, tryFilter } from './try-filter.ts'

let lake: FreshLake
const window = { from: '2026-11-01T00:00:00.000Z', to: '2026-11-30T00:00:00.000Z' }
const filter = (condition: string, product = 'windows') => `title: Our backup agent
logsource: { category: process_creation, product: ${product} }
filter:
  rules: any
  agent:
    Image|endswith: '\\agent.exe'
  condition: ${condition}`

beforeAll(async () => {
  lake = await freshLake()
  const started = (day: number, host: string, image: string) => ({
    time: `2026-11-0${day}T10:00:00.000Z`,
    ...{ source: 'sysmon', parser: 'windows-json', product: 'microsoft:windows', event_code: '1' },
    ...{ log_name: 'Microsoft-Windows-Sysmon/Operational', class_uid: 1007, device_hostname: host },
    process_file_path: image,
    fields: { Image: image, EventID: '1' },
  })
  await addEvents(lake.engine, [
    started(2, 'ws-1', 'C:\\backup\\agent.exe'),
    started(3, 'WS-2', 'C:\\backup\\agent.exe'),
    started(4, 'ws-1', 'C:\\Windows\\System32\\cmd.exe'),
  ])
})

test('what a filter leaves out are the events for which its condition does not hold', async () => {
  const told = await tryFilter(lake.engine, filter('not agent'), window)
  expect(told).toMatchObject({
    kind: 'looked',
    events: 2,
    first: '2026-11-02T10:00:00.000Z',
    last: '2026-11-03T10:00:00.000Z',
  })
  if (told.kind !== 'looked') throw new Error(told.why)
  expect(told.shown.map(({ names }) => names[0])).toEqual(['ws-1', 'ws-2'])
  expect(told.logs).toEqual({ from: '2026-11-02T10:00:00.000Z', to: '2026-11-04T10:00:00.000Z' })
  expect(await tryFilter(lake.engine, filter('agent'), window)).toMatchObject({ kind: 'looked', events: 1 })
  expect(await tryFilter(lake.engine, filter('not agent').replace('agent.exe', 'none.exe'), window)).toMatchObject({
    ...{ kind: 'looked', events: 0, first: null, shown: [] },
  })
})

test('a source that is not here could not be looked at', async () => {
  expect(await tryFilter(lake.engine, filter('not agent', 'linux'), window)).toMatchObject({ kind: 'could-not-look' })
})

test('what is wrong with a filter is said', () => {
  expect(problemOfFilter(filter('not agent'))).toBeNull()
  expect(problemOfFilter(filter('not agnt'))).toContain('agnt')
  expect(problemOfFilter('title: [')).toMatch(/line 1/)
  expect(
    problemOfFilter('title: x\nlogsource: { product: windows }\ndetection: { a: { b: c }, condition: a }'),
  ).toContain('Write one Sigma filter')
})

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { SigmaHit } from '../lake/sigma/run.ts'
import { Detection, detectionSchema } from '../model/detection.ts'
import type { LogEvent } from '../model/lake.ts'
import { alertsPerLookMax, alertsPerRuleMax, detectionMessages, joinMs } from './detection-messages.ts'

const stretch = { from: '2026-11-20T10:00:00.000Z', to: '2026-11-20T10:05:00.000Z' }
const later = (ms: number) => ({
  from: new Date(Date.parse(stretch.from) + ms).toISOString(),
  to: new Date(Date.parse(stretch.to) + ms).toISOString(),
})

function event(attributes: LogEvent['attributes'], more: Partial<LogEvent> = {}): LogEvent {
  const time = '2026-11-20T10:01:00.000Z'
  const about = { time, received: time, source: 'win', parser: 'p', class_uid: 1007, raw: 'a line', message: '' }
  return { id: '1-1', ...about, attributes, fields: {}, observables: [], ...more }
}

function hit(
  events: readonly LogEvent[],
  more: Partial<SigmaHit> = {},
  rule: Partial<SigmaHit['rule']> = {},
): SigmaHit {
  const at = { file: '/somewhere/rules/made-up.yml', document: 1, line: 1 }
  const about = {
    id: 'r1',
    name: null,
    title: 'Made up',
    level: 'high',
    tags: [],
    description: 'd',
    falsePositives: [],
  } as const
  const times = { first: '2026-11-20T10:01:00.000Z', last: '2026-11-20T10:01:00.000Z' }
  return { rule: { ...about, at, ...rule }, count: events.length, ...times, events, groups: [], ...more }
}
const onHost = (name: string): LogEvent => event({ 'device.hostname': name })

test('the published JSON Schema is current, and messages are of it', () => {
  const published: unknown = JSON.parse(
    readFileSync(new URL('../../docs/exchange/detection-1.schema.json', import.meta.url), 'utf8'),
  )
  expect(published).toEqual(JSON.parse(JSON.stringify(detectionSchema())))
  const { messages } = detectionMessages([hit([onHost('PC-1')])], stretch, [])
  expect(messages.map((message) => Detection.parse(message))).toMatchObject([
    { part: 1, count: 1, host: 'PC-1', entity: { kind: 'host', value: 'pc-1' }, rule: { origin: 'made-up' } },
  ])
})

test.each<[string, LogEvent, object]>([
  [
    'a connection',
    event({ 'device.hostname': 'fw-1', 'src_endpoint.ip': '10.0.0.1' }, { class_uid: 4001 }),
    { kind: 'address', value: '10.0.0.1' },
  ],
  [
    'a sign-in on a host',
    event({ 'device.hostname': 'DB-1', 'user.name': 'Root' }, { class_uid: 3002 }),
    { kind: 'account', value: 'root on db-1' },
  ],
  [
    'a sign-in to a cloud',
    event({ 'user.name': 'a@example.com' }, { class_uid: 3002 }),
    { kind: 'account', value: 'a@example.com' },
  ],
  ['a process', event({ 'device.hostname': 'pc-1', 'actor.user.name': 'kim' }), { kind: 'host', value: 'pc-1' }],
  ['nobody', event({}), { kind: 'none', value: '' }],
])('%s is about whom it should be', (_name, one, entity) => {
  expect(detectionMessages([hit([one])], stretch, []).messages[0]?.entity).toEqual(entity)
})

test('more within the hour joins with the sum, past it a new alert begins', () => {
  const first = detectionMessages([hit([onHost('pc-1'), onHost('pc-1')])], stretch, [])
  const within = detectionMessages([hit([onHost('pc-1')])], later(joinMs / 2), first.open)
  expect(within.messages).toMatchObject([{ id: first.messages[0]?.id, part: 2, count: 3 }])
  const past = detectionMessages([hit([onHost('pc-1')])], later(joinMs), first.open)
  expect(past.messages).toMatchObject([{ part: 1, count: 1 }])
  expect(past.messages[0]?.id).not.toBe(first.messages[0]?.id)
})

test('the same stretch gives the same bytes', () => {
  const hits = [hit([onHost('pc-1'), onHost('pc-2')])]
  expect(JSON.stringify(detectionMessages(hits, stretch, []))).toBe(
    JSON.stringify(detectionMessages(hits, stretch, [])),
  )
})

test('rules that only inform raise nothing', () => {
  expect(detectionMessages([hit([onHost('pc-1')], {}, { level: 'informational' })], stretch, []).messages).toEqual([])
})

test('a count of which not all events were read says that it is the least', () => {
  const { messages } = detectionMessages([hit([onHost('pc-1')], { count: 5000 })], stretch, [])
  expect(messages).toMatchObject([{ count: 1, counted: 'at-least' }])
  expect(messages[0]?.says).toContain('The rule matched 5000 events; 1 of them were told apart')
})

test('a rule that sees too many entities raises one alert, and a second flood joins it', () => {
  const many = Array.from({ length: alertsPerRuleMax + 1 }, (_, n) => onHost(`pc-${n}`))
  const first = detectionMessages([hit(many)], stretch, [])
  expect(first.messages).toMatchObject([{ count: many.length, host: null, entity: { kind: 'several' } }])
  const second = detectionMessages([hit([...many, onHost('one-more')])], later(300_000), first.open)
  expect(second.messages).toMatchObject([{ id: first.messages[0]?.id, part: 2 }])
})

test('a look with too many alerts raises one for each rule, and says so', () => {
  const some = Array.from({ length: alertsPerRuleMax }, (_, n) => onHost(`pc-${n}`))
  const hits = Array.from({ length: alertsPerLookMax / alertsPerRuleMax + 1 }, (_, n) => hit(some, {}, { id: `r${n}` }))
  const { messages } = detectionMessages(hits, stretch, [])
  expect(messages).toHaveLength(hits.length)
  expect(messages[0]?.says).toContain(`${hits.length * alertsPerRuleMax} alerts of all rules at once`)
})

test('a correlation is raised for each group, with the events that name it', () => {
  const events = [
    event({ 'src_endpoint.ip': '203.0.113.1' }, { raw: 'from 203.0.113.1' }),
    event({ 'src_endpoint.ip': '203.0.113.2' }, { raw: 'from 203.0.113.2' }),
  ]
  const times = { first: stretch.from, last: stretch.to }
  const groups = ['203.0.113.1', '203.0.113.2'].map((value) => ({ values: { src_ip: value }, count: 1, ...times }))
  expect(detectionMessages([hit(events, { groups })], stretch, []).messages).toMatchObject([
    { source: '203.0.113.1', entity: { kind: 'group', value: '203.0.113.1' } },
    { source: '203.0.113.2', entity: { kind: 'group', value: '203.0.113.2' } },
  ])
})

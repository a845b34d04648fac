import { expect, test } from 'vitest'
import type { LogEvent } from '../../../../src/model/lake.ts'
import { summaryOf } from './summary.ts'

const event = (class_uid: number, attributes: LogEvent['attributes'], rest: Partial<LogEvent> = {}): LogEvent => ({
  ...{ id: '1-1', time: '2026-11-22T12:00:00.000Z', received: '2026-11-22T12:00:00.000Z', source: 'a', parser: 'b' },
  ...{ raw: 'the raw line', message: '', fields: {}, observables: [] },
  class_uid,
  attributes,
  ...rest,
})

test.each([
  [
    event(4001, {
      'src_endpoint.ip': '192.0.2.4',
      'src_endpoint.port': 5123,
      'dst_endpoint.ip': '2001:db8::9',
      'dst_endpoint.port': 443,
      action: 'deny',
      'connection_info.protocol_name': 'tcp',
    }),
    'deny 192.0.2.4:5123 → [2001:db8::9]:443 tcp',
  ],
  [
    event(3002, { 'user.name': 'mweiss', activity_name: 'Logon', status: 'Failure', 'src_endpoint.ip': '192.0.2.4' }),
    'mweiss logon Failure from 192.0.2.4',
  ],
  [event(1007, { 'user.name': 'mweiss', 'process.cmd_line': 'cmd /c dir' }), 'mweiss: cmd /c dir'],
  [event(4003, { 'query.hostname': 'a.example', answers: ['192.0.2.1'] }), 'asked for a.example → 192.0.2.1'],
  [event(0, {}, { message: 'hello there' }), '“hello there”'],
  [event(0, {}), 'the raw line'],
  [event(4001, {}), 'the raw line'],
])('%#: %s', (one, says) => {
  expect(summaryOf(one)).toBe(says)
})

test('what would act instead of being read is shown as its code', () => {
  expect(summaryOf(event(0, {}, { raw: 'user \u202egpj.exe\u0007\u001b[31m' }))).toBe(
    'user ⟨U+202E⟩gpj.exe⟨U+0007⟩⟨U+001B⟩[31m',
  )
})

import { expect, test } from 'vitest'
import { LedgerKind } from './ledger.ts'
import { wordsOfRecord } from './ledger-words.ts'

const alert = '0b6f2f3a-1c11-4b7c-9d3e-000000000001'
const reply = '0b6f2f3a-1c11-4b7c-9d3e-000000000002'
const kari = '0b6f2f3a-1c11-4b7c-9d3e-000000000003'
const names = new Map([
  [alert, 'A-12'],
  [reply, 'the answer to Northwind about A-12'],
  [kari, 'Kari Dahl'],
])
const say = (kind: string, subject: string, body: Record<string, unknown> = {}): string =>
  wordsOfRecord({ kind, subject, body }, (id) => names.get(id))

test.each(LedgerKind.options)('%s reads as a sentence, also where an old record says nothing in its body', (kind) => {
  const words = say(kind, `alert:${alert}`)
  expect(words).toMatch(/^[a-z]/)
  expect(words).not.toMatch(/undefined|null|\[object|[{}]|: $/)
  expect(words).not.toContain(kind)
})

// biome-ignore format: a table reads better in few lines
test.each([
  ['reply.released', `reply:${reply}`, { replyId: reply, to: ['soc@northwind.example'], dryRun: false }, 'released the answer to Northwind about A-12 to soc@northwind.example'],
  ['reply.cancelled', `reply:${reply}`, { why: 'Wrong host' }, 'took back the answer to Northwind about A-12: “Wrong host”'],
  ['decision.made', `alert:${alert}`, { outcome: 'false-alarm-benign', reason: 'Planned.', withoutEvidence: true }, 'decided A-12: False alarm: benign trigger, without evidence: “Planned.”'],
  ['alert.assigned', `alert:${alert}`, { assignee: kari, from: null }, 'gave A-12 to Kari Dahl'],
  ['alert.assigned', `alert:${alert}`, { assignee: null, from: kari }, 'took A-12 away from its owner'],
  ['alert.snoozed', `alert:${alert}`, { for: 'time', until: '2026-11-23T10:00:00.000Z' }, 'put A-12 to sleep until 2026-11-23 10:00 UTC'],
  ['alert.woken', `alert:${alert}`, { because: 'reply' }, 'woke A-12: the provider wrote'],
  ['finding.recorded', `alert:${alert}`, { question: 'owner-of-host', connector: 'assets', kind: 'nothing' }, 'asked assets “Who owns this host?” for A-12: looked, nothing there'],
  ['ticket.escalated', `alert:${alert}`, { told: [kari], dueAt: '2026-11-23T10:00:00.000Z' }, 'told Kari Dahl that time ran out for A-12 at 2026-11-23 10:00 UTC'],
  ['user.changed', `user:${kari}`, { newPasskeyLink: true, why: 'The first ran out.' }, 'made a link for a new passkey of Kari Dahl: “The first ran out.”'],
  ['user.changed', `user:${kari}`, { passkeyRemoved: 'k1', name: 'Phone', why: 'Stolen.', sessionsEnded: 1 }, 'removed the passkey “Phone” of Kari Dahl: “Stolen.”'],
  ['import.done', 'list:assets', { source: 'cmdb', taken: 40, refused: 2 }, 'brought in assets from cmdb, rows: 40, refused: 2'],
])('%s of %s %j', (kind, subject, body, words) => {
  expect(say(kind, subject, body)).toBe(words)
})

test('a kind of a newer version is named, and ids nobody knows are shortened', () => {
  expect(say('moon.landed', `alert:${alert}`)).toBe('wrote a record of the kind moon.landed')
  expect(say('alert.closed', 'alert:11111111-2222-4333-8444-555555555555')).toBe('closed 11111111…')
})

test('what somebody wrote is cut where a line of a list ends', () => {
  expect(say('run.cancelled', 'run:x', { reason: 'a'.repeat(5000) }).length).toBeLessThan(300)
})

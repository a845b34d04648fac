import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type StandIn, standInSecret, startJira } from '../../test/ticket-systems.ts'
import { systemClock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import { bytesTold } from '../model/bytes-told.ts'
import { type Outgoing, SystemSettings } from '../model/elsewhere.ts'
import { CallOut } from './call-out.ts'
import { type OutsideEntry, type Pass, passGreeting, passOutside } from './gate.ts'
import { openJira } from './jira/index.ts'
import { ticketDoor } from './ticket-door.ts'

/** Nobody tells a system of tickets anything around the gate: not with no entry, not with another's, not twice, not with something made up. */
let jira: StandIn
let settings: SystemSettings
const entries = new Map<string, OutsideEntry>()
const entryOf = async (id: string) => entries.get(id) ?? null
const out: Outgoing = {
  ...{ marker: 'counterfoil-1', ticket: 'A-1', title: 'Beaconing', description: 'Of a host.', severity: 'high' },
  link: 'https://desk.example.org/alerts/1',
}
const place = { way: 'jira', place: 'ours' }
const entryFor = (what: Parameters<typeof bytesTold>[0], more: Partial<OutsideEntry> = {}): string => {
  const id = crypto.randomUUID()
  const entry = { ...place, sha256: sha256Hex(bytesTold(what)), state: 'leaving', agreedBy: 'user:ida' }
  entries.set(id, { ...entry, ...more })
  return id
}
const door = () => ticketDoor(openJira(settings, standInSecret, systemClock), place, entryOf)

beforeEach(async () => {
  jira = await startJira()
  const at = { baseUrl: jira.url, plainHttp: true, user: 'bot@example.com', project: 'SEC' }
  settings = SystemSettings.parse({ ...at, types: ['provider-alert'], allowAddresses: ['127.0.0.0/8'] })
})
afterEach(() => jira.stop())

describe('a system of tickets', () => {
  test('is told what stands in what left, as leaving now, and nothing else', async () => {
    const system = door()
    const made = await system.create(entryFor(out), out)
    expect(made.kind).toBe('done')
    const id = made.kind === 'done' ? made.value.id : ''
    const written = jira.writes.length
    const told = { text: 'It is ours.' }
    const refused: readonly [string, () => Promise<unknown>, RegExp][] = [
      ['no entry', () => system.create(crypto.randomUUID(), out), /no entry/],
      ['other words', () => system.comment(entryFor(told), id, { id: 'c', text: 'Payroll is down.' }), /bytes/],
      ['another act', () => system.setStatus(entryFor(told), id, 'Done', false), /bytes/],
      ['another place', () => system.update(entryFor(out, { place: 'theirs' }), id, out), /another place/],
      ['what has left', () => system.update(entryFor(out, { state: 'left' }), id, out), /not leaving now/],
      ['nobody’s word', () => system.update(entryFor(out, { agreedBy: 'system' }), id, out), /nobody agreed/],
      [
        'other bytes of a file',
        () => system.attach(entryFor(Buffer.from('a')), id, { id: 'f', name: 'a.txt', bytes: Buffer.from('b') }),
        /bytes/,
      ],
    ]
    for (const [what, act, says] of refused)
      await expect(act(), what).rejects.toMatchObject({
        code: 'internal',
        details: { problem: expect.stringMatching(says) },
      })
    expect(jira.writes).toHaveLength(written)
    expect((await system.comment(entryFor(told), id, { id: 'c', ...told })).kind).toBe('done')
    await system.close()
  })

  test('cannot be told anything by its own code either: what that calls out with wants what only the gate gives, once', async () => {
    const adapter = openJira(settings, standInSecret, systemClock)
    const madeUp = Object.freeze({}) as Pass
    await expect(adapter.create(madeUp, out)).rejects.toMatchObject({ code: 'internal' })
    // @ts-expect-error an entry is no pass: `npm run check` fails should this ever compile
    await expect(adapter.create('entry', out)).rejects.toThrow()
    const knocking = { ...place, bytes: bytesTold(out), asItIs: false }
    const pass = await passOutside(entryOf, entryFor(out), knocking)
    expect((await adapter.create(pass, out)).kind).toBe('done')
    await expect(adapter.create(pass, out)).rejects.toMatchObject({ code: 'internal' })
    expect(jira.writes).toHaveLength(1)
    await adapter.close()
  })

  test('a pass for bytes as they are takes no others, and a greeting says nothing of the house', async () => {
    const call = new CallOut(settings, systemClock)
    const url = `${jira.url}/rest/api/3/issue`
    const bytes = Buffer.from('{"a":1}')
    const id = crypto.randomUUID()
    entries.set(id, { ...place, sha256: sha256Hex(bytes), state: 'leaving', agreedBy: 'user:ida' })
    const pass = await passOutside(entryOf, id, { ...place, bytes, asItIs: true })
    await expect(call.tell(pass, { method: 'POST', url, body: '{"a":2}' })).rejects.toMatchObject({ code: 'internal' })
    const ping = `{"type":"ping","timestamp":"${new Date().toISOString()}","data":{}}`
    expect(() => passGreeting(ping.replace('{}', '{"host":"fin-app02"}'))).toThrow()
    const greeting = passGreeting(ping)
    await expect(call.tell(greeting, { method: 'POST', url, body: `${ping} ` })).rejects.toMatchObject({
      code: 'internal',
    })
    expect(jira.writes).toHaveLength(0)
    await call.close()
  })
})

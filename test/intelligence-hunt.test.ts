import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { importAttack, techniquesNow } from '../src/db/attack.ts'
import { huntState } from '../src/db/intelligence-hunt.ts'
import { huntNewIndicators } from '../src/hunts/hunt-intelligence.ts'
import { fixedClock } from '../src/kit/clock.ts'
import { sha256Hex } from '../src/kit/digest.ts'
import type { Engine } from '../src/lake/engine/engine.ts'
import { Detection } from '../src/model/detection.ts'
import type { Raw } from '../src/model/message.ts'
import { readAttack } from '../src/parsers/intelligence/attack.ts'
import { importIntelligenceFile, importWarningList } from '../src/playbooks/import-intelligence.ts'
import { knowObservable } from '../src/playbooks/know-observable.ts'
import { readMessage } from '../src/playbooks/read-message.ts'
import { makeReceive } from '../src/playbooks/receive.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { silentLog, type TestHouse, testHouse } from './house.ts'
import { freshLake } from './lake.ts'
import { addEvents } from './lake-events.ts'

const at = (time: string) => fixedClock(`2026-11-20T${time}:00.000Z`)
let house: FreshDatabase
let engine: Engine
let desk: TestHouse
beforeAll(async () => {
  house = await freshDatabase()
  desk = await testHouse(house)
  ;({ engine } = await freshLake())
  const event = (observables: string[], host: string) => ({
    time: '2026-11-18T10:00:00.000Z',
    source: 'fw-1',
    observables,
    device_hostname: host,
  })
  await addEvents(engine, [
    event(['203.0.113.9', 'web-01'], 'web-01'),
    event(['203.0.113.9', 'web-01'], 'web-01'),
    event(['good.example.com'], 'web-02'),
  ])
})
afterAll(() => house.close())

const take = (text: string, time: string) =>
  importIntelligenceFile(house.db, {
    ...{
      stream: Readable.from([Buffer.from(text)]),
      source: 'feed',
      tlp: null,
      column: null,
      by: 'user:test',
      clock: at(time),
      dryRun: false,
    },
  })

async function hunted(time: string) {
  const received: Raw[] = []
  const keep = makeReceive(desk)
  const result = await huntNewIndicators({
    ...{ db: house.db, clock: at(time), engine, hasBegun: () => true, log: silentLog, everyMinutes: 60 },
    receive: async (raw) => {
      received.push(raw)
      return keep(raw)
    },
    know: async (type, value) => (await knowObservable(house.db, type, value, at(time).now()))?.reputation ?? null,
  })
  for (const raw of received) await readMessage(desk, sha256Hex(raw.bytes), 1)
  return { result, messages: received.map(({ bytes }) => Detection.parse(JSON.parse(Buffer.from(bytes).toString()))) }
}

test('what became known is looked for in the logs of before, once, and a hit is an alert; what is known to be good is none', async () => {
  await take('203.0.113.9\n203.0.113.10\ngood.example.com\n', '09:00')
  const list = {
    name: 'Ours',
    description: '',
    version: 1,
    type: 'hostname',
    list: ['example.com'],
    matching_attributes: ['domain'],
  }
  await importWarningList(house.db, {
    stream: Readable.from([Buffer.from(JSON.stringify(list))]),
    means: 'harmless',
    by: 'user:test',
    clock: at('09:00'),
  })
  // Too fresh: an import of that moment may not have committed yet.
  expect((await hunted('09:10')).result).toMatchObject({ indicators: 0 })
  const { result, messages } = await hunted('10:00')
  expect(result).toEqual({ indicators: 3, seen: 2, raised: 1 })
  expect(messages).toMatchObject([
    {
      format: 'counterfoil-detection',
      host: 'web-01',
      destination: '203.0.113.9',
      count: 2,
      entity: { kind: 'host', value: 'web-01' },
      says: expect.stringContaining('feed lists it as malicious'),
    },
  ])
  const alerts = await house.db
    .selectFrom('alert')
    .select(['provider_id', 'title', 'severity', 'host', 'destination', 'kind'])
    .execute()
  expect(alerts).toMatchObject([
    { provider_id: 'own-detections', kind: 'alert', severity: 'high', host: 'web-01', destination: '203.0.113.9' },
  ])
  expect(await hunted('11:00')).toMatchObject({ result: { indicators: 0, raised: 0 }, messages: [] })
  expect(await huntState(house.db)).toMatchObject({ huntedUntil: '2026-11-20T10:45:00.000Z' })
})

test('ATT&CK is a version that is imported: revoked techniques lead to what took their place, tactics are whatever it says', async () => {
  const part = (type: string, number: number, id: string, more: object) => ({
    type,
    id: `${type}--${number}`,
    name: `Name of ${id}`,
    external_references: [{ source_name: 'mitre-attack', external_id: id }],
    ...more,
  })
  const inTactic = (word: string) => ({ kill_chain_phases: [{ kill_chain_name: 'mitre-attack', phase_name: word }] })
  const bundle = {
    type: 'bundle',
    objects: [
      { type: 'x-mitre-collection', id: 'x-mitre-collection--1', x_mitre_version: '19.1' },
      part('x-mitre-tactic', 1, 'TA9001', { x_mitre_shortname: 'stealth', name: 'Stealth' }),
      part('attack-pattern', 1, 'T1562', { revoked: true, ...inTactic('defense-evasion') }),
      part('attack-pattern', 2, 'T1685', inTactic('stealth')),
      part('attack-pattern', 3, 'T1070.001', { revoked: true }),
      {
        type: 'relationship',
        id: 'relationship--1',
        relationship_type: 'revoked-by',
        source_ref: 'attack-pattern--1',
        target_ref: 'attack-pattern--2',
      },
      {
        type: 'relationship',
        id: 'relationship--2',
        relationship_type: 'revoked-by',
        source_ref: 'attack-pattern--3',
        target_ref: 'attack-pattern--1',
      },
      { type: 'malware', id: 'malware--1', name: 'x' },
    ],
  }
  const read = await readAttack(Readable.from([Buffer.from(JSON.stringify(bundle))]))
  expect(read).toMatchObject({ version: '19.1' })
  await importAttack(house.db, read, 'user:test', at('09:00'))
  expect(await techniquesNow(house.db, ['t1070.001', 'T1685', 'T9999'])).toEqual([
    { named: 'T1070.001', id: 'T1685', name: 'Name of T1685', tactics: ['Stealth'], deprecated: false },
    { named: 'T1685', id: 'T1685', name: 'Name of T1685', tactics: ['Stealth'], deprecated: false },
  ])
  await expect(readAttack(Readable.from([Buffer.from('{"type":"bundle","objects":[]}')]))).rejects.toThrow(
    'file.invalid',
  )
})

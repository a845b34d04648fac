import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { mmdbOf } from '../../../test/mmdb.ts'
import { fixedClock } from '../../kit/clock.ts'
import type { Connector } from '../../model/connector.ts'
import { maxmind } from './index.ts'

const context = { signal: new AbortController().signal, clock: fixedClock('2026-11-02T09:00:00.000Z') }
const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-mmdb-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string) => path.join(folder, name)

const germany = { iso_code: 'DE', names: { en: 'Germany' } }
writeFileSync(
  at('city.mmdb'),
  mmdbOf(
    {
      '198.51.100.0/24': { country: germany, city: { names: { en: 'Berlin' } } },
      '198.50.0.0/17': { registered_country: { iso_code: 'SE' } },
      '2001:db8:7::/48': { country: germany },
    },
    { type: 'City', builtAt: new Date('2026-10-28T00:00:00Z') },
  ),
)
writeFileSync(
  at('asn.mmdb'),
  mmdbOf(
    { '198.51.100.0/22': { autonomous_system_number: 64_500, autonomous_system_organization: 'Example Hosting' } },
    { type: 'ASN', builtAt: new Date('2026-08-01T00:00:00Z'), ipVersion: 4 },
  ),
)

const open = (files: readonly string[]): Connector =>
  maxmind.open({ id: 'geo', title: 'Geo', settings: { files: files.map(at) }, secret: async () => null })
const ask = (connector: Connector, address: string) => connector.ask('network-owner-of-address', { address }, context)

test('an address has what any of the files says, with the oldest age and what is stale', async () => {
  expect(await ask(open(['city.mmdb', 'asn.mmdb']), '198.51.100.9')).toEqual({
    kind: 'found',
    query: '198.51.100.9 in city.mmdb, asn.mmdb',
    answer: {
      ...{ address: '198.51.100.9', network: '198.51.100.0/24', country: 'DE', city: 'Berlin', asn: 64_500 },
      ...{ organisation: 'Example Hosting', name: null, abuseContact: null, registeredAt: null },
      asOf: '2026-08-01T00:00:00.000Z',
    },
    warnings: ['asn.mmdb is 93 days old.'],
  })
})

test('IPv4 in every spelling and IPv6 are looked up; a network is told as it is written', async () => {
  const connector = open(['city.mmdb', 'asn.mmdb'])
  expect(await ask(connector, '::ffff:198.50.1.1')).toMatchObject({
    answer: { network: '198.50.0.0/17', country: 'SE' },
  })
  expect(await ask(connector, '198.51.101.1')).toMatchObject({ answer: { network: '198.51.100.0/22', country: null } })
})

test('an address that no file names is nothing; one that nobody owns is not asked about', async () => {
  const connector = open(['city.mmdb'])
  expect(await ask(connector, '8.8.8.8')).toMatchObject({ kind: 'nothing' })
  expect(await ask(connector, '10.1.2.3')).toMatchObject({ kind: 'not-applicable' })
  expect(await ask(connector, 'shop.example')).toMatchObject({ kind: 'not-applicable' })
})

test('a file that is gone, none, or damaged is a failure, and is read once it is good', async () => {
  const connector = open(['later.mmdb'])
  expect(await ask(connector, '198.51.100.9')).toMatchObject({ kind: 'failed' })
  expect(await connector.health(context)).toMatchObject({ state: 'failing' })
  writeFileSync(at('later.mmdb'), 'this is no database')
  expect(await ask(connector, '198.51.100.9')).toMatchObject({
    kind: 'failed',
    why: expect.stringContaining('later.mmdb'),
  })
  expect(await connector.tryOut?.(context)).toMatchObject({ kind: 'failed' })
  writeFileSync(
    at('later.mmdb'),
    mmdbOf({ '198.51.100.0/24': { country: germany } }, { type: 'Country', builtAt: new Date('2026-11-01T00:00:00Z') }),
  )
  expect(await ask(connector, '198.51.100.9')).toMatchObject({ kind: 'found', answer: { country: 'DE' }, warnings: [] })
  expect(await connector.tryOut?.(context)).toMatchObject({
    kind: 'read',
    rows: [{ kind: 'Country', built: '2026-11-01' }],
  })
})

test('a record of another shape is a failure, not a finding', async () => {
  writeFileSync(
    at('odd.mmdb'),
    mmdbOf({ '198.51.100.0/24': { country: 'DE' } }, { type: 'Odd', builtAt: new Date('2026-11-01T00:00:00Z') }),
  )
  expect(await ask(open(['odd.mmdb']), '198.51.100.9')).toMatchObject({ kind: 'failed' })
})

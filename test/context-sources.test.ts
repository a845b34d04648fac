import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeAsk } from '../src/connectors/ask.ts'
import { assetList } from '../src/connectors/asset-list/index.ts'
import * as context from '../src/db/context.ts'
import { editFact, editsOf, putRow } from '../src/db/context-edit.ts'
import { mergedOf } from '../src/db/entities.ts'
import { saveSetting } from '../src/db/settings.ts'
import { fixedClock } from '../src/kit/clock.ts'
import { Asset, Person } from '../src/model/context.ts'
import type { Answered } from '../src/model/finding.ts'
import type { ListNoun } from '../src/model/list.ts'
import { importList } from '../src/playbooks/import-list.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const signal = new AbortController().signal
let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(() => house.close())
beforeEach(async () => {
  await sql`truncate asset, person, network, import_batch, address_lease, context_edit, setting cascade`.execute(
    house.db,
  )
})

const take = (noun: ListNoun, source: string, asOf: string, csv: string) =>
  importList(house.db, {
    ...{ noun, source, by: 'user:test', clock, asOf: new Date(asOf) },
    stream: Readable.from([Buffer.from(csv)]),
  })
const entities = async () =>
  (await house.db.selectFrom('asset').select(['id', 'entity']).orderBy('id').execute()).map((row) => [
    row.id,
    row.entity,
  ])
const merged = async (entity: string) => {
  const [one] = await mergedOf(house.db, 'assets', [entity])
  if (one === undefined) throw new Error(`nobody describes ${entity}`)
  return one
}
const factOf = async (entity: string, field: string) =>
  (await merged(entity)).facts.find((fact) => fact.field === field)
const set = (field: string, value: unknown, entity = 'pay-01.corp.example') =>
  editFact(house.db, { noun: 'assets', entity, field, value, note: 'asked', by: 'user:test' }, clock)

const cmdb = 'id,name,ip,owner,owner mail,criticality,tags\n1,PAY-01,192.0.2.7,Ada Meyer,ada@example.com,high,payroll\n'
const scanner = 'name,ip,owner,criticality,tags\npay-01.corp.example,192.0.2.7 192.0.2.8,Bo Ek,low,linux\n'

describe('which rows are one asset', () => {
  test('a name without domain joins the one name with it, whichever came first', async () => {
    await take('assets', 'cmdb', '2026-10-01', cmdb)
    await take('assets', 'scanner', '2026-10-20', scanner)
    expect(new Set((await entities()).map(([, entity]) => entity))).toEqual(new Set(['pay-01.corp.example']))
    await take('assets', 'cmdb', '2026-10-21', cmdb)
    expect(new Set((await entities()).map(([, entity]) => entity))).toEqual(new Set(['pay-01.corp.example']))
  })

  test('two domains are two assets, and the short name alone is neither', async () => {
    await take('assets', 'a', '2026-10-01', 'name\nweb.emea.example\nweb.apac.example\n')
    await take('assets', 'b', '2026-10-01', 'name\nweb\n')
    expect(await entities()).toEqual([
      ['a/web.apac.example', 'web.apac.example'],
      ['a/web.emea.example', 'web.emea.example'],
      ['b/web', 'web'],
    ])
  })

  test('a name that stands twice in one source is two assets, each by its id', async () => {
    await take('assets', 'cmdb', '2026-10-01', 'id,name\n1,printer\n2,printer\n')
    expect(await entities()).toEqual([
      ['cmdb/1', 'cmdb/1'],
      ['cmdb/2', 'cmdb/2'],
    ])
  })

  test('people are one by their mail address', async () => {
    await take('people', 'hr', '2026-10-01', 'id,name,mail,department\n7,Ada Meyer,ada@example.com,Finance\n')
    await take('people', 'ad', '2026-10-02', 'id,name,mail,login\nS-1,Ada Meyer,ADA@example.com,CORP\\ameyer\n')
    const found = await context.peopleByKey(house.db, ['ameyer'])
    expect(found).toHaveLength(1)
    expect(found[0]?.fact).toMatchObject({
      department: 'Finance',
      accounts: ['CORP\\ameyer'],
      email: 'ada@example.com',
    })
  })
})

describe('which source counts', () => {
  test('the freshest; every source is shown with its value, and owner and mail address stay together', async () => {
    await take('assets', 'cmdb', '2026-10-01', cmdb)
    await take('assets', 'scanner', '2026-10-20', scanner)
    expect(await factOf('pay-01.corp.example', 'criticality')).toEqual({
      field: 'criticality',
      value: 'low',
      source: 'scanner',
      asOf: '2026-10-20T00:00:00.000Z',
      conflict: true,
      says: [
        { source: 'scanner', asOf: '2026-10-20T00:00:00.000Z', value: 'low' },
        { source: 'cmdb', asOf: '2026-10-01T00:00:00.000Z', value: 'high' },
      ],
    })
    const { fact } = await merged('pay-01.corp.example')
    expect(fact).toMatchObject({
      owner: 'Bo Ek',
      ownerEmail: null,
      tags: ['linux', 'payroll'],
      addresses: ['192.0.2.7', '192.0.2.8'],
    })
    expect(fact.aliases).toContain('pay-01')
  })

  test('the order of sources comes before freshness', async () => {
    await take('assets', 'cmdb', '2026-10-01', cmdb)
    await take('assets', 'scanner', '2026-10-20', scanner)
    await saveSetting(house.db, 'source-precedence', ['cmdb'], 'user:test', clock.now())
    const { fact, source } = await merged('pay-01.corp.example')
    expect({ ...fact, source }).toMatchObject({ id: '1', owner: 'Ada Meyer', criticality: 'high', source: 'cmdb' })
  })

  test('what a person set beats all, survives the next import, and comes back to the sources when given back', async () => {
    await take('assets', 'cmdb', '2026-10-01', cmdb)
    await take('assets', 'scanner', '2026-10-20', scanner)
    await saveSetting(house.db, 'source-precedence', ['cmdb'], 'user:test', clock.now())
    await set('criticality', 'critical')
    await take('assets', 'cmdb', '2026-11-01', cmdb)
    expect(await factOf('pay-01.corp.example', 'criticality')).toMatchObject({ value: 'critical', source: 'manual' })
    expect(await factOf('pay-01.corp.example', 'owner')).toMatchObject({ value: 'Ada Meyer', source: 'cmdb' })
    await set('owner', null)
    expect((await merged('pay-01.corp.example')).fact).toMatchObject({ owner: null, ownerEmail: null })
    await set('owner', undefined)
    await set('criticality', undefined)
    expect((await merged('pay-01.corp.example')).sources).toEqual(['cmdb', 'scanner'])
    expect((await merged('pay-01.corp.example')).fact).toMatchObject({ owner: 'Ada Meyer', criticality: 'high' })
    const history = await editsOf(house.db, 'assets', ['pay-01.corp.example'])
    expect(history).toHaveLength(4)
    expect(history.map(({ before, after, by, note }) => ({ before, after, by, note }))).toContainEqual({
      before: 'high',
      after: 'critical',
      by: 'user:test',
      note: 'asked',
    })
    const lines = await sql<{ n: number }>`
      select count(*)::int as n from ledger_entry where kind = 'asset.changed' and subject = 'asset:pay-01.corp.example'`.execute(
      house.db,
    )
    expect(lines.rows[0]?.n).toBeGreaterThanOrEqual(4)
  })

  test('an address that a person took away is nobody’s any more, though a source still has it', async () => {
    await take('assets', 'cmdb', '2026-10-01', cmdb)
    await set('addresses', ['192.0.2.99'], 'pay-01')
    expect(await context.assetsByAddress(house.db, '192.0.2.7')).toEqual([])
    expect(await context.assetsByAddress(house.db, '192.0.2.99')).toMatchObject([{ entity: 'pay-01' }])
  })

  test('a wrong value, a field that is none and an asset that is none are refused', async () => {
    await take('assets', 'cmdb', '2026-10-01', cmdb)
    for (const [field, value] of [
      ['criticality', 'very'],
      ['colour', 'red'],
      ['id', 'x'],
      ['name', ' '],
    ] as const) {
      await expect(set(field, value, 'pay-01')).rejects.toMatchObject({ code: 'input.invalid' })
    }
    await expect(set('role', 'x', 'nobody')).rejects.toMatchObject({ code: 'not.found' })
  })

  test('a single asset is put in place of what its source said of it', async () => {
    await take('assets', 'scanner', '2026-10-20', scanner)
    const fact = Asset.parse({ id: '9', name: 'PAY-01', role: 'Payroll' })
    const put = () =>
      putRow(house.db, { noun: 'assets', source: 'api', fact, asOf: clock.now(), by: 'user:test' }, clock)
    await put()
    const one = await put()
    expect(one).toMatchObject({
      entity: 'pay-01.corp.example',
      sources: ['api', 'scanner'],
      fact: { role: 'Payroll', owner: 'Bo Ek' },
    })
    const person = Person.parse({ id: 'p1', name: 'Ada Meyer', email: 'ada@example.com' })
    expect(
      await putRow(
        house.db,
        { noun: 'people', source: 'api', fact: person, asOf: clock.now(), by: 'user:test' },
        clock,
      ),
    ).toMatchObject({ entity: 'ada@example.com' })
  })

  test('a house that only ever entered single facts was told something: it is not "never imported"', async () => {
    expect(await context.importedAt(house.db, 'assets')).toBeNull()
    const fact = Asset.parse({ id: '9', name: 'PAY-01' })
    await putRow(house.db, { noun: 'assets', source: 'api', fact, asOf: clock.now(), by: 'user:test' }, clock)
    expect(await context.importedAt(house.db, 'assets')).not.toBeNull()
  })
})

/** The asset list on the real record, asked as a playbook asks it. */
async function whoHad(address: string, at?: string): Promise<Answered> {
  const { db } = house
  const connector = assetList({
    byAddress: (wanted) => context.assetsByAddress(db, wanted),
    byName: (names) => context.assetsByName(db, names),
    leasesAt: (wanted, then) => context.leasesAt(db, wanted, then),
    personOf: (key) => context.peopleByKey(db, [key]),
    importedAt: () => context.importedAt(db, 'assets'),
  })
  const ask = makeAsk({ connectors: [connector], clock, news: () => undefined })
  const [answer] = await ask('asset-of-address', { address, at: at ?? null }, { signal })
  return answer?.answered ?? { kind: 'failed', why: 'no answer', query: '' }
}

const leases = `IP Address,Lease start,Lease end,Client hostname,MAC
10.0.4.7,2026-10-30 08:00,2026-10-30 16:00,LAP-01,00-53-00-aa-bb-01
10.0.4.7,2026-10-30 17:00,,lap-02.corp.example,00:53:00:aa:bb:02
10.0.4.8,2026-10-30 08:00,2026-10-30 16:00,,00:53:00:aa:bb:03
`
const laptops =
  'name,ip,role\nlap-01.corp.example,,Sales laptop\nlap-02.corp.example,,Board laptop\nsrv,10.0.4.9,Server\n'

describe('who had an address then', () => {
  test('the lease of that moment, not the one of today; its boundaries belong to the next', async () => {
    await take('assets', 'cmdb', '2026-10-29', laptops)
    await take('leases', 'dhcp', '2026-11-01', leases)
    const at = async (time: string) => {
      const got = await whoHad('10.0.4.7', time)
      return got.kind === 'found' ? (got.answer as { name: string }).name : got.kind
    }
    expect(await at('2026-10-30T07:59:00.000Z')).toBe('nothing')
    expect(await at('2026-10-30T08:00:00.000Z')).toBe('lap-01.corp.example')
    expect(await at('2026-10-30T16:00:00.000Z')).toBe('nothing')
    expect(await at('2026-10-31T00:00:00.000Z')).toBe('lap-02.corp.example')
    expect(await whoHad('10.0.4.7', '2026-10-30T09:00:00.000Z')).toMatchObject({
      warnings: ['By the dhcp lease of "dhcp" to LAP-01, from 2026-10-30T08:00:00.000Z to 2026-10-30T16:00:00.000Z.'],
    })
    expect(await whoHad('10.0.4.7')).toMatchObject({ kind: 'found', answer: { role: 'Board laptop' } })
  })

  test('a later lease ends the one before, though that one was never seen to end', async () => {
    await take(
      'leases',
      'dhcp',
      '2026-11-01',
      'ip,from,host\n10.0.4.7,2026-10-01 08:00,old\n10.0.4.7,2026-10-02 08:00,new\n',
    )
    expect(await context.leasesAt(house.db, '10.0.4.7', '2026-10-03T00:00:00.000Z')).toMatchObject([
      { fact: { host: 'new' } },
    ])
    expect(await context.leasesAt(house.db, '10.0.4.7', '2026-10-01T09:00:00.000Z')).toMatchObject([
      { fact: { host: 'old' } },
    ])
  })

  test('who stands in no list is still named', async () => {
    await take('leases', 'dhcp', '2026-11-01', leases)
    const got = await whoHad('10.0.4.8', '2026-10-30T09:00:00.000Z')
    expect(got).toMatchObject({ kind: 'found', answer: { name: '00:53:00:aa:bb:03', role: null } })
    expect(got).toMatchObject({ warnings: [expect.anything(), 'No asset list knows 00:53:00:aa:bb:03.'] })
  })

  test('without a lease it is who has it now, and that is said; of a moment ago it need not be', async () => {
    await take('assets', 'cmdb', '2026-10-29', laptops)
    expect(await whoHad('10.0.4.9', '2026-10-01T00:00:00.000Z')).toMatchObject({
      kind: 'found',
      answer: { name: 'srv' },
      warnings: ['No lease says who had 10.0.4.9 at 2026-10-01T00:00:00.000Z: this is who has it now.'],
    })
    expect(await whoHad('10.0.4.9', '2026-11-02T08:30:00.000Z')).toMatchObject({ warnings: [] })
  })

  test('an address that a list gave to another asset stays that one’s for the time before', async () => {
    await take('assets', 'cmdb', '2026-10-01', 'id,name,ip\n1,old-db,10.0.4.20\n')
    await take('assets', 'cmdb', '2026-10-20', 'id,name,ip\n1,old-db,10.0.4.21\n2,new-db,10.0.4.20\n')
    expect(await whoHad('10.0.4.20', '2026-10-10T00:00:00.000Z')).toMatchObject({ answer: { name: 'old-db' } })
    expect(await whoHad('10.0.4.20', '2026-10-21T00:00:00.000Z')).toMatchObject({ answer: { name: 'new-db' } })
  })

  test('leases add up: the next export ends those it knows, and takes none away', async () => {
    await take('leases', 'dhcp', '2026-11-01', leases)
    const again = await take(
      'leases',
      'dhcp',
      '2026-11-02',
      'ip,from,to,host\n10.0.4.7,2026-10-30 17:00,2026-10-30 18:00,lap-02.corp.example\n10.0.4.9,2026-11-01 08:00,,x\n',
    )
    expect(again.changes).toMatchObject({ added: 1, changed: 1, gone: 0 })
    const rows = await house.db.selectFrom('address_lease').select('address').execute()
    expect(rows).toHaveLength(4)
  })
})

test('an import says what is new, what changed and what is gone', async () => {
  await take('assets', 'cmdb', '2026-10-01', 'id,name,role\n1,a,x\n2,b,x\n3,c,x\n')
  const result = await take('assets', 'cmdb', '2026-10-02', 'id,name,role\n1,a,x\n2,b,y\n4,d,x\n')
  expect(result.changes).toEqual({
    ...{ added: 1, changed: 1, gone: 1 },
    sample: expect.arrayContaining([
      { what: 'added', name: 'd' },
      { what: 'changed', name: 'b' },
      { what: 'gone', name: 'c' },
    ]),
  })
})

test('a mapping that was saved under a name reads the next file, on its own or mended; an unknown name is refused', async () => {
  const list = (more: Partial<Parameters<typeof importList>[1]>) =>
    importList(house.db, {
      noun: 'assets',
      by: 'user:test',
      clock,
      stream: Readable.from([Buffer.from('Ding,Zweck2\na,b\n')]),
      ...more,
    })
  await list({ mapping: { name: ['Ding'], role: ['Zweck2'] }, saveMappingAs: 'ours' })
  expect((await list({ mappingName: 'ours' })).mapping).toEqual({ name: ['Ding'], role: ['Zweck2'] })
  expect((await list({ mappingName: 'ours', mapping: { role: [] } })).mapping).toMatchObject({ role: [] })
  await expect(list({ mappingName: 'theirs' })).rejects.toMatchObject({ code: 'input.invalid' })
})

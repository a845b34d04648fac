import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeAsk } from '../src/connectors/ask.ts'
import { assetList } from '../src/connectors/asset-list/index.ts'
import { ownNetworks } from '../src/connectors/own-networks/index.ts'
import { pastAlerts as pastAlertsConnector } from '../src/connectors/past-alerts/index.ts'
import { peopleList } from '../src/connectors/people-list/index.ts'
import { person } from '../src/connectors/person/index.ts'
import { ImportPreview } from '../src/contract/house.ts'
import { connectorDays, connectorStates, recordNews } from '../src/db/connector-state.ts'
import * as context from '../src/db/context.ts'
import { listSources } from '../src/db/lists.ts'
import { fixedClock } from '../src/kit/clock.ts'
import type { Answered } from '../src/model/finding.ts'
import type { ListNoun } from '../src/model/list.ts'
import type { QuestionName } from '../src/model/question.ts'
import { importList, importUpload } from '../src/playbooks/import-list.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const signal = new AbortController().signal
let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
  // Lines that a retry put aside are kept for ever; here everything is cleared between two tests.
  await sql`alter table step_past disable trigger step_past_keep`.execute(house.db)
})
afterAll(() => house.close())
beforeEach(async () => {
  await sql`truncate asset, person, network, import_batch, connector_state, connector_day, person_question, decision, alert cascade`.execute(
    house.db,
  )
})

const take = (noun: ListNoun, csv: string, more: Partial<Parameters<typeof importList>[1]> = {}) =>
  importList(house.db, { noun, stream: Readable.from([Buffer.from(csv)]), by: 'user:test', clock, ...more })

/** The five sources of the house on the real record, asked as a playbook asks them. */
async function asks(question: QuestionName, ask: Record<string, unknown>): Promise<Answered> {
  const { db } = house
  const connectors = [
    assetList({
      byAddress: (address) => context.assetsByAddress(db, address),
      byName: (names) => context.assetsByName(db, names),
      leasesAt: (address, at) => context.leasesAt(db, address, at),
      personOf: (key) => context.peopleByKey(db, [key]),
      importedAt: () => context.importedAt(db, 'assets'),
    }),
    peopleList({ byKey: (keys) => context.peopleByKey(db, keys), importedAt: () => context.importedAt(db, 'people') }),
    ownNetworks({
      containing: (address) => context.networkContaining(db, address),
      importedAt: () => context.importedAt(db, 'networks'),
      reverse: async (address) => (address === '192.0.2.130' ? ['printer.corp.example'] : []),
    }),
    pastAlertsConnector({ seenBefore: (wanted) => context.seenBefore(db, wanted) }),
    person({ answerOf: (alertId, email) => context.personAnswer(db, alertId, email), cannotAsk: () => null }),
  ]
  const answers = await makeAsk({ connectors, clock, news: () => undefined })(question, ask, { signal })
  expect(answers).toHaveLength(1)
  return answers[0]?.answered ?? { kind: 'failed', why: 'no answer', query: '' }
}

const assets = `id,name,alias,ip,owner,owner mail,criticality,role
1,pay-db-01.corp.example,payroll-db,"192.0.2.7 2001:DB8::7",Ada Meyer,ada@example.com,critical,Payroll database
2,web-01.emea.example,,192.0.2.8,,,low,Web
3,web-01.apac.example,,192.0.2.9,,,low,Web
4,printer,,192.0.2.130,Ops team,,,`

describe('assets', () => {
  test('never imported is not-collected; imported and absent is nothing', async () => {
    expect(await asks('asset-of-address', { address: '192.0.2.7' })).toMatchObject({ kind: 'not-collected' })
    await take('assets', assets)
    expect(await asks('asset-of-address', { address: '198.51.100.7' })).toMatchObject({ kind: 'nothing' })
  })

  test('by address in any notation, by host in any notation, by alias', async () => {
    await take('assets', assets)
    const ids = []
    for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8:0::7']) {
      ids.push(await asks('asset-of-address', { address }))
    }
    for (const host of ['PAY-DB-01', 'pay-db-01.corp.example.', 'CORP\\PAY-DB-01$', 'Payroll-DB']) {
      ids.push(await asks('asset-of-host', { host }))
    }
    expect(ids).toHaveLength(7)
    for (const one of ids)
      expect(one).toMatchObject({
        kind: 'found',
        answer: { id: '1', criticality: 'critical', asOf: '2026-11-02T09:00:00.000Z' },
      })
    expect(await asks('business-role-of-asset', { asset: '192.0.2.7' })).toMatchObject({
      kind: 'found',
      answer: { role: 'Payroll database' },
    })
  })

  test('the same short name in another domain is another machine; a short name that fits two says so', async () => {
    await take('assets', assets)
    expect(await asks('asset-of-host', { host: 'web-01.latam.example' })).toMatchObject({ kind: 'nothing' })
    expect(await asks('asset-of-host', { host: 'web-01' })).toMatchObject({
      kind: 'found',
      warnings: [expect.stringContaining('Others fit too')],
    })
    expect(await asks('asset-of-host', { host: 'printer.corp.example' })).toMatchObject({
      kind: 'found',
      answer: { id: '4' },
    })
  })

  test('the owner comes from the people list, else as the asset list has it, else is nothing', async () => {
    await take('assets', assets)
    expect(await asks('owner-of-host', { host: 'pay-db-01' })).toMatchObject({
      kind: 'found',
      answer: { name: 'Ada Meyer', department: null },
    })
    await take('people', 'name,mail,login,department\nAda Meyer,ada@example.com,CORP\\ameyer,Finance\n')
    expect(await asks('owner-of-host', { host: 'pay-db-01' })).toMatchObject({
      answer: { account: 'CORP\\ameyer', department: 'Finance' },
    })
    expect(await asks('owner-of-host', { host: 'printer' })).toMatchObject({
      answer: { name: 'Ops team', email: null },
    })
    expect(await asks('owner-of-host', { host: 'web-01.emea.example' })).toMatchObject({ kind: 'nothing' })
  })

  test('an old list warns with its age', async () => {
    await take('assets', assets, { asOf: new Date('2026-01-01T00:00:00.000Z') })
    expect(await asks('asset-of-host', { host: 'printer' })).toMatchObject({
      warnings: ['The list "assets" is 305 days old.'],
    })
  })

  test('what is no address is not applicable', async () => {
    await take('assets', assets)
    expect(await asks('asset-of-address', { address: '10.0.0' })).toMatchObject({ kind: 'not-applicable' })
  })
})

describe('people, networks, past alerts, a person', () => {
  test('an account in every notation; another domain of the same kind is somebody else; two who fit are not one', async () => {
    expect(await asks('person-of-account', { account: 'x' })).toMatchObject({ kind: 'not-collected' })
    await take(
      'people',
      'name,mail,login\nAda Meyer,ada.meyer@example.com,CORP\\ameyer\nAl One,al1@example.com,EU\\al\nAl Two,al2@example.com,US\\al\n',
    )
    for (const account of ['corp\\AMeyer', 'ameyer', 'ameyer@corp.example', 'Ada.Meyer@example.com']) {
      expect(await asks('person-of-account', { account })).toMatchObject({
        kind: 'found',
        answer: { name: 'Ada Meyer', account },
      })
    }
    expect(await asks('person-of-account', { account: 'OTHER\\ameyer' })).toMatchObject({ kind: 'nothing' })
    expect(await asks('person-of-account', { account: 'al' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('Al One, Al Two'),
    })
    expect(await asks('person-of-account', { account: 'US\\al' })).toMatchObject({
      kind: 'found',
      answer: { name: 'Al Two' },
    })
  })

  test('the smallest range wins; DNS is an extra; an unknown private address points at a gap', async () => {
    expect(await asks('network-of-address', { address: '192.0.2.1' })).toMatchObject({ kind: 'not-collected' })
    await take(
      'networks',
      'subnet,name,zone\n192.0.2.0/24,campus,office\n192.0.2.128/25,printers,print\n2001:db8::/32,six,\n',
    )
    expect(await asks('network-of-address', { address: '192.0.2.130' })).toMatchObject({
      answer: { ours: true, network: '192.0.2.128/25', name: 'printers', zone: 'print' },
      warnings: ['DNS names it printer.corp.example.'],
    })
    expect(await asks('network-of-address', { address: '2001:db8:1::1' })).toMatchObject({ answer: { name: 'six' } })
    expect(await asks('network-of-address', { address: '203.0.113.1' })).toMatchObject({
      answer: { ours: false },
      warnings: [],
    })
    expect(await asks('network-of-address', { address: '10.9.9.9' })).toMatchObject({
      answer: { ours: false },
      warnings: [expect.stringContaining('gap')],
    })
  })

  async function alert(entity: string, receivedAt: string, outcome: string | null): Promise<string> {
    const id = randomUUID()
    const reading = JSON.stringify({})
    await sql`insert into alert (id, provider_id, kind, rule, severity, title, entity, received_at, reading, outcome)
      values (${id}, 'acme', 'alert', 'Brute Force', 'high', 't', ${entity}, ${receivedAt}, ${reading}::jsonb, ${outcome})`.execute(
      house.db,
    )
    if (outcome !== null) {
      await sql`insert into decision (id, alert_id, outcome, reason, decided_by, decided_at, undone_at)
        values (${randomUUID()}, ${id}, 'incident', 'taken back', 'user:1', ${receivedAt}, ${receivedAt}),
               (${randomUUID()}, ${id}, ${outcome}, 'nightly job', 'user:2', ${receivedAt}, null)`.execute(house.db)
    }
    return id
  }

  test('seen before: counts, outcomes and the decision that stands; case does not matter, the alert itself does not count', async () => {
    await alert('PAY-DB-01', '2026-10-01T00:00:00.000Z', 'false-alarm-benign')
    const second = await alert('pay-db-01', '2026-10-02T00:00:00.000Z', 'false-alarm-benign')
    await alert('pay-db-01', '2026-10-03T00:00:00.000Z', null)
    await alert('other', '2026-10-03T00:00:00.000Z', 'incident')
    const now = await alert('pay-db-01', '2026-11-02T08:00:00.000Z', null)
    const ask = { rule: 'brute force', entity: 'Pay-DB-01', notAlert: now }
    expect(await asks('seen-before', ask)).toMatchObject({
      kind: 'found',
      answer: {
        times: 3,
        first: '2026-10-01T00:00:00.000Z',
        last: '2026-10-03T00:00:00.000Z',
        outcomes: { 'false-alarm-benign': 2 },
        lastDecision: { alertId: second, outcome: 'false-alarm-benign', reason: 'nightly job', by: 'user:2' },
      },
    })
    expect(await asks('seen-before', { ...ask, before: '2026-09-01T00:00:00.000Z' })).toMatchObject({ kind: 'nothing' })
    expect(await asks('seen-before', { rule: '', entity: 'x' })).toMatchObject({ kind: 'not-applicable' })
    const history = await context.pastAlerts(house.db, {
      rule: 'Brute Force',
      entity: 'pay-db-01',
      provider: 'acme',
      before: clock.now().toISOString(),
      notAlert: now,
    })
    expect(history.map((one) => one.outcome)).toEqual([null, 'false-alarm-benign', 'false-alarm-benign'])
  })

  test('a person who has answered is found, one who has not is not-collected', async () => {
    const alertId = await alert('x', '2026-11-01T00:00:00.000Z', null)
    const ask = { email: 'Ada@example.com', what: 'Signed in from Lisbon', alertId }
    await sql`insert into person_question (token_digest, alert_id, email, name, what, asked_at, expires_at)
      values ('d', ${alertId}, 'ada@example.com', 'Ada Meyer', 'w', now(), now())`.execute(house.db)
    expect(await asks('was-this-you', ask)).toMatchObject({ kind: 'not-collected' })
    await sql`update person_question set answered_at = '2026-11-02T08:00:00Z', answer = 'yes', comment = 'travelling'`.execute(
      house.db,
    )
    expect(await asks('was-this-you', ask)).toMatchObject({
      kind: 'found',
      answer: { answer: 'yes', by: 'Ada Meyer', comment: 'travelling' },
    })
  })

  test('news of a connector are counted', async () => {
    const now = clock.now()
    const good = { asked: 3, failed: 0, lastSuccess: now, lastFailure: null, failingSince: null, lastMs: 12 }
    const bad = (at: Date) => ({
      asked: 1,
      failed: 1,
      lastSuccess: null,
      lastFailure: { at, why: 'status 503' },
      failingSince: at,
      lastMs: null,
    })
    await recordNews(house.db, 'cmdb', good)
    await recordNews(house.db, 'cmdb', bad(now))
    const at = clock.now().toISOString()
    const state = {
      connector: 'cmdb',
      lastSuccessAt: at,
      lastFailureAt: at,
      lastWhy: 'status 503',
      asked: 4,
      failed: 1,
    }
    expect(await connectorStates(house.db)).toEqual([
      { ...state, failingSince: at, lastMs: 12, silentAfterHours: null },
    ])
    await recordNews(house.db, 'cmdb', bad(new Date(now.getTime() + 60_000)))
    expect((await connectorStates(house.db))[0]?.failingSince).toBe(at)
    expect((await connectorDays(house.db, now, 14)).get('cmdb')).toEqual([{ day: '2026-11-02', asked: 5, failed: 2 }])
    await recordNews(house.db, 'cmdb', good)
    expect((await connectorStates(house.db))[0]?.failingSince).toBeNull()
  })
})

describe('import', () => {
  const rowsOf = async (noun: ListNoun) =>
    (await listSources(house.db)).filter((one) => one.noun === noun).map(({ source, rows }) => [source, rows])

  test('good rows are taken, bad and double ones listed, and rows in = taken + refused', async () => {
    const result = await take('assets', 'id,name,ip\n1,a,192.0.2.1\n2,b,nonsense\n1,c,192.0.2.3\n')
    expect(result).toMatchObject({ rowsIn: 3, taken: 1, refusedRows: 2, replaced: 0, form: { delimiter: ',' } })
    expect(result.refused).toEqual([
      { row: 3, column: 'ip', problem: 'is no IP address', value: 'nonsense' },
      { row: 4, column: 'id', problem: 'the same id stands in a row above', value: '1' },
    ])
    const { rows } = await sql<{
      kind: string
      leaf: string
    }>`select kind, leaf from ledger_entry where subject = 'list:assets'`.execute(house.db)
    expect(rows.some((row) => row.kind === 'import.done' && row.leaf.includes(result.batchId))).toBe(true)
  })

  test('importing a source again replaces its rows and no others', async () => {
    await take('assets', assets)
    await take('assets', 'name\nx\ny\n', { source: 'cloud' })
    expect(await take('assets', 'name\nonly\n')).toMatchObject({ taken: 1, replaced: 4 })
    expect(await rowsOf('assets')).toEqual([
      ['assets', 1],
      ['cloud', 2],
    ])
  })

  test('when nothing can be taken the old list stays', async () => {
    await take('assets', assets)
    expect(await take('assets', 'name,ip\na,nonsense\n')).toMatchObject({ taken: 0, refusedRows: 1 })
    expect(await rowsOf('assets')).toEqual([['assets', 4]])
  })

  test('a dry run says the same and changes nothing', async () => {
    const dry = await take('assets', assets, { dryRun: true })
    expect(dry).toMatchObject({ taken: 4, dryRun: true })
    expect(await rowsOf('assets')).toEqual([])
    expect(await context.importedAt(house.db, 'assets')).toBeNull()
  })

  test('a file that breaks half way leaves everything as it was', async () => {
    await take('assets', assets)
    await expect(take('assets', `name\n${'good\n'.repeat(3_000)}"${'x\n'.repeat(100_000)}`)).rejects.toMatchObject({
      code: 'file.invalid',
    })
    expect(await rowsOf('assets')).toEqual([['assets', 4]])
  })

  test('a range that another list has is refused by name', async () => {
    await take('networks', 'cidr\n192.0.2.0/24\n2001:db8::/32\n', { source: 'ipam' })
    const result = await take('networks', 'cidr\n192.0.2.0/24\n2001:0DB8::/32\n198.51.100.0/24\n198.51.100.0/24\n', {
      source: 'file',
    })
    expect(result).toMatchObject({ taken: 1, refusedRows: 3 })
  })

  test('an upload is shown before it is taken, and its mapping can be sent back as it was shown', async () => {
    const upload = {
      noun: 'assets' as const,
      bytes: Buffer.from('Host,IPv4,IPv6,BIA\nsrv,192.0.2.1,2001:db8::1,P1\nbad,nonsense,,\n'),
      by: 'user:test',
    }
    const shown = await importUpload(house.db, { ...upload, mapping: null, dryRun: true }, clock)
    expect(shown).toMatchObject({
      columns: ['Host', 'IPv4', 'IPv6', 'BIA'],
      mapping: { name: 'Host', addresses: 'IPv4 + IPv6' },
      rowsIn: 2,
      rowsTaken: 1,
      refused: [{ row: 3, why: 'IPv4: "nonsense" is no IP address' }],
      sample: [{ name: 'srv', addresses: ['192.0.2.1', '2001:db8::1'] }],
    })
    expect(ImportPreview.parse(shown)).toEqual(shown)
    expect(await rowsOf('assets')).toEqual([])
    const taken = await importUpload(
      house.db,
      { ...upload, mapping: { ...shown.mapping, role: 'BIA', addresses: '' }, dryRun: false },
      clock,
    )
    expect(taken).toMatchObject({ rowsTaken: 2, sample: [{ role: 'P1', addresses: [] }, {}] })
    expect(await rowsOf('assets')).toEqual([['assets', 2]])
  })

  test('two imports of one list at once: one after the other, nothing lost, nothing double', async () => {
    const csv = `name\n${Array.from({ length: 2_500 }, (_, at) => `srv-${at}`).join('\n')}\n`
    const both = await Promise.all([take('assets', csv), take('assets', csv)])
    expect(both.map((one) => one.taken)).toEqual([2_500, 2_500])
    expect(await rowsOf('assets')).toEqual([['assets', 2_500]])
  })
})

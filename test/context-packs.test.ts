import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { problemsOf } from '../src/cli/pack.ts'
import { editFact } from '../src/db/context-edit.ts'
import { listPacks, packById, packFile, packFileNames } from '../src/db/context-packs.ts'
import { saveProvider } from '../src/db/providers.ts'
import { valueBehind } from '../src/db/pseudonyms.ts'
import { fixedClock } from '../src/kit/clock.ts'
import { sha256Hex } from '../src/kit/digest.ts'
import { loadOrCreateKey } from '../src/ledger/key.ts'
import { openNote } from '../src/ledger/signed-note.ts'
import { PackContent, PackDefinition } from '../src/model/context-pack.ts'
import type { ShareableClass } from '../src/model/provider.ts'
import { definePack, draftPack, type PackDesk, releasePack } from '../src/playbooks/context-packs.ts'
import { importList } from '../src/playbooks/import-list.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { deskProvider } from './desk.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-packs-'))
let house: FreshDatabase
let desk: PackDesk
beforeAll(async () => {
  house = await freshDatabase()
  desk = { db: house.db, clock, key: loadOrCreateKey(folder), ownDomains: ['halden.example'] }
  await importList(house.db, {
    ...{ noun: 'people', source: 'hr', by: 'user:test', clock, asOf: clock.now() },
    stream: Readable.from([Buffer.from('name,email\nMara Weiss,mara.weiss@halden.example\n')]),
  })
  await take(assets)
})
afterAll(async () => {
  await house.close()
  rmSync(folder, { recursive: true })
})

const head = 'name,ip,owner,owner mail,role,criticality,tags,exposed\n'
const payroll = 'pay-01,192.0.2.7,Mara Weiss,mara.weiss@halden.example,Payroll; ask Mara Weiss,high,crown,no\n'
const lab = 'lab-9,192.0.2.9,,,Printer in the lab,low,,no\n'
const shop = 'shop-01,198.51.100.4,Mara Weiss,mara.weiss@halden.example,=cmd|shop,critical,crown,yes\n'
const assets = head + payroll + lab + shop
const take = (csv: string) =>
  importList(house.db, {
    ...{ noun: 'assets', source: 'cmdb', by: 'user:test', clock, asOf: clock.now() },
    stream: Readable.from([Buffer.from(csv)]),
  })

let known = 0
async function provider(id: string, mayShare: readonly ShareableClass[]): Promise<string> {
  await saveProvider(
    house.db,
    { ...deskProvider, id, name: `Provider ${++known}`, mayShare: [...mayShare] },
    0,
    clock.now(),
  )
  return id
}
async function define(providerId: string, more: Partial<PackDefinition> = {}): Promise<string> {
  const id = `for-${providerId}`
  const definition = PackDefinition.parse({
    ...{ id, title: 'What matters', providerId },
    fields: ['name', 'addresses', 'owner', 'ownerEmail', 'role', 'criticality', 'exposed'],
    ...more,
  })
  await definePack(desk, { definition, version: 0, by: 'user:lead' })
  return id
}
async function drafted(id: string) {
  await draftPack(desk, { id, by: 'user:analyst' })
  const draft = (await packById(house.db, id))?.draft
  if (draft == null) throw new Error('no draft')
  return {
    text: draft.json.toString(),
    digest: draft.digest,
    content: PackContent.parse(JSON.parse(draft.json.toString())),
  }
}

test('what the agreement does not let leave stands under a pseudonym that only we can turn back', async () => {
  const id = await define(await provider('closed', []))
  const { text, content } = await drafted(id)
  for (const secret of ['pay-01', '192.0.2.7', 'Mara', 'Weiss', 'mara.weiss@halden.example', 'shop-01'])
    expect(text.toLowerCase()).not.toContain(secret.toLowerCase())
  expect(content.withheld).toMatchObject({ pseudonyms: ['name', 'addresses', 'owner'], leftOut: ['ownerEmail'] })
  expect(content.withheld.placesRedacted).toBeGreaterThan(0)
  const row = content.assets.find((one) => one['role'] === 'Payroll; ask [redacted: person]')
  expect(row).toMatchObject({ criticality: 'high', exposed: false })
  expect(await valueBehind(house.db, 'closed', String(row?.['name']))).toBe('pay-01')
  // The same owner has one pseudonym, and another provider another set.
  const owners = content.assets.map((one) => one['owner']).filter((owner) => owner !== null)
  expect(new Set(owners).size).toBe(1)
  expect(await valueBehind(house.db, 'nobody', String(owners[0]))).toBeNull()
})

test('what the agreement lets leave, leaves as it is, and only what is in scope', async () => {
  const id = await define(await provider('open', ['host', 'internal-address', 'person']), {
    scope: { criticality: ['critical', 'high'], environments: [], tags: ['CROWN'], sites: [], exposedOnly: true },
  })
  const { content } = await drafted(id)
  expect(content.assets).toEqual([
    {
      ...{ name: 'shop-01', addresses: ['198.51.100.4'], owner: 'Mara Weiss' },
      ...{ ownerEmail: 'mara.weiss@halden.example', role: '=cmd|shop', criticality: 'critical', exposed: true },
    },
  ])
  expect(content.withheld).toMatchObject({ pseudonyms: [], leftOut: [], assetsOutOfScope: 2 })
})

test('only the draft that was seen is released; its files are signed, and stand in the ledger', async () => {
  const id = await define(await provider('signed', ['host']))
  const { digest } = await drafted(id)
  await expect(releasePack(desk, { id, digest: 'f'.repeat(64), by: 'user:lead' })).rejects.toMatchObject({
    code: 'state.conflict',
  })
  expect(await releasePack(desk, { id, digest, by: 'user:lead' })).toBe(1)
  await expect(releasePack(desk, { id, digest, by: 'user:lead' })).rejects.toMatchObject({ code: 'state.conflict' })
  const version = (await packById(house.db, id))?.released[0]
  const note = openNote(version?.signature ?? '', desk.key.verifier)
  if (note.kind !== 'signed') throw new Error(note.why)
  for (const name of ['pack.json', 'assets.csv', 'vulnerabilities.csv', 'changes.csv'] as const) {
    const bytes = await packFile(house.db, id, 1, name)
    expect(note.text).toContain(`${sha256Hex(bytes ?? Buffer.alloc(0))}  ${name}\n`)
  }
  const records = await house.db
    .selectFrom('ledger_entry')
    .select(['kind', 'leaf'])
    .where('leaf', 'like', `%pack:${id}%`)
    .orderBy('at')
    .execute()
  expect(records.map(({ kind }) => kind)).toEqual(['pack.defined', 'pack.drafted', 'pack.released'])
  expect(records.at(-1)?.leaf).toContain(version?.files['assets.csv'])
  // A spreadsheet must not run what somebody wrote into a field.
  expect((await packFile(house.db, id, 1, 'assets.csv'))?.toString()).toContain(",'=cmd|shop,")
})

test('the next version says what changed since the last one', async () => {
  const id = await define(await provider('again', ['host', 'internal-address', 'person']))
  await releasePack(desk, { id, digest: (await drafted(id)).digest, by: 'user:lead' })
  expect((await drafted(id)).content.changes).toMatchObject({ since: 1, added: [], removed: [], changed: [] })
  await take(`${head + payroll + shop}new-1,192.0.2.30,,,Scanner,medium,,no\n`)
  await editFact(
    house.db,
    { noun: 'assets', entity: 'pay-01', field: 'criticality', value: 'critical', note: '', by: 'user:lead' },
    clock,
  )
  const { content, digest } = await drafted(id)
  expect(content.version).toBe(2)
  expect(content.changes).toEqual({
    ...{ since: 1, added: ['new-1'], removed: ['lab-9'], opened: [], closed: [] },
    changed: [{ asset: 'pay-01', field: 'criticality', before: 'high', after: 'critical' }],
  })
  await releasePack(desk, { id, digest, by: 'user:lead' })
  expect((await packFile(house.db, id, 2, 'changes.csv'))?.toString()).toBe(
    'what,asset,fieldOrCve,before,after\r\nadded,new-1,,,\r\nremoved,lab-9,,,\r\nchanged,pay-01,criticality,high,critical\r\n',
  )
  expect((await listPacks(house.db)).find(({ definition }) => definition.id === id)?.released).toHaveLength(2)
})

test('open weaknesses go along under the names of the pack, but for what does not affect us; what is fixed is told as closed', async () => {
  const id = await define(await provider('weak', []), { vulnerabilities: 'known-exploited' })
  const at = (day: string) => new Date(`2026-10-${day}T00:00:00Z`)
  const { db } = house
  await sql`
    insert into scan_host (id, source, key, names, first_scanned_at, scanned_at, seen_import, seen_at, looked_for, asset)
      overriding system value values (1, 's', 'h', '{pay-01}', ${at('01')}, ${at('01')}, 1, ${at('01')}, 'vulnerabilities', 'PAY-01');
  `.execute(db)
  await sql`
    insert into scan_check (id, scanner, code, title, severity, cves, import) overriding system value values
      (1, 'nessus', '1', 'one', 4, '{CVE-2026-0001,CVE-2026-0002}', 1), (2, 'nessus', '2', 'two', 3, '{CVE-2026-0003}', 1)`.execute(
    db,
  )
  await sql`
    insert into scan_finding (host_id, check_id, port, import, first_seen, last_seen, by_login, protocol)
    select 1, n, 443, 1, ${at('01')}, ${at('01')}, true, 'tcp' from generate_series(1, 2) n`.execute(db)
  await sql`insert into cve (id, kev_added) values ('CVE-2026-0001', '2026-10-02'), ('CVE-2026-0003', '2026-10-02')`.execute(
    db,
  )
  await sql`
    insert into vulnerability_word (id, cve, status, reason, said_by, said_at)
    values (gen_random_uuid(), 'CVE-2026-0003', 'not-affected', 'module is not loaded', 'user:test', now())`.execute(db)
  const { content, digest, text } = await drafted(id)
  const [host] = content.vulnerabilities.map((one) => one.asset)
  expect(await valueBehind(db, 'weak', host ?? '')).toBe('pay-01')
  expect(text.toLowerCase()).not.toContain('pay-01')
  expect(content.vulnerabilities).toEqual([
    {
      asset: host,
      cve: 'CVE-2026-0001',
      severity: 'critical',
      since: at('01').toISOString(),
      due: null,
      knownExploited: true,
    },
  ])
  await releasePack(desk, { id, digest, by: 'user:lead' })
  await sql`update scan_finding set fixed_at = now()`.execute(db)
  expect((await drafted(id)).content.changes).toMatchObject({
    opened: [],
    closed: [{ asset: host, cve: 'CVE-2026-0001' }],
  })
})

test('whoever has the key can tell that the files are whole, and which is not', async () => {
  const id = await define(await provider('kept', []))
  await releasePack(desk, { id, digest: (await drafted(id)).digest, by: 'user:lead' })
  const out = path.join(folder, 'handover')
  mkdirSync(out)
  for (const name of packFileNames) writeFileSync(path.join(out, name), (await packFile(house.db, id, 1, name)) ?? '')
  expect(problemsOf(out, desk.key.verifier.text)).toEqual([])
  writeFileSync(path.join(out, 'assets.csv'), 'name\r\n')
  expect(problemsOf(out, desk.key.verifier.text)).toEqual(['assets.csv: it is not the file that was signed'])
  const other = loadOrCreateKey(path.join(folder, 'other'))
  expect(problemsOf(out, other.verifier.text)).toEqual([expect.stringContaining('signature.txt')])
  expect(() => problemsOf(out, 'no key')).toThrow()
})

test('a definition is for a provider that is there, and who was slower is told', async () => {
  const definition = PackDefinition.parse({ id: 'x', title: 'x', providerId: 'nobody', fields: ['name'] })
  await expect(definePack(desk, { definition, version: 0, by: 'user:lead' })).rejects.toMatchObject({
    code: 'input.invalid',
  })
  const id = await define(await provider('slow', []))
  const pack = await packById(house.db, id)
  if (pack === null) throw new Error('no pack')
  expect(await definePack(desk, { definition: pack.definition, version: 1, by: 'user:a' })).toBe(2)
  await expect(definePack(desk, { definition: pack.definition, version: 1, by: 'user:b' })).rejects.toMatchObject({
    code: 'state.conflict',
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { runCommand, type Said } from '../../test/program.ts'
import { listSources } from '../db/lists.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-import-'))
let house: FreshDatabase
beforeAll(async () => {
  house = await freshDatabase()
})
afterAll(async () => {
  await house.close()
  rmSync(folder, { recursive: true })
})

function counterfoil(args: readonly string[], input = ''): Promise<Said> {
  const env = { COUNTERFOIL_DATA: path.join(folder, 'data'), DATABASE_URL: house.url }
  return runCommand(['import', ...args], env, { cwd: folder, input })
}
function file(name: string, text: string): string {
  const at = path.join(folder, name)
  writeFileSync(at, text)
  return at
}

test('takes the good rows, lists the bad ones on stderr, exits 0; JSON goes to stdout alone', async () => {
  const list = file('assets.csv', 'Host Name;IP;Wichtigkeit;Preis\nsrv-1;192.0.2.1;hoch;7\nsrv-2;nonsense;;7\n')
  const said = await counterfoil(['assets', list])
  expect(said).toMatchObject({ code: 0, err: 'row 3, IP: "nonsense" is no IP address\n' })
  expect(said.out).toContain('assets (assets): 2 rows, 1 taken, 1 refused')
  expect(said.out).toContain('criticality  <- Wichtigkeit')
  expect(said.out).toContain('not used     Preis')
  const json = await counterfoil([
    'assets',
    list,
    '--json',
    '--source',
    'cmdb',
    '--map',
    'role=Preis',
    '--map',
    'addresses=',
  ])
  expect(json.code).toBe(0)
  expect(JSON.parse(json.out)).toMatchObject({ taken: 2, refusedRows: 0, source: 'cmdb', mapping: { role: ['Preis'] } })
  expect((await listSources(house.db)).map(({ source, rows }) => [source, rows])).toEqual([
    ['assets', 1],
    ['cmdb', 2],
  ])
})

test('exits 1 when nothing could be taken, and keeps what was there; stdin and dry run', async () => {
  expect(await counterfoil(['people', '-'], 'name,mail\nAda,ada@example.com\n')).toMatchObject({ code: 0 })
  expect(
    await counterfoil(['people', '-', '--dry-run'], 'name,mail\nAl,al@example.com\nBo,bo@example.com\n'),
  ).toMatchObject({ code: 0 })
  const bad = await counterfoil(['people', '-'], 'name,mail\nAl,nonsense\n')
  expect(bad.code).toBe(1)
  expect(bad.out).toContain('what was there stays')
  expect((await listSources(house.db)).find((one) => one.noun === 'people')?.rows).toBe(1)
})

test('a wrong call exits 2, a missing file or column exits 1 and says what to do', async () => {
  expect((await counterfoil(['assets'])).code).toBe(2)
  expect((await counterfoil(['colours', 'x.csv'])).code).toBe(2)
  expect((await counterfoil(['assets', 'x.csv', '--map', 'name'])).code).toBe(2)
  const missing = await counterfoil(['assets', 'not-there.csv'])
  expect(missing.code).toBe(1)
  expect(missing.err).toContain('not-there.csv')
  const column = await counterfoil(['assets', file('odd.csv', 'Price\n1\n')])
  expect(column.code).toBe(1)
  expect(column.err).toContain('--map name=')
  expect((await counterfoil(['assets', '--help'])).out).toContain('criticality')
})

test('a list of what an alert never names keeps nobody from the other warning lists, and is named', async () => {
  const list = (name: string, type: string, entries: readonly string[]) =>
    file(
      `${name}.json`,
      JSON.stringify({ name, version: 1, description: '', type: 'string', matching_attributes: [type], list: entries }),
    )
  const good = list('good', 'domain', ['example.com'])
  const foreign = list('foreign', 'azure-application-id', ['0000'])
  const said = await counterfoil(['warninglist', foreign, good])
  expect(said).toMatchObject({ code: 0, out: 'good: 1 entries (string, harmless), 0 refused\n' })
  expect(said.err).toBe(
    `${foreign} is passed over: not one entry can be used: nothing that is asked about is of its kinds (azure-application-id)\n`,
  )
  expect((await counterfoil(['warninglist', foreign])).code).toBe(1)
})

test('a workbook is no list of indicators, whatever words stand in it by chance; what names none is said so', async () => {
  const workbook = file('feed.xlsx', 'PK\u0003\u0004\u0014\u0000evil.example.net\n')
  const empty = file('empty.json', '{"response": []}')
  const said = await counterfoil(['intelligence', workbook, empty])
  expect(said.code).toBe(1)
  expect(said.err).toContain(`${workbook} is passed over: it is no text in UTF-8`)
  expect(said.err).toContain('names nothing that is looked for')
  expect(said.out).toBe('empty (misp): 0 indicators taken (0 new), 0 not compared\n')
})

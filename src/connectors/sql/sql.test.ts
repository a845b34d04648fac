import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { TLSSocket } from 'node:tls'
import { sql as raw } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certificatesIn } from '../../../test/certificates.ts'
import { type FreshDatabase, freshDatabase } from '../../../test/database.ts'
import { type MariaDb, startMariaDb } from '../../../test/mariadb.ts'
import { fixedClock } from '../../kit/clock.ts'
import type { Connector } from '../../model/connector.ts'
import type { QuestionName } from '../../model/question.ts'
import { makeAsk } from '../ask.ts'
import { sql } from './index.ts'
import { placed } from './parameters.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const context = { signal: new AbortController().signal, clock }
let folder: string
let ca: string
let house: FreshDatabase
let maria: MariaDb
let postgresPort: number
const servers: Server[] = []
const sockets = new Set<Socket>()

/** PostgreSQL of the tests listens on a Unix socket only: this brings TCP, and TLS where a client asks for it (SSLRequest), to the same server. */
async function tcpTo(unix: string, key: string, cert: string): Promise<number> {
  const server = createServer((client) => {
    sockets.add(client)
    client.on('error', () => client.destroy())
    client.once('data', (first) => {
      const isTls = first.length === 8 && first.readInt32BE(4) === 80_877_103
      if (isTls) client.write('S')
      const inner = isTls ? new TLSSocket(client, { isServer: true, key, cert }) : client
      inner.on('error', () => inner.destroy())
      const behind = connect(unix)
      sockets.add(behind)
      behind.on('error', () => inner.destroy())
      inner.on('close', () => behind.destroy())
      behind.on('close', () => inner.destroy())
      if (!isTls) behind.write(first)
      inner.pipe(behind).pipe(inner)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return portOf(server)
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const tables = [
  'create table machine (id integer, host varchar(100), owner varchar(100), mail varchar(100), boss integer)',
  "insert into machine values (7, 'pay-db-01', 'Mara Weiss', 'mara.weiss@corp.example', 1), (8, 'twin', 'A', null, 0), (9, 'twin', 'B', null, 0), (10, 'o''neill;--', 'Quote', null, null)",
  'create table change_plan (id varchar(20), title varchar(100), starts timestamp null, ends timestamp null)',
  "insert into change_plan values ('C-1', 'Patch day', '2026-11-02 08:00:00', '2026-11-02 10:00:00')",
]

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cf-sql-'))
  certificatesIn(folder)
  const read = (name: string) => readFileSync(path.join(folder, name), 'utf8')
  ca = read('ca.pem')
  house = await freshDatabase()
  for (const statement of tables) await raw.raw(statement).execute(house.db)
  const url = new URL(house.url)
  postgresPort = await tcpTo(`${url.searchParams.get('host')}/.s.PGSQL.5432`, read('server.key'), read('server.pem'))
  maria = await startMariaDb()
  maria.run(
    `create database inventory; use inventory; ${tables.join('; ')}; create user reader@'%' identified by 'read-only-pass' require ssl; grant select on inventory.* to reader@'%'`,
  )
}, 180_000)
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers) server.close()
  await maria.stop()
  await house.close()
  rmSync(folder, { recursive: true })
})

const questions = {
  'owner-of-host': {
    sql: 'select id, owner as name, mail as email, boss as privileged from machine where host = :host',
    sample: { host: 'pay-db-01' },
  },
  'change-window-of-asset': {
    sql: "select id, title, starts, ends from change_plan where :asset <> ''",
    list: 'changes',
    columns: { from: 'starts', to: 'ends' },
  },
}

type Changes = { readonly password?: string } & Record<string, unknown>
type System = 'postgresql' | 'mariadb'

function source(system: System, { password, ...changes }: Changes = {}): Connector {
  const url = new URL(house.url)
  const own =
    system === 'postgresql'
      ? { port: postgresPort, database: url.pathname.slice(1), user: url.username, ca, secret: url.password }
      : { port: maria.port, database: 'inventory', user: 'reader', ca: maria.ca, secret: 'read-only-pass' }
  const { secret, ...place } = own
  const settings = {
    system,
    host: 'localhost',
    allowAddresses: ['127.0.0.0/8', '::1'],
    questions,
    ...place,
    ...changes,
  }
  return sql.open({ id: 'inventory', title: 'Inventory', settings, secret: async () => password ?? secret })
}

async function asked(connector: Connector, ask: Record<string, unknown>, question: QuestionName = 'owner-of-host') {
  const all = await makeAsk({ connectors: [connector], clock, news: () => undefined })(question, ask, {
    signal: context.signal,
  })
  return all[0]?.answered
}
const query = (text: string) => ({ questions: { 'owner-of-host': { sql: text } } })

describe.each(['postgresql', 'mariadb'] as const)('a real %s', (system) => {
  test('a row is an answer, with the words of the field; no row is "nothing"', async () => {
    expect(await asked(source(system), { host: 'pay-db-01' })).toMatchObject({
      kind: 'found',
      answer: { id: '7', name: 'Mara Weiss', email: 'mara.weiss@corp.example', privileged: true, manager: null },
      query: expect.stringContaining('-- host = pay-db-01'),
    })
    expect(await asked(source(system), { host: 'nobody' })).toMatchObject({ kind: 'nothing' })
    expect(await asked(source(system), { asset: 'x' }, 'change-window-of-asset')).toMatchObject({
      kind: 'found',
      answer: {
        changes: [
          {
            id: 'C-1',
            title: 'Patch day',
            from: '2026-11-02T08:00:00.000Z',
            to: '2026-11-02T10:00:00.000Z',
            owner: null,
          },
        ],
      },
    })
  })

  test('a value is bound: quotes, statements and NULs in it are letters', async () => {
    expect(await asked(source(system), { host: "o'neill;--" })).toMatchObject({
      kind: 'found',
      answer: { name: 'Quote' },
    })
    for (const host of ["' or '1'='1", "x'; drop table machine; --", '\\', 'a\u0000b', "\\' or 1=1 -- "])
      expect([host, (await asked(source(system), { host }))?.kind]).toEqual([host, 'nothing'])
    expect(await asked(source(system), { host: 'pay-db-01' })).toMatchObject({ kind: 'found' })
  })

  test('two rows for one answer are a failure; rows beyond the limit are cut and said', async () => {
    expect(await asked(source(system), { host: 'twin' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('2 rows fit'),
    })
    const many = {
      questions: {
        'change-window-of-asset': {
          sql: 'select m.id, m.host as title, n.host as "from", n.host as "to" from machine m, machine n',
          list: 'changes',
        },
      },
      rowsMax: 5,
    }
    const backticks = JSON.parse(JSON.stringify(many).replaceAll('\\"', '`')) as typeof many
    const answered = await asked(
      source(system, system === 'mariadb' ? backticks : many),
      { asset: 'x' },
      'change-window-of-asset',
    )
    expect(answered).toMatchObject({ kind: 'found', warnings: [expect.stringContaining('first 5')] })
    expect((answered as { answer: { changes: unknown[] } }).answer.changes).toHaveLength(5)
  })

  test('refused: a wrong password, another name in the certificate, an address that is not allowed, a table that is not there', async () => {
    expect(await asked(source(system, { password: 'wrong' }), { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: 'it refuses our user or password',
    })
    expect(await asked(source(system, { ca: '' }), { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/certificate|self.signed/i),
    })
    expect(await asked(source(system, { allowAddresses: [] }), { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('allowAddresses'),
    })
    expect(await asked(source(system, query('select * from absent where x = :host')), { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('absent'),
    })
  })

  test('slow: the server stops the query, and the answer is a failure', async () => {
    const slow =
      system === 'postgresql'
        ? 'select pg_sleep(20)::text as id, :host as name'
        : 'select sleep(20) as id, :host as name from machine'
    expect(await asked(source(system, { ...query(slow), timeoutMs: 1_000 }), { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/took too long|no answer within/),
    })
  })

  test('flood: more than the limit of bytes breaks the connection', async () => {
    const flood =
      system === 'postgresql'
        ? "select repeat('x', 60000000) as id, :host as name"
        : "select repeat(repeat('x', 1000000), 15) as id, :host as name"
    const answered = await asked(source(system, { ...query(flood), timeoutMs: 20_000 }), { host: 'x' })
    expect(answered).toMatchObject({ kind: 'failed', why: expect.stringMatching(/sends more than|answered nonsense/) })
  })

  test('nonsense: columns that are no answer are a failure', async () => {
    expect(
      await asked(source(system, query('select host from machine where host = :host')), { host: 'pay-db-01' }),
    ).toMatchObject({ kind: 'failed', why: expect.stringContaining('nonsense') })
  })

  test('the test button shows a row, as whom, and that it cannot write', async () => {
    const tried = await source(system).tryOut?.(context)
    expect(tried).toMatchObject({
      kind: 'read',
      rows: [expect.objectContaining({ question: 'owner-of-host', name: 'Mara Weiss' })],
    })
    // The user of PostgreSQL here owns its tables; that of MariaDB may only read.
    expect(tried).toMatchObject({
      warnings: system === 'postgresql' ? [expect.stringContaining('may also write')] : [],
    })
    expect(await source(system).health(context)).toMatchObject({ state: 'active' })
    expect(await source(system, { password: 'wrong' }).tryOut?.(context)).toMatchObject({ kind: 'failed' })
  })
})

test('nothing is written, not even by a function or a part of a query', async () => {
  await raw`create function sneaky() returns integer language sql as 'insert into machine values (99) returning id'`.execute(
    house.db,
  )
  for (const text of [
    'select sneaky() as id, :host as name',
    'with gone as (delete from machine returning id) select id, :host as name from gone',
  ])
    expect(await asked(source('postgresql', query(text)), { host: 'x' })).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/read-only|must not contain data-modifying/),
    })
  const { rows } = await raw<{ n: string }>`select count(*) as n from machine`.execute(house.db)
  expect(Number(rows[0]?.n)).toBe(4)
})

test('places are found in code only, and a second statement is refused', () => {
  expect(placed("select a::text, ':no' from t where b = :host and c = :host and d = :at -- :no", 'postgresql')).toEqual(
    {
      text: "select a::text, ':no' from t where b = $1 and c = $1 and d = $2 -- :no",
      names: ['host', 'at'],
    },
  )
  expect(placed('select `:no`, ":no" from t where b = :host or c = :host;', 'mariadb')).toEqual({
    text: 'select `:no`, ":no" from t where b = ? or c = ?',
    names: ['host', 'host'],
  })
  expect(placed('select $q$ ; :no $q$, a[1:2] from t where b = :host', 'postgresql').names).toEqual(['host'])
  for (const bad of ['select 1; drop table t', 'delete from t', '/* select */ update t set a = 1', 'commit'])
    expect(() => placed(bad, 'postgresql')).toThrow()
  expect(() => placed('select 1 /*! into outfile */', 'mariadb')).toThrow()
})

test('settings that cannot be asked are refused with the question they are about', () => {
  const open = (changes: Record<string, unknown>) => () => source('postgresql', changes)
  expect(open(query('select :nobody as id'))).toThrow(
    expect.objectContaining({ details: expect.objectContaining({ problem: expect.stringContaining(':nobody') }) }),
  )
  expect(open({ questions: { 'owner-of-host': { sql: 'select 1', list: 'name' } } })).toThrow()
  expect(open({ questions: { 'owner-of-host': { sql: 'select 1', columns: { nme: 'x' } } } })).toThrow()
  expect(open({ questions: {} })).toThrow()
})

import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Slapd, startSlapd } from '../../../test/slapd.ts'
import { fixedClock } from '../../kit/clock.ts'
import type { Connector } from '../../model/connector.ts'
import type { QuestionName } from '../../model/question.ts'
import { makeAsk } from '../ask.ts'
import { ldap } from './index.ts'
import { accountName } from './read.ts'
import { filetime, generalizedTime, guidText, siblingSid, sidText } from './values.ts'

const clock = fixedClock('2026-11-02T09:00:00.000Z')
const forever = new AbortController().signal
const suffix = 'dc=corp,dc=example'
/** More groups than a page holds, and more than the server gives to whoever does not page. */
const manyGroups = 1_200
let slapd: Slapd
const opened: Connector[] = []

beforeAll(async () => {
  const own = readFileSync(path.join(import.meta.dirname, 'fixture', 'corp.ldif'), 'utf8')
  const groups = Array.from(
    { length: manyGroups },
    (_, n) =>
      `dn: cn=many-${n},ou=groups,${suffix}\nobjectClass: groupOfNames\ncn: many-${n}\nmember: uid=jkern,ou=people,${suffix}\n`,
  )
  slapd = await startSlapd(`${own}\n${groups.join('\n')}`, suffix)
}, 120_000)
afterAll(async () => {
  for (const connector of opened) await connector.close?.()
  await slapd.stop()
})

const usual = () => ({
  host: 'localhost',
  port: slapd.tlsPort,
  security: 'ldaps',
  ca: slapd.ca,
  schema: 'openldap',
  baseDn: suffix,
  personBase: `ou=people,${suffix}`,
  hostBase: `ou=machines,${suffix}`,
  groupBase: `ou=groups,${suffix}`,
  bindDn: `cn=reader,${suffix}`,
  privilegedGroups: ['domain-admins'],
  allowAddresses: ['127.0.0.0/8', '::1'],
})

function directory(changes: Record<string, unknown> = {}, password: string | null = 'read-only-pass'): Connector {
  const connector = ldap.open({
    id: 'corp',
    title: 'Corp',
    settings: { ...usual(), ...changes },
    secret: async () => password,
  })
  opened.push(connector)
  return connector
}

async function asked(connector: Connector, question: QuestionName, ask: Record<string, unknown>) {
  const all = await makeAsk({ connectors: [connector], clock, news: () => undefined })(question, ask, {
    signal: forever,
  })
  return all[0]?.answered
}

describe('what a real OpenLDAP server answers', () => {
  test('who is behind an account, by name, Windows name and mail; with manager and privileges', async () => {
    const corp = directory({ domains: ['CORP', 'corp.example'] })
    for (const account of ['ameyer', 'CORP\\ameyer', 'ameyer@corp.example', 'anna.meyer@corp.example', 'AMEYER'])
      expect(await asked(corp, 'person-of-account', { account })).toMatchObject({
        kind: 'found',
        answer: {
          name: 'Anna Meyer',
          account: 'ameyer',
          department: 'Finance',
          manager: 'Mara Weiss',
          privileged: false,
        },
      })
    expect(await asked(corp, 'person-of-account', { account: 'mweiss' })).toMatchObject({
      kind: 'found',
      answer: { privileged: true, manager: null },
    })
  })

  test('an account of another domain is not taken for ours', async () => {
    expect(
      await asked(directory({ domains: ['CORP'] }), 'person-of-account', { account: 'OTHER\\ameyer' }),
    ).toMatchObject({
      kind: 'not-applicable',
      why: expect.stringContaining('OTHER'),
    })
    expect(await asked(directory(), 'person-of-account', { account: 'OTHER\\ameyer' })).toMatchObject({
      kind: 'found',
      warnings: [expect.stringContaining('OTHER')],
    })
  })

  test('whom a person reports to; who reports to nobody is "nothing", and a manager who is gone is not', async () => {
    const corp = directory()
    expect(await asked(corp, 'manager-of-person', { person: 'Anna Meyer' })).toMatchObject({
      kind: 'found',
      answer: { name: 'Mara Weiss', email: 'mara.weiss@corp.example' },
    })
    expect(await asked(corp, 'manager-of-person', { person: 'mweiss' })).toMatchObject({ kind: 'nothing' })
    expect(await asked(corp, 'manager-of-person', { person: 'jkern' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('uid=gone'),
    })
  })

  test('groups: those of groups too, a ring ends, memberUid counts, and pages are all read', async () => {
    const corp = directory()
    const mweiss = await asked(corp, 'groups-of-account', { account: 'mweiss' })
    expect(mweiss).toMatchObject({ kind: 'found', answer: { nested: true, more: false } })
    expect(
      (mweiss as { answer: { groups: { name: string; privileged: boolean }[] } }).answer.groups.map((one) => [
        one.name,
        one.privileged,
      ]),
    ).toEqual([
      ['operators', false],
      ['domain-admins', true],
    ])
    expect(await asked(corp, 'groups-of-account', { account: 'ameyer' })).toMatchObject({
      answer: { groups: [{ name: 'payroll' }] },
    })
    const many = await asked(corp, 'groups-of-account', { account: 'jkern' })
    expect(many).toMatchObject({ kind: 'found', answer: { more: true } })
    expect((many as { answer: { groups: unknown[] } }).answer.groups).toHaveLength(1_000)
  })

  test('the state of an account', async () => {
    const corp = directory()
    expect(await asked(corp, 'account-state', { account: 'jkern' })).toMatchObject({
      kind: 'found',
      answer: { locked: true },
    })
    expect(await asked(corp, 'account-state', { account: 'ameyer' })).toMatchObject({
      answer: {
        locked: null,
        expiresAt: '2027-01-01T00:00:00.000Z',
        passwordChangedAt: '2026-09-04T00:00:00.000Z',
        createdAt: expect.stringMatching(/^20/),
      },
    })
  })

  test('a machine and its owner; a short name counts only where one side has no domain', async () => {
    const corp = directory()
    expect(await asked(corp, 'asset-of-host', { host: 'PAY-DB-01.corp.example' })).toMatchObject({
      kind: 'found',
      answer: {
        name: 'pay-db-01',
        addresses: ['192.0.2.7'],
        owner: 'Mara Weiss',
        role: 'payroll database',
        site: 'Kassel',
      },
    })
    expect(await asked(corp, 'owner-of-host', { host: 'pay-db-01' })).toMatchObject({
      kind: 'found',
      answer: { account: 'mweiss' },
    })
    expect(await asked(corp, 'owner-of-host', { host: 'web-01.apac.corp.example' })).toMatchObject({ kind: 'nothing' })
    expect(await asked(corp, 'owner-of-host', { host: 'web-01.emea.corp.example' })).toMatchObject({ kind: 'nothing' })
    expect(await asked(corp, 'owner-of-host', { host: 'old-01' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('uid=gone'),
    })
  })

  test('two that fit are a failure that names both, and what is not there is "nothing"', async () => {
    const corp = directory()
    expect(await asked(corp, 'person-of-account', { account: 'twins@corp.example' })).toMatchObject({
      kind: 'failed',
      why: expect.stringMatching(/uid=twin-one.* and uid=twin-two/),
    })
    expect(await asked(corp, 'person-of-account', { account: 'nobody-here' })).toMatchObject({
      kind: 'nothing',
      query: expect.stringContaining('nobody-here'),
    })
  })

  test('letters of filters are letters: nobody is found by a star', async () => {
    const corp = directory()
    for (const account of [
      '*',
      'a*',
      '*)(uid=*',
      'ameyer)(objectClass=*',
      'x\\2a',
      '\u0000',
      'ameyer\u0000',
      '(|(uid=*))',
      `${'a'.repeat(9_000)}`,
    ])
      expect([account.slice(0, 20), (await asked(corp, 'person-of-account', { account }))?.kind]).toEqual([
        account.slice(0, 20),
        'nothing',
      ])
    for (const host of ['*', 'pay*', '*)(cn=*'])
      expect((await asked(corp, 'asset-of-host', { host }))?.kind).toBe('nothing')
  })

  test('part of the tree on another server is not "nothing there"', async () => {
    expect(
      await asked(directory({ personBase: suffix }), 'person-of-account', { account: 'nobody-here' }),
    ).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('ldap://branch.example'),
    })
    expect(await asked(directory({ personBase: suffix }), 'person-of-account', { account: 'ameyer' })).toMatchObject({
      kind: 'found',
    })
  })
})

describe('the way there', () => {
  test('STARTTLS and plain text work where they are said; the authority and the name are judged before the password is sent', async () => {
    for (const way of [
      { security: 'starttls', port: slapd.port },
      { security: 'plain-text', port: slapd.port },
    ])
      expect(await asked(directory(way), 'person-of-account', { account: 'ameyer' })).toMatchObject({ kind: 'found' })
    for (const way of [{ ca: '' }, { security: 'starttls', port: slapd.port, ca: '' }, { host: '127.0.0.2' }])
      expect(await asked(directory(way), 'person-of-account', { account: 'ameyer' })).toMatchObject({
        kind: 'failed',
        why: expect.stringMatching(/certificate|IP/i),
      })
  })

  test('refused: a wrong password, none, and no rights are failures, never "nothing"', async () => {
    expect(await asked(directory({}, 'wrong'), 'person-of-account', { account: 'ameyer' })).toMatchObject({
      kind: 'failed',
      why: `it refuses the password of cn=reader,${suffix}`,
    })
    expect(await asked(directory({}, null), 'person-of-account', { account: 'ameyer' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('no password'),
    })
    expect(await asked(directory({ bindDn: '' }), 'person-of-account', { account: 'ameyer' })).toMatchObject({
      kind: 'failed',
    })
  })

  test('addresses that it may not reach are not connected to', async () => {
    expect(await asked(directory({ allowAddresses: [] }), 'person-of-account', { account: 'ameyer' })).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('allowAddresses'),
    })
  })

  test('a session that the server ended is not used again, and one that is idle is', async () => {
    const corp = directory()
    const both = await Promise.all(
      ['ameyer', 'mweiss', 'jkern', 'twin-one', 'twin-two', 'ameyer'].map((account) =>
        asked(corp, 'person-of-account', { account }),
      ),
    )
    expect(both.map((one) => one?.kind)).toEqual(['found', 'found', 'found', 'found', 'found', 'found'])
    expect(await asked(corp, 'person-of-account', { account: 'ameyer' })).toMatchObject({ kind: 'found' })
  })

  test('the test button reads a person and a machine, and says as whom; no password is among it', async () => {
    const tried = await directory().tryOut?.({ signal: forever, clock })
    expect(tried).toMatchObject({
      kind: 'read',
      says: expect.stringContaining('cn=reader'),
      can: [expect.stringContaining('people'), expect.stringContaining('machines')],
      warnings: [],
    })
    expect(JSON.stringify(tried)).toContain('uid')
    expect(JSON.stringify(tried)).not.toMatch(/read-only-pass|userPassword/i)
    expect(await directory({}, 'wrong').tryOut?.({ signal: forever, clock })).toMatchObject({ kind: 'failed' })
    // A directory says 32 and no word; whoever sets it up reads what to look at.
    expect(
      await directory({ baseDn: 'dc=other', personBase: '', hostBase: '' }).tryOut?.({ signal: forever, clock }),
    ).toMatchObject({ kind: 'failed', why: expect.stringContaining('the base DN') })
    expect(await directory({ allowAddresses: [] }).tryOut?.({ signal: forever, clock })).toMatchObject({
      kind: 'failed',
      next: expect.stringContaining('Internal addresses it may reach'),
    })
    expect(await directory({ host: 'nowhere.invalid' }).tryOut?.({ signal: forever, clock })).toMatchObject({
      kind: 'failed',
      why: 'no name server knows nowhere.invalid',
    })
    expect(await directory().health({ signal: forever, clock })).toMatchObject({ state: 'active' })
    expect(await directory({}, 'wrong').health({ signal: forever, clock })).toMatchObject({ state: 'failing' })
  })
})

describe('a server that misbehaves', () => {
  const servers: Server[] = []
  const sockets: Socket[] = []
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    for (const server of servers) server.close()
  })
  async function misbehaving(answer: (socket: Socket, data: Buffer) => void, timeoutMs = 500): Promise<Connector> {
    const server = createServer((socket) => {
      sockets.push(socket)
      socket.on('error', () => undefined)
      socket.once('data', (data) => answer(socket, data))
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return directory({ host: '127.0.0.1', port, security: 'plain-text', timeoutMs })
  }

  test('slow: it is given up in time', async () => {
    expect(await asked(await misbehaving(() => undefined), 'person-of-account', { account: 'ameyer' })).toMatchObject({
      kind: 'failed',
    })
  })

  test('nonsense: bytes that are no LDAP are a failure', async () => {
    const odd = await misbehaving((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))
    expect(await asked(odd, 'person-of-account', { account: 'ameyer' })).toMatchObject({ kind: 'failed' })
  })

  test('flood: an answer without end is cut off, and the failure says so', async () => {
    const flood = await misbehaving((socket, bind) => {
      // A bind that succeeds, then a message that says it is 1 GiB long.
      socket.write(
        Buffer.from([0x30, 0x0c, 0x02, 0x01, bind[4] ?? 0, 0x61, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00]),
      )
      socket.once('data', () => {
        socket.write(Buffer.from([0x30, 0x84, 0x40, 0x00, 0x00, 0x00]))
        const chunk = Buffer.alloc(256 * 1024, 0x41)
        const pour = () => {
          if (!socket.destroyed) socket.write(chunk, () => setImmediate(pour))
        }
        pour()
      })
    }, 30_000)
    const answered = await asked(flood, 'person-of-account', { account: 'ameyer' })
    expect(answered).toMatchObject({ kind: 'failed', why: expect.stringContaining('it sends more than') })
  })
})

test('names and values as directories write them', () => {
  expect(accountName('CORP\\ameyer')).toMatchObject({ user: 'ameyer', domain: 'CORP' })
  expect(accountName('a.b@corp.example')).toMatchObject({ user: 'a.b', domain: 'corp.example' })
  // 1970 began 116,444,736,000,000,000 ticks after 1601.
  expect(filetime('116444736010000000')).toBe('1970-01-01T00:00:01.000Z')
  expect([filetime('0'), filetime('9223372036854775807'), filetime(null), filetime('x')]).toEqual([
    null,
    null,
    null,
    null,
  ])
  expect(generalizedTime('20261102090000.0Z')).toBe('2026-11-02T09:00:00.000Z')
  expect(generalizedTime('20261102100000+0100')).toBe('2026-11-02T09:00:00.000Z')
  expect(generalizedTime('yesterday')).toBeNull()
  const sid = Buffer.from('010500000000000515000000010000000200000003000000f4010000', 'hex')
  expect(sidText(sid)).toBe('S-1-5-21-1-2-3-500')
  expect(sidText(siblingSid(sid, 512))).toBe('S-1-5-21-1-2-3-512')
  expect(guidText(Buffer.from('33221100554477668899aabbccddeeff', 'hex'))).toBe('00112233-4455-6677-8899-aabbccddeeff')
})

import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { startTimeAuthority, type TimeAuthority, type TimeFault } from '../../test/time-authority.ts'
import { openTimestamps } from '../outbox/timestamp/index.ts'
import { append } from './append.ts'
import { auditDatabase } from './audit-database.ts'
import { exportLedger } from './export.ts'
import { type LedgerKey, loadOrCreateKey } from './key.ts'
import { cutLines } from './lines.ts'
import { sequenceAll } from './sequencer.ts'
import { stampOnce } from './stamper.ts'
import { checkStamp } from './timestamp.ts'
import { type VerifyOptions, verifyExport } from './verify.ts'

const hourMs = 3_600_000
const script = path.resolve(import.meta.dirname, '../../tools/verify-export.mjs')

let database: FreshDatabase
let authority: TimeAuthority
let folder: string
let key: LedgerKey
let now = Date.now()
const clock = { now: () => new Date(now) }
beforeAll(async () => {
  ;[database, authority] = await Promise.all([freshDatabase(), startTimeAuthority()])
  folder = mkdtempSync(path.join(tmpdir(), 'counterfoil-stamp-'))
  key = loadOrCreateKey(folder)
})
afterAll(async () => {
  await authority?.stop()
  await database?.close()
  rmSync(folder, { recursive: true, force: true })
})

const certificate = (name: string) => new X509Certificate(readFileSync(path.join(authority.folder, `${name}.pem`)))
const needs = (allowAddresses = ['127.0.0.1']) => ({
  ...{ db: database.db, clock, key, everyMs: hourMs, trusted: [certificate('root')] },
  ask: openTimestamps({ url: authority.url, allowAddresses }, clock).ask,
})
/** Something happens in the house, and gets its place. */
async function record(): Promise<void> {
  const line = { kind: 'sample.tested' as const, actor: 'system', subject: 'house', body: {} }
  await append(database.db, line, clock)
  await sequenceAll({ db: database.db, clock, key })
}
/** One look, and, where it asked for a stamp, the next, when the record of that has its place. */
async function look(with_ = needs()) {
  const first = await stampOnce(with_)
  await sequenceAll({ db: database.db, clock, key })
  return first.kind === 'asked' ? stampOnce(with_) : first
}
const rows = () => database.db.selectFrom('ledger_stamp').selectAll().orderBy('asked_at').execute()
async function exported(): Promise<string> {
  await sequenceAll({ db: database.db, clock, key })
  let text = ''
  const attach = { replies: false, messages: false }
  await exportLedger({ db: database.db, clock, key }, { scope: { kind: 'all' }, attach }, async (part) => {
    text += part
  })
  return text
}
const verdictOf = (text: string, options: VerifyOptions = {}) =>
  verifyExport(
    cutLines(
      (async function* () {
        yield Buffer.from(text)
      })(),
    ),
    { key: key.verifier, ...options },
  )

test('a real authority stamps a signed head; OpenSSL judges our query and what we keep; the export carries it and is verified offline', async () => {
  expect(await stampOnce(needs())).toEqual({ kind: 'idle' })
  expect(await rows()).toEqual([])
  await record()
  expect(await look()).toEqual({ kind: 'stamped' })
  const [row] = await rows()
  writeFileSync(path.join(authority.folder, 'ours.tsq'), authority.asked[0] ?? '')
  const query = authority.openssl('ts', '-query', '-in', 'ours.tsq', '-text')
  expect(query).toMatch(/Version: 1[\s\S]*Hash Algorithm: sha256[\s\S]*Nonce: 0x01[\s\S]*Certificate required: yes/)
  writeFileSync(path.join(authority.folder, 'head'), row?.note ?? '')
  writeFileSync(path.join(authority.folder, 'token'), row?.token ?? '')
  const files = ['-data', 'head', '-in', 'token', '-token_in']
  expect(authority.openssl('ts', '-verify', ...files, '-CAfile', 'root.pem')).toContain('Verification: OK')
  expect(() => authority.openssl('ts', '-verify', ...files, '-CAfile', 'other.pem')).toThrow()

  const text = await exported()
  const said = await verdictOf(text, { authority: [certificate('root')] })
  expect(said).toMatchObject({
    ...{ ok: true, complete: true, problems: [] },
    stamps: {
      count: 1,
      trust: 'checked',
      newest: { size: 2, at: row?.stamped_at?.toISOString(), authority: 'CN=Time stamps good' },
    },
  })
  // Its own certificate does as well as the one that vouches for it; a foreign one does not.
  expect(await verdictOf(text, { authority: [certificate('good')] })).toMatchObject({ ok: true })
  expect((await verdictOf(text, { authority: [certificate('other')] })).problems).toMatchObject([
    { says: expect.stringContaining('of an authority that is not trusted here') },
  ])
  expect(await verdictOf(text)).toMatchObject({ ok: true, stamps: { trust: 'not-checked' } })
  writeFileSync(path.join(folder, 'all.jsonl'), text)
  const alone = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, [script, path.join(folder, 'all.jsonl'), key.verifier.text], (error, out) =>
      error === null ? resolve(out) : reject(new Error(out)),
    )
  })
  expect(alone).toContain('1 time stamps are over heads of this ledger')
  expect(await auditDatabase(database.db, key.verifier)).toMatchObject({ ok: true })
})

test('nothing but a question for a time stamp passes the gate to an authority', async () => {
  const { ask } = needs()
  const [query] = authority.asked
  const before = authority.asked.length
  const longer = Buffer.concat([query ?? Buffer.alloc(0), Buffer.from('who asked for it')])
  for (const bytes of [longer, Buffer.from('the hosts of the house'), Buffer.alloc(0)])
    await expect(ask(bytes)).rejects.toMatchObject({ code: 'internal' })
  expect(authority.asked).toHaveLength(before)
})

test('nothing is asked again before its time, or while nothing happened', async () => {
  const before = authority.asked.length
  await record()
  expect(await look()).toEqual({ kind: 'idle' })
  now += hourMs + 1
  expect(await look()).toEqual({ kind: 'stamped' })
  now += hourMs + 1
  expect(await look()).toEqual({ kind: 'idle' })
  expect(authority.asked).toHaveLength(before + 1)
})

const faults: readonly [TimeFault, RegExp][] = [
  ['nonsense', /no time stamp/],
  ['error', /status 500/],
  ['rejects', /stamps nothing: status 2/],
  ['old-answer', /over another digest|another question/],
  ['other-hash', /over another digest/],
  ['foreign', /not trusted here/],
  ['expired', /not valid at the time/],
]
test('an authority that is down, or lies, is said and asked again later, and never keeps the ledger waiting', async () => {
  await record()
  now += hourMs + 1
  // Not allowed by the guard, then nobody there.
  expect(await look(needs([]))).toMatchObject({ kind: 'failed', why: expect.stringContaining('allowAddresses') })
  const gone = openTimestamps({ url: 'http://127.0.0.1:1/', allowAddresses: ['127.0.0.1'] }, clock)
  now += hourMs
  expect(await look({ ...needs(), ask: gone.ask })).toMatchObject({
    kind: 'failed',
    why: expect.stringMatching(/reached/),
  })
  for (const [fault, says] of faults) {
    authority.setFault(fault)
    expect(await look(), 'before its time').toEqual({ kind: 'idle' })
    now += hourMs
    const done = await look()
    expect(done, fault).toMatchObject({ kind: 'failed', why: expect.stringMatching(says) })
    const waiting = (await rows()).filter(({ token }) => token === null)
    expect(waiting, fault).toMatchObject([{ says: expect.stringMatching(says) }])
    // The ledger goes on.
    await record()
    expect(await verdictOf(await exported())).toMatchObject({ ok: true, problems: [] })
  }
  authority.setFault('none')
  now += hourMs
  expect(await look()).toEqual({ kind: 'stamped' })
  expect((await rows()).every(({ token, says }) => token !== null && says === '')).toBe(true)
})

test('a wrong nonce is found even where the digest is ours, and a token with another time, digest or use does not hold', async () => {
  await record()
  now += hourMs + 1
  authority.setFault('error')
  await look()
  // The same head, asked once more: its first answer is played again.
  authority.setFault('none')
  const good = needs()
  let first: Buffer | null = null
  now += hourMs
  const twice = await look({
    ...good,
    ask: async (query) => {
      const answer = await good.ask(query)
      if (answer.kind === 'answer') first = answer.bytes
      return { kind: 'none', why: 'the answer got lost' }
    },
  })
  expect(twice).toMatchObject({ kind: 'failed' })
  now += hourMs
  const replayed = await look({ ...good, ask: async () => ({ kind: 'answer', bytes: first ?? Buffer.alloc(0) }) })
  expect(replayed).toMatchObject({ kind: 'failed', why: expect.stringContaining('nonce') })
  now += hourMs
  expect(await look()).toEqual({ kind: 'stamped' })

  const [row] = await rows()
  const token = row?.token ?? Buffer.alloc(0)
  const sha256 = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(row?.note ?? '')))
  const trusted = [certificate('root')]
  expect(checkStamp(token, { sha256, trusted })).toMatchObject({ kind: 'stamped' })
  // A certificate of the same root that is for mail: signed as a time stamp is, and for none.
  writeFileSync(path.join(authority.folder, 'first'), token)
  authority.openssl('cms', '-verify', '-in', 'first', '-inform', 'DER', '-noverify', '-binary', '-out', 'tst.der')
  const signing = ['cms', '-sign', '-cades', '-binary', '-nodetach', '-econtent_type', '1.2.840.113549.1.9.16.1.4']
  const signAs = (name: string): Buffer => {
    const by = ['-signer', `${name}.pem`, '-inkey', `${name}.key`, '-md', 'sha256', '-outform', 'DER', '-out', name]
    authority.openssl(...signing, '-in', 'tst.der', ...by)
    return readFileSync(path.join(authority.folder, name))
  }
  expect(checkStamp(signAs('good'), { sha256, trusted })).toMatchObject({ kind: 'stamped' })
  expect(checkStamp(signAs('mail'), { sha256, trusted })).toMatchObject({
    why: expect.stringContaining('not for time stamps'),
  })
  // Every byte of it stands under something: none can be changed so that another time comes out.
  let accepted = 0
  for (let at = 0; at < token.length; at += 1) {
    const bent = Buffer.from(token)
    bent.writeUInt8(bent.readUInt8(at) ^ 1, at)
    const read = checkStamp(bent, { sha256, trusted })
    if (read.kind === 'refused') continue
    accepted += 1
    expect(read.at).toBe(row?.stamped_at?.toISOString())
  }
  // Certificates that nobody needs, and lengths that BER leaves open, are not under the signature.
  expect(accepted).toBeLessThan(token.length / 2)
})

test('what was stamped is found out when it is another ledger, or was put in later', async () => {
  const text = await exported()
  // A record of a stamp that is moved under another head does not survive the tree; a forger with the key would have to make it anew.
  const bent = text.replace(/"size\\":2/, '"size\\":1').replace(/\\"size\\":2/, '\\"size\\":1')
  expect(bent).not.toBe(text)
  const said = (await verdictOf(bent, { authority: [certificate('root')] })).problems.map(({ says }) => says).join('; ')
  expect(said).toContain('another size of the ledger than it says')
})

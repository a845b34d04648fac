import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { systemClock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import type { LedgerLine } from '../model/ledger.ts'
import { append, appendAll } from './append.ts'
import { type ExportOptions, exportLedger } from './export.ts'
import { type LedgerKey, loadOrCreateKey } from './key.ts'
import { cutLines } from './lines.ts'
import { sequenceAll } from './sequencer.ts'
import { latestCheckpoint } from './tree.ts'
import { type Verdict, type VerifyOptions, verifyExport } from './verify.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'counterfoil-export-'))
const alert = '0d0c5c2e-6b0e-4c43-9f5a-0a5a1f1f6b01'
const reply = '5b0c5c2e-6b0e-4c43-9f5a-0a5a1f1f6b02'
const replyBytes = Buffer.from('From: desk@example.org\r\n\r\nBenign: the scanner of our own team. Grüße\r\n')
const messageBytes = Buffer.from(
  'From: soc@provider.example\r\nSubject: [T-1] Port scan\r\n\r\nA port scan was seen.\r\n',
)
let house: FreshDatabase
let key: LedgerKey
let kept = ''
let whole = ''
let partial = ''

const line = (n: number): LedgerLine => ({
  kind: 'run.started',
  actor: 'system',
  subject: `run:${n}`,
  body: { n, wörds: 'ä\n"\u2028\r' },
})
const exported = async (options: Partial<ExportOptions>): Promise<string> => {
  const pieces: string[] = []
  const all = { scope: { kind: 'all' } as const, attach: { replies: true, messages: true }, ...options }
  await exportLedger({ db: house.db, clock: systemClock, key }, all, async (text) => void pieces.push(text))
  return pieces.join('')
}
async function* chunksOf(bytes: Uint8Array, size = 777) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const verify = (text: string | Uint8Array, options: VerifyOptions = {}): Promise<Verdict> =>
  verifyExport(cutLines(chunksOf(typeof text === 'string' ? Buffer.from(text) : text)), options)
const says = (verdict: Verdict): string =>
  verdict.problems.map((problem) => `${problem.record}: ${problem.says}`).join('\n')

beforeAll(async () => {
  house = await freshDatabase()
  key = loadOrCreateKey(folder)
  const at = new Date()
  const message = sha256Hex(messageBytes)
  await house.db
    .insertInto('alert')
    .values({
      id: alert,
      number: 17,
      provider_id: 'p',
      kind: 'alert',
      severity: 'high',
      title: 't',
      received_at: at,
      reading: '{}',
    })
    .execute()
  await house.db
    .insertInto('message')
    .values({
      id: message,
      bytes: messageBytes,
      form: 'mail',
      channel: 'smtp',
      origin: '',
      received_at: at,
      alert_id: alert,
    })
    .execute()
  await house.db
    .insertInto('reply')
    .values({
      ...{
        id: reply,
        alert_id: alert,
        provider_id: 'p',
        text: '',
        recipients: [],
        subject: '',
        message_id: 'm@example.org',
      },
      ...{ bytes: replyBytes, digest: sha256Hex(replyBytes), created_at: at },
    })
    .execute()
  const record = (kind: LedgerLine['kind'], subject: string, body = {}) =>
    append(house.db, { kind, actor: 'system', subject, body }, systemClock)
  await appendAll(house.db, [line(1), line(2), line(3)], systemClock)
  await record('message.received', `message:${message}`)
  await record('alert.opened', `alert:${alert}`)
  await sequenceAll({ db: house.db, clock: systemClock, key })
  kept = (await latestCheckpoint(house.db))?.note ?? ''
  await record('decision.made', 'decision:1', { alertId: alert })
  await record('reply.released', `reply:${reply}`, { digest: sha256Hex(replyBytes) })
  await appendAll(house.db, [line(4), line(5)], systemClock)
  await sequenceAll({ db: house.db, clock: systemClock, key })
  whole = await exported({})
  partial = await exported({ scope: { kind: 'alert', number: 17 } })
})
afterAll(async () => {
  await house.close()
  rmSync(folder, { recursive: true })
})

test('a complete export verifies offline, with the bytes of what came and what left', async () => {
  expect(await verify(whole, { key: key.verifier })).toMatchObject({
    ...{ ok: true, complete: true, records: 9, attachments: 2, size: 9, problemCount: 0 },
    ...{ key: key.verifier.text, keyFrom: 'you' },
  })
  expect(await verify(whole)).toMatchObject({ ok: true, keyFrom: 'file' })
  expect(whole).toContain(replyBytes.toString('base64'))
})

test('an export of one alert holds all that names it, each record with its own proof', async () => {
  const verdict = await verify(partial, { key: key.verifier })
  expect(verdict).toMatchObject({ ok: true, complete: false, records: 4, attachments: 2, size: 9 })
  expect(partial).toContain('decision.made')
})

test('an export of a period holds exactly its records; an empty ledger can be exported too', async () => {
  const from = new Date(Date.now() - 3_600_000).toISOString()
  const to = new Date(Date.now() + 3_600_000).toISOString()
  const within = await exported({ scope: { kind: 'period', from, to } })
  expect(await verify(within)).toMatchObject({ ok: true, records: 9 })
  expect(await verify(await exported({ scope: { kind: 'period', from: to, to: null } }))).toMatchObject({
    ok: true,
    records: 0,
  })
  const empty = await freshDatabase()
  const pieces: string[] = []
  const none = { scope: { kind: 'all' } as const, attach: { replies: false, messages: false } }
  await exportLedger({ db: empty.db, clock: systemClock, key }, none, async (text) => void pieces.push(text))
  expect(await verify(pieces.join(''))).toMatchObject({ ok: true, complete: true, size: 0, records: 0 })
  await empty.close()
})

test('an alert that is not there is said, not exported as nothing', async () => {
  await expect(exported({ scope: { kind: 'alert', number: 18 } })).rejects.toMatchObject({ code: 'not.found' })
})

test('one changed bit anywhere in an export is found', async () => {
  for (const text of [whole, partial]) {
    const bytes = Buffer.from(text)
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length * 8 - 1 }), async (bit) => {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
        return !(await verify(changed, { key: key.verifier })).ok
      }),
      { numRuns: 3000 },
    )
  }
})

test('without a key from elsewhere a changed bit is found as well', async () => {
  const bytes = Buffer.from(partial)
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: bytes.length * 8 - 1 }), async (bit) => {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      return !(await verify(changed)).ok
    }),
    { numRuns: 1500 },
  )
})

test('a cut anywhere is found', async () => {
  const bytes = Buffer.from(whole)
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), async (at) => !(await verify(bytes.subarray(0, at))).ok),
    { numRuns: 300 },
  )
})

const linesOf = (text: string) => text.trimEnd().split('\n')
const joined = (lines: readonly string[]) => `${lines.join('\n')}\n`

test.each([
  [
    'two records change places',
    (l: string[]) => l.with(1, l[2] ?? '').with(2, l[1] ?? ''),
    /0: it stands behind record 1/,
  ],
  ['a record is dropped', (l: string[]) => l.toSpliced(2, 1), /2: records 1 to 1 are missing/],
  ['a record stands twice', (l: string[]) => l.toSpliced(2, 0, l[1] ?? ''), /0: it stands behind record 0/],
  ['the last record is dropped', (l: string[]) => l.toSpliced(-2, 1), /9 records are signed, 8 are in the file/],
  [
    'the text of a record is changed',
    (l: string[]) => l.with(2, (l[2] ?? '').replace('run:2', 'run:7')),
    /1: the text of the record does not/,
  ],
  ['something is added at the end', (l: string[]) => [...l, l[1] ?? ''], /behind the last line/],
  ['the head of the file is missing', (l: string[]) => l.slice(1), /does not begin like/],
  [
    'an attachment is of another record',
    (l: string[]) => [...l.slice(0, 5), ...l.slice(6, 9), l[5] ?? '', ...l.slice(9)],
    /does not name the digest/,
  ],
])('%s: found, and said where', async (_what, change, expected) => {
  const verdict = await verify(joined(change(linesOf(whole))), { key: key.verifier })
  expect(verdict.ok).toBe(false)
  expect(says(verdict)).toMatch(expected)
})

test('another key, or a checkpoint of another ledger, is refused', async () => {
  const other = loadOrCreateKey(path.join(folder, 'other'))
  expect(says(await verify(whole, { key: other.verifier }))).toMatch(/not the one you gave/)
  const elsewhere = await freshDatabase()
  await appendAll(
    elsewhere.db,
    Array.from({ length: 9 }, (_, n) => line(n)),
    systemClock,
  )
  const twin = { ...loadOrCreateKey(folder), folder: path.join(folder, 'other') }
  await sequenceAll({ db: elsewhere.db, clock: systemClock, key: twin })
  const swapped = (await latestCheckpoint(elsewhere.db))?.note ?? ''
  await elsewhere.close()
  const header = JSON.parse(linesOf(whole)[0] ?? '') as { checkpoint: string }
  const text = whole.replace(JSON.stringify(header.checkpoint), JSON.stringify(swapped))
  expect(text).not.toBe(whole)
  expect(says(await verify(text, { key: key.verifier }))).toMatch(/do not lead to the signed root/)
})

test('a checkpoint kept from before must be the beginning of a complete export', async () => {
  expect(await verify(whole, { key: key.verifier, older: kept })).toMatchObject({ ok: true })
  expect(says(await verify(partial, { key: key.verifier, older: kept }))).toMatch(/only a complete export/)
  const elsewhere = await freshDatabase()
  await appendAll(elsewhere.db, [line(7), line(8)], systemClock)
  const twin = { ...loadOrCreateKey(folder), folder: path.join(folder, 'third') }
  loadOrCreateKey(twin.folder)
  await sequenceAll({ db: elsewhere.db, clock: systemClock, key: twin })
  const forked = (await latestCheckpoint(elsewhere.db))?.note ?? ''
  await elsewhere.close()
  expect(says(await verify(whole, { key: key.verifier, older: forked }))).toMatch(/first 2 records are not those/)
})

test('what is no export at all is refused without harm', async () => {
  for (const nonsense of ['', '\n', 'null\n', '{}\n', '[]\n', '{"end":{}}\n', '\ufeff{}\n'])
    expect((await verify(nonsense)).ok).toBe(false)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => !(await verify(bytes)).ok),
    { numRuns: 200 },
  )
  const long = await verifyExport(cutLines(chunksOf(Buffer.alloc(5000, 'x')), 1000))
  expect(long.problems[0]?.says).toMatch(/longer than any/)
})

import { randomUUID } from 'node:crypto'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MailOut } from '../src/config/config.ts'
import { egressOfReply } from '../src/db/egress.ts'
import { replyRecord } from '../src/db/replies.ts'
import { filesOfReply } from '../src/db/reply-files.ts'
import { insertFile } from '../src/db/ticket-parts.ts'
import { systemClock } from '../src/kit/clock.ts'
import { sha256Hex } from '../src/kit/digest.ts'
import { makeInspect } from '../src/main/inspection.ts'
import { attachmentBytesMax, attachmentsMax } from '../src/model/attachment.ts'
import type { SensitiveSpan } from '../src/model/reply.ts'
import { makeMailDoor } from '../src/outbox/mail/door.ts'
import { type AnswerDesk, answerDesk } from '../src/playbooks/reply.ts'
import { placesPerFileMax } from '../src/triage/attached.ts'
import { decideAlert, putAlert } from './answer-sample.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { silentLog } from './house.ts'
import { docx, png } from './leaks/files.ts'

let house: FreshDatabase
let desk: AnswerDesk
const inspect = makeInspect()
beforeAll(async () => {
  house = await freshDatabase()
  const out = MailOut.parse({ host: '127.0.0.1', port: 1, from: 'Security desk <desk@customer.example>' })
  const mail = makeMailDoor(out, { ownDomains: [], people: {} }, async () => null)
  const parts = {
    db: house.db,
    clock: systemClock,
    sealKey: Buffer.alloc(32, 7),
    log: silentLog,
    approvalUrl: String,
    mail,
    ownDomains: ['customer.example'],
  }
  desk = answerDesk({ ...parts, inspect, replyHoldSeconds: 30 })
})
afterAll(() => Promise.all([house.close(), inspect.close()]))

async function drafted() {
  const { alertId } = await putAlert(house.db)
  await decideAlert(house.db, alertId, 'false-alarm-benign', 'It was on ws-0417.')
  return { alertId, replyId: await desk.draft(alertId, 'user:1') }
}

const versionOf = async (id: string) => (await replyRecord(house.db, id))?.reply.version ?? -1
const attach = async (id: string, name: string, content: string | Buffer) =>
  desk.addFile(id, { name, bytes: Buffer.from(content) }, await versionOf(id), 'user:1')
const filesOf = (id: string) => filesOfReply(house.db, id)

/** Says of every place what this function says. */
async function review(id: string, say: (span: SensitiveSpan, inFile: boolean) => SensitiveSpan['verdict']) {
  const record = await replyRecord(house.db, id)
  const inFiles = (await filesOf(id)).flatMap((file) => [...file.nameSpans, ...file.spans])
  const said = [
    ...(record?.reply.spans ?? []).map((span) => ({ span, verdict: say(span, false) })),
    ...inFiles.map((span) => ({ span, verdict: say(span, true) })),
  ]
  const verdicts = said.map(({ span, verdict }) => ({
    ...{ spanId: span.id, verdict },
    keepReason: verdict === 'keep' ? 'they need it' : null,
  }))
  return desk.review(id, verdicts, record?.reply.version ?? 0, 'user:1')
}

async function released(id: string) {
  await desk.release(id, await versionOf(id), 'user:1')
  const record = await replyRecord(house.db, id)
  const mail = await simpleParser(record?.bytes ?? Buffer.alloc(0))
  return { mail, bytes: record?.bytes ?? Buffer.alloc(0), files: mail.attachments.slice(1) }
}

async function ledger(id: string, kind: string) {
  const rows = await house.db
    .selectFrom('ledger_entry')
    .select('leaf')
    .where('subject', '=', `reply:${id}`)
    .where('kind', '=', kind)
    .execute()
  return rows.map((row) => (JSON.parse(String(row.leaf)) as { body: Record<string, unknown> }).body)
}

test('places of a plain text and of its name are reviewed with those of the answer, and what is covered leaves nowhere', async () => {
  const { replyId } = await drafted()
  await attach(replyId, 'sign-ins of ws-0417.csv', 'time;host\n09:05;ws-0417\n09:06;192.0.2.66\n')
  await expect(desk.release(replyId, await versionOf(replyId), 'user:1')).rejects.toMatchObject({
    code: 'state.conflict',
    details: { unreviewed: expect.any(Number) },
  })
  await review(replyId, (span) => (span.class === 'host' ? 'pseudonym' : 'redact'))
  const { mail, bytes, files } = await released(replyId)
  expect(files.map((file) => [file.filename, file.contentType, file.content.toString()])).toEqual([
    ['sign-ins_of_HOST-1.csv', 'text/csv', 'time;host\n09:05;HOST-1\n09:06;192.0.2.66\n'],
  ])
  expect(`${mail.text}${mail.subject}${bytes.toString()}`).not.toContain('ws-0417')
})

test('the digests of the files that leave stand in the ledger beside that of the mail, which is what the gate compares', async () => {
  const { replyId } = await drafted()
  const { fileId } = await attach(replyId, 'note.txt', 'Nothing happened.')
  await review(replyId, () => 'redact')
  const { bytes, files } = await released(replyId)
  const [body] = await ledger(replyId, 'reply.released')
  const sha256 = sha256Hex(files[0]?.content ?? Buffer.alloc(0))
  expect(body).toMatchObject({
    sha256: sha256Hex(bytes),
    files: [{ name: 'note.txt', type: 'text/plain', sha256, sizeBytes: 17 }],
  })
  expect((await egressOfReply(house.db, replyId))?.sha256).toBe(sha256Hex(bytes))
  expect(await ledger(replyId, 'reply.file-added')).toMatchObject([{ file: fileId, kind: 'text', blocked: null }])
  expect(JSON.stringify(await ledger(replyId, 'reply.file-added'))).not.toContain('note.txt')
})

test('a place in a document is kept with a reason or the document is taken out: nobody can redact in it', async () => {
  const { replyId } = await drafted()
  const { fileId } = await attach(
    replyId,
    'report.docx',
    docx({ body: 'Seen on ws-0417.', author: 'Mara Weissenborn' }),
  )
  const [file] = await filesOf(replyId)
  expect(file).toMatchObject({
    kind: 'document',
    stripped: ['author, dates and title', 'names of who commented or changed'],
  })
  await expect(review(replyId, () => 'redact')).rejects.toMatchObject({
    details: { fields: { verdict: expect.stringContaining('take the file out') } },
  })
  // Kept there and covered in the answer: one of the two is a mistake.
  await review(replyId, (_span, inFile) => (inFile ? 'keep' : 'redact'))
  await expect(desk.release(replyId, await versionOf(replyId), 'user:1')).rejects.toMatchObject({
    code: 'reply.blocked',
    details: { fields: { [fileId]: expect.stringContaining('covered elsewhere') } },
  })
  await review(replyId, (span) => (span.text === 'ws-0417' ? 'keep' : 'redact'))
  const { files } = await released(replyId)
  expect(files[0]?.content.equals(file?.kind === 'document' ? file.bytes : Buffer.alloc(0))).toBe(true)
})

test('a picture is looked at by a person before it leaves, without where it was taken', async () => {
  const { replyId } = await drafted()
  await attach(replyId, 'screen.png', png('52.5 north, Mara'))
  await expect(review(replyId, () => 'redact')).rejects.toMatchObject({ code: 'input.invalid' })
  await review(replyId, (span) => (span.class === 'picture' ? 'keep' : 'redact'))
  const { files } = await released(replyId)
  expect(files[0]).toMatchObject({ filename: 'screen.png', contentType: 'image/png' })
  expect(files[0]?.content.includes('Mara')).toBe(false)
})

test('a file that cannot be looked into is kept without its bytes, and nothing leaves until it is taken out', async () => {
  const { replyId } = await drafted()
  const { fileId } = await attach(replyId, 'tool.exe', Buffer.from('MZ\x90\0\x03\0secret'))
  expect(await filesOf(replyId)).toMatchObject([
    { kind: 'blocked', blocked: { why: expect.stringMatching(/program/) } },
  ])
  const { rows } = { rows: await house.db.selectFrom('reply_file').select('bytes').where('id', '=', fileId).execute() }
  expect(rows).toEqual([{ bytes: null }])
  await review(replyId, () => 'redact')
  await expect(desk.release(replyId, await versionOf(replyId), 'user:1')).rejects.toMatchObject({
    code: 'reply.blocked',
    details: { fields: { [fileId]: expect.stringMatching(/program.*Take it out/) } },
  })
  await desk.takeOutFile(replyId, fileId, await versionOf(replyId), 'user:1')
  expect((await released(replyId)).files).toEqual([])
  expect(await ledger(replyId, 'reply.file-removed')).toHaveLength(1)
})

test('a secret in a file never leaves: it is redacted in a text, and from anything else the file is taken out', async () => {
  const { replyId } = await drafted()
  await attach(replyId, 'run.log', 'password: Nordlicht-77-Birke!\n')
  await expect(review(replyId, () => 'keep')).rejects.toMatchObject({ code: 'input.invalid' })
  await review(replyId, () => 'redact')
  expect(await desk.release(replyId, await versionOf(replyId), 'user:1')).toBe('second')
  expect((await replyRecord(house.db, replyId))?.bytes?.toString()).not.toContain(
    Buffer.from('Nordlicht').toString('base64').slice(0, 8),
  )
})

test('a file of the case is taken along, one of another case is not', async () => {
  const { alertId, replyId } = await drafted()
  const other = await drafted()
  const file = (of: string) => ({
    id: randomUUID(),
    alertId: of,
    name: 'flows.csv',
    bytes: Buffer.from('a;b\n'),
    sha256: '',
  })
  const [own, foreign] = [file(alertId), file(other.alertId)]
  for (const one of [own, foreign]) await insertFile(house.db, { ...one, by: 'user:1', at: new Date() })
  await desk.pickFile(replyId, own.id, await versionOf(replyId), 'user:1')
  await expect(desk.pickFile(replyId, foreign.id, await versionOf(replyId), 'user:1')).rejects.toMatchObject({
    code: 'not.found',
  })
  expect(await filesOf(replyId)).toMatchObject([{ name: 'flows.csv', came: { ticketFileId: own.id } }])
})

test('files go along to the draft after an answer that was taken back, with what was said of their places', async () => {
  const { alertId, replyId } = await drafted()
  await attach(replyId, 'sign-ins of ws-0417.csv', 'time;host\n09:05;ws-0417\n09:06;192.0.2.66\n')
  await attach(replyId, 'screen.png', png('taken at 59.9'))
  await review(replyId, () => 'keep')
  const before = await filesOf(replyId)
  await desk.release(replyId, await versionOf(replyId), 'user:1')
  await desk.cancel(replyId, 'user:1')
  const next = await desk.draft(alertId, 'user:1')
  expect(next).not.toBe(replyId)
  const after = await filesOf(next)
  const shown = (files: typeof after) =>
    files.map((file) => ({ ...file, id: '', spans: said(file.spans), nameSpans: said(file.nameSpans) }))
  expect(shown(after)).toEqual(shown(before))
  expect(after.flatMap((file) => [...file.spans, ...file.nameSpans]).every(({ verdict }) => verdict === 'keep')).toBe(
    true,
  )
  expect(await ledger(next, 'reply.drafted')).toMatchObject([{ files: before.map(({ came }) => ({ came })) }])
  // Nothing is left to review in them: it leaves as it is.
  const { files } = await released(next)
  expect(files.map(({ filename }) => filename)).toEqual(['sign-ins_of_ws-0417.csv', 'screen.png'])
})

const said = (spans: readonly SensitiveSpan[]) => spans.map((span) => ({ ...span, id: '' }))

test('more places than anybody reviews, too large a file and too many files are refused, with what to do', async () => {
  const { replyId } = await drafted()
  const many = Array.from({ length: placesPerFileMax + 1 }, (_, i) => `10.20.${i % 250}.${Math.floor(i / 250)}`).join(
    '\n',
  )
  await attach(replyId, 'hosts.txt', many)
  expect(await filesOf(replyId)).toMatchObject([
    { kind: 'blocked', blocked: { why: expect.stringContaining('sensitive places') } },
  ])
  await expect(attach(replyId, 'big.txt', Buffer.alloc(attachmentBytesMax + 1, 0x61))).rejects.toMatchObject({
    details: { fields: { file: expect.stringContaining('10 MiB') } },
  })
  for (let count = 1; count < attachmentsMax; count++) await attach(replyId, 'a.txt', `${count}`)
  await expect(attach(replyId, 'a.txt', 'one more')).rejects.toMatchObject({ code: 'input.invalid' })
})

test('files of one name are told apart, and none can take the place of the machine-readable part', async () => {
  const { replyId } = await drafted()
  for (const name of ['counterfoil.json', 'a.txt', 'A.TXT', '../../run.bat', 'Prüfung\u202e.txt'])
    await attach(replyId, name, '{}')
  await review(replyId, () => 'redact')
  const { mail } = await released(replyId)
  expect(mail.attachments.map((file) => file.filename)).toEqual([
    ...['counterfoil.json', 'counterfoil-2.json', 'a.txt', 'A-2.txt', 'run.bat.txt', 'Prufung.txt'],
  ])
})

test('attaching takes a first release back, and a file is attached to a draft only, of the version that was seen', async () => {
  const { replyId } = await drafted()
  await expect(desk.addFile(replyId, { name: 'a.txt', bytes: Buffer.from('a') }, 999, 'user:1')).rejects.toMatchObject({
    code: 'state.conflict',
  })
  await attach(replyId, 'sick.txt', 'She is on sick leave.')
  await review(replyId, (span) => (span.class === 'health' ? 'keep' : 'redact'))
  expect(await desk.release(replyId, await versionOf(replyId), 'user:1')).toBe('second')
  await attach(replyId, 'more.txt', 'Nothing.')
  expect((await replyRecord(house.db, replyId))?.first).toBeNull()
  expect(await desk.release(replyId, await versionOf(replyId), 'user:1')).toBe('second')
  const digest = (await replyRecord(house.db, replyId))?.reply.digest ?? ''
  await desk.second(replyId, digest, true, '', 'user:2')
  await expect(attach(replyId, 'late.txt', 'x')).rejects.toMatchObject({ code: 'state.conflict' })
  expect((await egressOfReply(house.db, replyId))?.sha256).toBe(digest)
})

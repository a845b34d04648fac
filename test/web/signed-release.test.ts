import { createHash } from 'node:crypto'
import { simpleParser } from 'mailparser'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { auditRecord } from '../../src/ledger/audit-record.ts'
import type { ReleaseSigning, ReleaseStatement } from '../../src/model/release.ts'
import { type Signer, signer } from '../approval-desk.ts'
import { apiAs, signedIn, until } from '../desk.ts'
import { deskHere } from '../desk-here.ts'
import {
  answerForTwo,
  bring,
  clickAs,
  replyPage,
  reviewAll,
  sayTo,
  signReleaseAs,
  statementOf,
} from '../release-desk.ts'

const { database, desk } = await deskHere({ config: { replyHoldSeconds: 0 } })
let lead: Signer
let second: Signer
let third: Signer
let administrator: string
beforeAll(async () => {
  lead = await signer(desk, 'lead', 'Kari Dahl', 'kari@halden.example')
  second = await signer(desk, 'approver', 'Ana Ruiz', 'ana@halden.example')
  third = await signer(desk, 'analyst', 'Tom Third', 'tom@halden.example')
  administrator = (await signedIn(desk, 'administrator')).cookie
}, 600_000)
beforeEach(() => settle('when-they-have-one'))

const settle = async (releaseSigning: ReleaseSigning): Promise<void> => {
  const { settings } = (await apiAs(desk, administrator, 'GET', '/api/settings')) as unknown as { settings: object }
  await apiAs(desk, administrator, 'PUT', '/api/settings', { ...settings, releaseSigning })
}
const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const lines = async (replyId: string, kind: string) =>
  (
    await database.db
      .selectFrom('ledger_entry')
      .select('leaf')
      .where('subject', '=', `reply:${replyId}`)
      .where('kind', '=', kind)
      .execute()
  ).map(({ leaf }) => (JSON.parse(leaf) as { body: Record<string, unknown> }).body)
const stateOf = async (replyId: string) => (await replyPage(desk, lead.cookie, replyId)).reply.state
const code = ({ json }: { json: Record<string, unknown> }) => json['code'] ?? (json['error'] as { code?: string })?.code
/** Nothing of this answer may leave: no entry in the egress ledger, no record of a release, still a draft. */
const nothingLeft = async (replyId: string): Promise<void> => {
  expect(await stateOf(replyId)).toBe('draft')
  expect(await lines(replyId, 'reply.released')).toEqual([])
  const left = database.db.selectFrom('egress').select('id').where('reply_id', '=', replyId)
  expect(await left.execute()).toEqual([])
}

test('two signatures let an answer leave, and say who, which bytes, which files, to whom, under which rule and when', async () => {
  const replyId = await answerForTwo(desk, lead.cookie)
  const page = await replyPage(desk, lead.cookie, replyId)
  expect(page).toMatchObject({ signing: { passkeys: 1, clickIsEnough: true }, signatures: [] })
  expect(await signReleaseAs(desk, lead, replyId)).toMatchObject({ status: 200, json: { waitsForSecond: true } })
  const waits = await replyPage(desk, second.cookie, replyId)
  expect(waits.signatures).toMatchObject([{ part: 'first', byName: 'Kari Dahl' }])
  expect(waits.signing).toEqual({ passkeys: 1, clickIsEnough: false })
  const given = await statementOf(desk, second, replyId)
  expect(await bring(desk, second, replyId, given)).toMatchObject({ status: 200, json: { waitsForSecond: false } })
  await until('it to leave', async () => (await stateOf(replyId)) === 'sent')

  const said = JSON.parse(given.statement) as ReleaseStatement
  const row = await database.db.selectFrom('reply').selectAll().where('id', '=', replyId).executeTakeFirstOrThrow()
  const bytes = row.bytes ?? Buffer.alloc(0)
  expect(said).toMatchObject({
    ...{ statement: 'counterfoil/release/1', reply: replyId, release: 'second', first: { by: `user:${lead.id}` } },
    who: { user: second.id, email: 'ana@halden.example', name: 'Ana Ruiz', role: 'approver' },
    subject: { sha256: sha256(bytes), sizeBytes: bytes.length, messageId: row.message_id },
    ...{ to: row.recipients, provider: row.provider_id, because: ['it speaks of somebody’s health'], dryRun: false },
  })
  expect(said.rule).toContain('TLP:AMBER')
  const mail = await simpleParser(bytes)
  expect(mail.attachments.length).toBeGreaterThan(0)
  expect(said.files).toEqual(
    mail.attachments.map(({ filename, contentType, content }) => ({
      ...{ name: filename, type: contentType, sha256: sha256(content), sizeBytes: content.length },
    })),
  )
  const text = (mail.text ?? '').replaceAll('\r\n', '\n')
  expect([text, text.trimEnd(), `${text.trimEnd()}\n`].map(sha256)).toContain(said.text.sha256)
  const [asked] = await lines(replyId, 'reply.second-asked')
  const [released] = await lines(replyId, 'reply.released')
  expect(released).toMatchObject({ sha256: said.subject.sha256, signed: { statement: given.statement } })
  expect(asked).toMatchObject({ sha256: said.subject.sha256, signed: { credential: lead.key.id } })
  const egress = await database.db
    .selectFrom('egress')
    .select('rule')
    .where('reply_id', '=', replyId)
    .executeTakeFirst()
  expect(egress?.rule).toContain('second release signed with a passkey')
  expect((await replyPage(desk, lead.cookie, replyId)).signatures.map(({ byName }) => byName)).toEqual([
    'Kari Dahl',
    'Ana Ruiz',
  ])
  expect(await auditRecord(database.db)).toMatchObject({ ok: true, problems: [] })
})

test('the setting decides when a click is enough, and whoever has no passkey is told what to do', async () => {
  const clicker = (await signedIn(desk, 'approver', 'Nora Nokey')).cookie
  const byClick = await answerForTwo(desk, lead.cookie)
  expect(await clickAs(desk, lead.cookie, byClick)).toMatchObject({ status: 200 })
  const refused = await clickAs(desk, second.cookie, byClick)
  expect([refused.status, code(refused)]).toEqual([409, 'reply.signature-needed'])
  await nothingLeft(byClick)
  // Who has none may click, and is told that it is no signature; they can sign nothing.
  const none = await replyPage(desk, clicker, byClick)
  expect(none.signing).toEqual({ passkeys: 0, clickIsEnough: true })
  const seen = { version: none.reply.version, digest: none.reply.digest }
  expect((await sayTo(desk, clicker, `/api/replies/${byClick}/statement`, seen)).status).toBe(403)
  expect(await clickAs(desk, clicker, byClick)).toMatchObject({ status: 200 })
  const [released] = await lines(byClick, 'reply.released')
  expect(released).not.toHaveProperty('signed')

  await settle('always')
  const always = await answerForTwo(desk, lead.cookie)
  const first = await clickAs(desk, lead.cookie, always)
  expect([first.status, code(first)]).toEqual([409, 'reply.signature-needed'])
  expect((await signReleaseAs(desk, lead, always)).status).toBe(200)
  const noKey = await clickAs(desk, clicker, always)
  expect([noKey.status, code(noKey)]).toEqual([409, 'reply.no-passkey'])
  expect(JSON.stringify(noKey.json)).toContain('Register one under Settings, Me')
  await nothingLeft(always)

  await settle('offered')
  expect(await clickAs(desk, second.cookie, always)).toMatchObject({ status: 200 })
  const log = await database.db
    .selectFrom('ledger_entry')
    .select('leaf')
    .where('kind', '=', 'setting.changed')
    .orderBy('at', 'desc')
    .executeTakeFirstOrThrow()
  expect(log.leaf).toContain('"releaseSigning":"offered"')
})

test('an answer that needs one person is released as ever, and nobody is given anything to sign', async () => {
  const replyId = await answerForTwo(desk, lead.cookie)
  await database.db
    .updateTable('provider')
    .set({ config: await withoutSecond() })
    .execute()
  const { reply } = await replyPage(desk, lead.cookie, replyId)
  const given = await sayTo(desk, lead.cookie, `/api/replies/${replyId}/statement`, {
    version: reply.version,
    digest: null,
  })
  expect([given.status, code(given)]).toEqual([409, 'state.conflict'])
  expect(await clickAs(desk, lead.cookie, replyId)).toMatchObject({ status: 200, json: { waitsForSecond: false } })
  await database.db
    .updateTable('provider')
    .set({ config: await withoutSecond(false) })
    .execute()
})

/** The provider's agreement without the classes that need two, or as it was. */
async function withoutSecond(without = true): Promise<string> {
  const { config } = await database.db.selectFrom('provider').select('config').executeTakeFirstOrThrow()
  const { sharing: _, ...rest } = config as Record<string, unknown>
  const sharing = { never: [], upToTlp: 'AMBER', recipientDomains: [], secondPerson: [] }
  return JSON.stringify(without ? { ...rest, sharing } : rest)
}

/** An answer that waits for the second person, and what that person was given to sign. */
async function waiting() {
  const replyId = await answerForTwo(desk, lead.cookie)
  expect((await clickAs(desk, lead.cookie, replyId)).status).toBe(200)
  return { replyId, given: await statementOf(desk, second, replyId) }
}

test('a statement that was changed by one byte is refused', async () => {
  const { replyId, given } = await waiting()
  const changed = given.statement.replace(
    /"sizeBytes":(\d)/,
    (_, digit: string) => `"sizeBytes":${(Number(digit) % 9) + 1}`,
  )
  expect(changed).not.toBe(given.statement)
  const challenge = createHash('sha256').update(changed).digest('base64url')
  expect((await bring(desk, second, replyId, given, { challenge })).status).toBe(403)
  await nothingLeft(replyId)
  expect((await bring(desk, second, replyId, given)).status).toBe(200)
})

test('a signature of another person, page or site, and one without verification of the person, is refused', async () => {
  const { replyId, given } = await waiting()
  // The third signs what was given to the second; in their own session, and in that of the second.
  expect((await bring(desk, third, replyId, given)).status).toBe(403)
  expect((await bring(desk, { ...second, key: third.key }, replyId, given)).status).toBe(403)
  for (const wrongly of [{ origin: 'https://desk.example.net' }, { rpId: 'example.net' }, { unverified: true }])
    expect((await bring(desk, second, replyId, given, wrongly)).status, JSON.stringify(wrongly)).toBe(403)
  // Whoever released it first is given nothing to sign.
  const { reply } = await replyPage(desk, lead.cookie, replyId)
  const seen = { version: reply.version, digest: reply.digest }
  const mine = await sayTo(desk, lead.cookie, `/api/replies/${replyId}/statement`, seen)
  expect([mine.status, code(mine)]).toEqual([409, 'reply.same-person'])
  await nothingLeft(replyId)
})

test('a signature that is played again releases nothing: not this answer twice, and no other', async () => {
  const { replyId, given } = await waiting()
  const other = await waiting()
  const response = second.key.sign(given.options, desk.origin)
  const play = (id: string) => sayTo(desk, second.cookie, `/api/replies/${id}/signature`, { response })
  expect((await play(other.replyId)).status).toBe(403)
  await nothingLeft(other.replyId)
  expect((await play(replyId)).status).toBe(200)
  expect([403, 409]).toContain((await play(replyId)).status)
  expect((await play(other.replyId)).status).toBe(403)
  await nothingLeft(other.replyId)
  expect(await lines(replyId, 'reply.released')).toHaveLength(1)
})

test('a signature over an older version, another rule or a wider agreement is refused', async () => {
  const { replyId, given } = await waiting()
  const { digest } = (await replyPage(desk, lead.cookie, replyId)).reply
  // Given back, changed by one word, reviewed and released first again: what was signed is not what waits.
  await apiAs(desk, lead.cookie, 'POST', `/api/replies/${replyId}/second`, { digest, yes: false, why: 'One more word' })
  const { reply } = await replyPage(desk, lead.cookie, replyId)
  const text = `${reply.text}\nThanks.`
  await apiAs(desk, lead.cookie, 'POST', `/api/replies/${replyId}/text`, { text, version: reply.version })
  await reviewAll(desk, lead.cookie, replyId)
  const early = await bring(desk, second, replyId, given)
  expect([early.status, code(early)]).toEqual([409, 'state.conflict'])
  expect((await clickAs(desk, lead.cookie, replyId)).status).toBe(200)
  const late = await bring(desk, second, replyId, given)
  expect([late.status, code(late)]).toEqual([409, 'state.conflict'])
  await nothingLeft(replyId)

  const now = await statementOf(desk, second, replyId)
  const { config } = await database.db.selectFrom('provider').select('config').executeTakeFirstOrThrow()
  const wider = JSON.stringify({ ...(config as object), mayShare: ['host'] })
  await database.db.updateTable('provider').set({ config: wider }).execute()
  const widened = await bring(desk, second, replyId, now)
  expect([widened.status, code(widened)]).toEqual([409, 'state.conflict'])
  await nothingLeft(replyId)
  // Asked anew, the statement names the rule as it is, and counts.
  expect((await signReleaseAs(desk, second, replyId)).status).toBe(200)
  await database.db
    .updateTable('provider')
    .set({ config: JSON.stringify(config) })
    .execute()
})

test('what was signed is never changed: PostgreSQL refuses it, and the check of the record names what somebody removed', async () => {
  await expect(
    database.db
      .updateTable('release_signature')
      .set({ sha256: '0'.repeat(64) })
      .execute(),
  ).rejects.toThrow('what was signed is never changed')
  const tx = await database.db.startTransaction().execute()
  await tx.deleteFrom('release_signature').execute()
  const found = await auditRecord(tx)
  await tx.rollback().execute()
  // Answers that wait for a second person are no problem, as long as they hold what the first released.
  const waits = await waiting()
  expect(await auditRecord(database.db)).toMatchObject({ ok: true, problems: [] })
  const changed = await database.db.startTransaction().execute()
  await changed
    .updateTable('reply')
    .set({ bytes: Buffer.from('x') })
    .where('id', '=', waits.replyId)
    .execute()
  const seen = await auditRecord(changed)
  await changed.rollback().execute()
  expect(seen.problems).toEqual([expect.stringMatching(/does not hold the bytes that one person released/)])
  expect(found).toMatchObject({ ok: false, problems: [expect.stringMatching(/signed releases, the record holds 0/)] })
})

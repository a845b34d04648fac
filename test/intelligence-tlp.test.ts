import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MailOut } from '../src/config/config.ts'
import { getAlert } from '../src/db/alerts.ts'
import { insertFindings } from '../src/db/findings.ts'
import { providerById, saveProvider } from '../src/db/providers.ts'
import { replyById, replyRecord } from '../src/db/replies.ts'
import { systemClock } from '../src/kit/clock.ts'
import { makeInspect } from '../src/main/inspection.ts'
import { makeMailDoor } from '../src/outbox/mail/door.ts'
import { decide } from '../src/playbooks/decide.ts'
import { importIntelligenceFile } from '../src/playbooks/import-intelligence.ts'
import { knowObservable } from '../src/playbooks/know-observable.ts'
import { type AnswerDesk, answerDesk } from '../src/playbooks/reply.ts'
import { putAlert } from './answer-sample.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { silentLog } from './house.ts'

let house: FreshDatabase
let desk: AnswerDesk
beforeAll(async () => {
  house = await freshDatabase()
  const out = MailOut.parse({ host: '127.0.0.1', port: 1, from: 'Security desk <desk@customer.example>' })
  const parts = {
    db: house.db,
    clock: systemClock,
    log: silentLog,
    approvalUrl: String,
    sealKey: Buffer.alloc(32, 7),
    ownDomains: ['customer.example'],
    inspect: makeInspect(),
    replyHoldSeconds: 0,
  }
  desk = answerDesk({ ...parts, mail: makeMailDoor(out, { ownDomains: [], people: {} }, async () => null) })
  const take = (text: string, source: string) =>
    importIntelligenceFile(house.db, {
      ...{
        stream: Readable.from([Buffer.from(text)]),
        source,
        tlp: null,
        column: null,
        by: 'user:test',
        clock: systemClock,
        dryRun: false,
      },
    })
  await take(
    'indicator,tlp,malware\n192.0.2.66,RED,Nightjar\nsecret-c2.example.com,AMBER+STRICT,Nightjar\nboth.example.com,RED,Nightjar\nunclear.example.com,purple,x\n',
    'closed-circle',
  )
  await take('indicator,tlp\nboth.example.com,CLEAR\nshared.example.com,GREEN\n', 'open-list')
})
afterAll(() => house.close())

/** An alert whose decision cites what our intelligence knows of its address. */
async function cited(reason: string, text?: string) {
  const { alertId } = await putAlert(house.db, text === undefined ? {} : { text })
  const known = await knowObservable(house.db, 'ipv4', '192.0.2.66', new Date())
  const { verdict, sources, note, hits, warnings } = known?.reputation ?? {
    verdict: 'unknown',
    sources: [],
    note: null,
    hits: [],
    warnings: [],
  }
  const id = randomUUID()
  await insertFindings(house.db, [
    {
      ...{
        id,
        alertId,
        runId: null,
        question: 'reputation-of-observable',
        ask: { type: 'ipv4', value: '192.0.2.66' },
        connector: 'intelligence',
      },
      ...{
        kind: 'found',
        answer: { verdict, sources, note, hits, warnings },
        why: '',
        query: '',
        windowFrom: null,
        windowTo: null,
        aroundMinutes: null,
        costMs: 1,
      },
      askedAt: new Date().toISOString(),
    },
  ])
  const version = (await getAlert(house.db, alertId))?.version ?? 0
  const parts = { db: house.db, clock: systemClock, draftReply: async () => ({ replyId: '' }) }
  await decide(parts, {
    alertId,
    outcome: 'incident',
    reason,
    cites: [id],
    withoutEvidence: false,
    by: 'user:1',
    version,
  })
  return { alertId, replyId: await desk.draft(alertId, 'user:1') }
}

const placesOf = async (replyId: string) =>
  ((await replyById(house.db, replyId))?.spans ?? [])
    .filter((span) => span.class === 'intelligence')
    .map(({ text, reason }) => `${text}: ${reason.split(': ').at(-1)}`)

test('what is RED, AMBER+STRICT or unreadable must be redacted, in whatever spelling; what anybody else tells may leave', async () => {
  const { replyId } = await cited(
    'Nightjar talks to secret-c2[.]example[.]com, unclear.example.com, both.example.com and shared.example.com.',
  )
  expect(await placesOf(replyId)).toEqual([
    'Nightjar: TLP:RED by closed-circle',
    'secret-c2[.]example[.]com: TLP:AMBER+STRICT by closed-circle',
    'unclear.example.com: TLP:AMBER+STRICT by closed-circle',
  ])
  const reply = await replyById(house.db, replyId)
  const keep = (reply?.spans ?? []).map((span) => ({
    spanId: span.id,
    verdict: 'keep' as const,
    keepReason: 'they need it',
  }))
  await expect(desk.review(replyId, keep, reply?.version ?? 0, 'user:1')).rejects.toMatchObject({
    code: 'input.invalid',
  })
  await expect(desk.release(replyId, reply?.version ?? 0, 'user:1')).rejects.toMatchObject({ code: 'state.conflict' })
  const redact = keep.map(({ spanId }) => ({ spanId, verdict: 'redact' as const, keepReason: null }))
  const version = await desk.review(replyId, redact, reply?.version ?? 0, 'user:1')
  await desk.release(replyId, version, 'user:1')
  const sent = (await replyRecord(house.db, replyId))?.bytes?.toString() ?? ''
  expect(sent).toContain('shared.example.com')
  expect(sent).toContain('both.example.com')
  expect(sent).not.toMatch(/Nightjar|secret-c2|unclear\.example|closed-circle|192\.0\.2\.66/)
})

test('the draft itself does not tell that a closed source knows it, nor what it says', async () => {
  const { replyId } = await cited('We stop it.')
  const reply = await replyById(house.db, replyId)
  expect(reply?.text).not.toMatch(/malicious|suspicious|Nightjar|closed-circle/)
  expect(reply?.text).toContain('we looked in our intelligence and have nothing to tell')
})

test('what the provider wrote itself is no news to it', async () => {
  const { replyId } = await cited('You named 192.0.2.66.', 'We saw 192.0.2.66 talk to ws-0417.')
  expect(await placesOf(replyId)).toEqual([])
  const other = await cited('We name 192.0.2.66.')
  expect(await placesOf(other.replyId)).toEqual(['192.0.2.66: TLP:RED by closed-circle'])
})

test('an agreement that shares intelligence up to RED lets it be kept, until it no longer does', async () => {
  const sharing = { never: [], upToTlp: 'RED' as const, recipientDomains: [], secondPerson: [] }
  const provider = await providerById(house.db, 'acme')
  const version = async () =>
    (await house.db.selectFrom('provider').select('version').where('id', '=', 'acme').executeTakeFirstOrThrow()).version
  if (provider === null) throw new Error('no provider')
  await saveProvider(
    house.db,
    { ...provider, sharing, mayShare: ['intelligence', 'host'] },
    await version(),
    new Date(),
  )
  const { replyId } = await cited('It is Nightjar.')
  const reply = await replyById(house.db, replyId)
  expect(reply?.text).toContain('the indicator is rated malicious')
  const keep = (reply?.spans ?? []).map((span) => ({ spanId: span.id, verdict: 'keep' as const, keepReason: null }))
  const reviewed = await desk.review(replyId, keep, reply?.version ?? 0, 'user:1')
  await saveProvider(house.db, { ...provider, mayShare: [] }, await version(), new Date())
  await expect(desk.release(replyId, reviewed, 'user:1')).rejects.toMatchObject({ code: 'reply.blocked' })
  await saveProvider(house.db, { ...provider, sharing, mayShare: ['intelligence'] }, await version(), new Date())
  await desk.release(replyId, reviewed, 'user:1')
  expect((await replyRecord(house.db, replyId))?.bytes?.toString()).toContain('Nightjar')
})

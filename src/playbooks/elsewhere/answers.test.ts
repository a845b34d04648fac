import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { actOn, answerActs, setDryRun, tryTo } from '../../../test/answer-acts.ts'
import { answerAll, decideAlert, putAlert, sampleProvider } from '../../../test/answer-sample.ts'
import { type FreshDatabase, freshDatabase } from '../../../test/database.ts'
import { silentLog } from '../../../test/house.ts'
import { addPeople } from '../../../test/people.ts'
import {
  type ApiFault,
  type ApiStandIn,
  apiSecret,
  numberThere,
  type Played,
  played,
  putThere,
  settingsFor,
  shortLinkOf,
  startProviderApi,
} from '../../../test/provider-apis.ts'
import { egressOfReply } from '../../db/egress.ts'
import { addLink, linkById } from '../../db/elsewhere.ts'
import { systemById } from '../../db/elsewhere-systems.ts'
import { saveProvider } from '../../db/providers.ts'
import { changeReply, repliesOf, replyRecord } from '../../db/replies.ts'
import { beginRequest, requestsOf } from '../../db/reply-requests.ts'
import { fixedClock } from '../../kit/clock.ts'
import { sha256Hex } from '../../kit/digest.ts'
import { openAnswerApi, openTicketSystem } from '../../main/elsewhere.ts'
import { makeInspect } from '../../main/inspection.ts'
import { apiAnswerIn } from '../../model/provider-api.ts'
import type { Outcome } from '../../model/triage.ts'
import { providerApi } from '../../providers/apis.ts'
import { wayOf } from '../replies/api-answer.ts'
import { type AnswerDesk, answerDesk } from '../reply.ts'
import type { ElsewhereDesk } from './desk.ts'
import { saveDraft } from './settings.ts'
import { syncSystem } from './watch.ts'

/** Answers through a provider's own API, from the release to what is read back, on real PostgreSQL with the vendor played at the wire. */
const clock = fixedClock('2026-11-23T09:00:00Z')
const inspect = makeInspect()
let database: FreshDatabase
let desk: AnswerDesk
let sync: ElsewhereDesk
let world: ApiStandIn
let by: string
let count = 0

beforeAll(async () => {
  database = await freshDatabase()
  const { db } = database
  const [kari] = (await addPeople(db, [{ name: 'Kari Dahl', role: 'administrator' }])) as [{ id: string }]
  by = `user:${kari.id}`
  const parts = { db, clock, log: silentLog, sealKey: Buffer.alloc(32, 7) }
  // No mail server: whatever arrives went through the API.
  desk = answerDesk({
    ...parts,
    inspect,
    mail: null,
    ownDomains: [],
    replyHoldSeconds: 0,
    openApi: openAnswerApi(parts),
    approvalUrl: String,
  })
  sync = {
    ...{ ...parts, node: 'n1', cannotMail: () => 'no mail in this test', mailNotice: async () => undefined },
    ...{ open: openTicketSystem(parts), alertUrl: (id) => `https://desk.example.org/alerts/${id}` },
  }
  await saveProvider(db, { ...sampleProvider, replyAddress: null, addresses: [] }, 0, clock.now())
})
afterAll(async () => {
  await inspect.close()
  await database.close()
})
const api: Played = 'sentinelone-threats'
beforeEach(async () => {
  world = await startProviderApi(api)
})
afterEach(async () => {
  await database.db.deleteFrom('elsewhere_system').execute()
  await world.stop()
})

async function connect(change: Record<string, unknown> = {}, id: Played = api): Promise<void> {
  const known = providerApi(id)
  const settings = settingsFor(world, id, {
    ...{
      providers: ['acme'],
      fields: [],
      answers: 'api',
      verdictOut: known?.usual,
      verdictIn: { false_positive: 'false-alarm-benign' },
    },
    ...{ statusIn: { in_progress: 'acknowledged', resolved: 'closed', unresolved: 'nothing' }, ...change },
  })
  await saveDraft(
    sync,
    { id: 's1', kind: 'provider-api', title: 'SentinelOne', settings, secret: apiSecret, enabled: true, version: 0 },
    by,
  )
}

/** A decided alert with a number of theirs, which is there. */
async function newAlert(
  outcome: Outcome = 'false-alarm-benign',
  id: Played = api,
): Promise<{ alertId: string; ticket: string }> {
  const { alertId } = await putAlert(database.db)
  count += 1
  const ticket = `${numberThere[id].slice(0, -3)}${100 + count}`
  await database.db.updateTable('alert').set({ ticket }).where('id', '=', alertId).execute()
  putThere(world, id, ticket)
  await decideAlert(database.db, alertId, outcome)
  return { alertId, ticket }
}

const reply = async (id: string) => {
  const record = await replyRecord(database.db, id)
  if (record === null) throw new Error('no reply')
  return record.reply
}
const send = (replyId: string, attempt = 1) => desk.jobs['send-reply']({ replyId, attempt })
async function rounds(most: number): Promise<void> {
  for (let round = 0; round < most; round += 1) {
    clock.set(new Date(clock.now().getTime() + 2 * 60_000).toISOString())
    await syncSystem(sync, 's1')
  }
}
const there = (ticket: string) => {
  const found = world.tickets.get(ticket)
  if (found === undefined) throw new Error('not there')
  return found
}
const commentsHere = async (alertId: string) =>
  (await database.db.selectFrom('ticket_comment').select('text').where('alert_id', '=', alertId).execute()).map(
    ({ text }) => text,
  )

test('a released answer goes through their API once, with what was covered covered, and not by mail', async () => {
  await connect()
  const { alertId, ticket } = await newAlert()
  const replyId = await answerAll(database.db, desk, alertId, by)
  const held = await replyRecord(database.db, replyId)
  const answer = apiAnswerIn(held?.bytes ?? Buffer.alloc(0))
  expect(answer).toMatchObject({ api, ticket, status: 'resolved', verdict: 'false_positive' })
  expect(held?.reply.to).toEqual([`s1/${ticket}`])
  expect(JSON.stringify(answer)).not.toContain('ws-0417')
  // Nothing goes along, so nothing says so.
  expect(answer?.comment).not.toContain('attached')
  expect(await desk.preview(replyId)).toMatchObject({ text: answer?.comment, machine: null })
  expect(await egressOfReply(database.db, replyId)).toMatchObject({ channel: 'provider-api', state: 'released' })
  await send(replyId)
  await send(replyId)
  expect(await reply(replyId)).toMatchObject({ state: 'sent', receipt: 'SentinelOne took verdict, status, comment' })
  expect(there(ticket)).toMatchObject({ status: 'resolved', verdict: 'false_positive' })
  expect(there(ticket).comments.map(({ text }) => text)).toEqual([answer?.comment])
  expect(world.writes).toHaveLength(3)
  expect(await egressOfReply(database.db, replyId)).toMatchObject({ state: 'left' })
  // What we said ourselves is no news: no comment comes back, and nothing is closed by our own status.
  await rounds(3)
  expect(await commentsHere(alertId)).toEqual([])
  const taken = await database.db
    .selectFrom('ledger_entry')
    .select('id')
    .where('kind', '=', 'elsewhere.taken')
    .where('subject', '=', `alert:${alertId}`)
    .execute()
  expect(taken).toEqual([])
  expect(await linkById(database.db, 's1', alertId)).toMatchObject({
    theirVerdict: 'false_positive',
    theirStatus: 'resolved',
    says: '',
  })
  expect(world.writes).toHaveLength(3)
})

test('their comments, status and verdict come here, once; a verdict that nobody named is shown and not swallowed', async () => {
  await connect({ types: ['provider-alert'] })
  const { alertId, ticket } = await newAlert('incident')
  await syncSystem(sync, 's1')
  await rounds(1)
  const ours = there(ticket)
  ours.comments.push({ id: '900', author: 'Theirs', text: 'Please confirm.', at: '2026-11-23T09:01:00Z' })
  ours.status = 'in_progress'
  ours.verdict = 'suspicious'
  await rounds(4)
  expect(await commentsHere(alertId)).toEqual(['Please confirm.'])
  expect(await linkById(database.db, 's1', alertId)).toMatchObject({
    theirStatus: 'in_progress',
    theirVerdict: 'suspicious',
  })
  expect(Object.keys((await systemById(database.db, 's1'))?.unmapped ?? {})).toContain('suspicious')
  expect(world.writes).toEqual([])
})

test('busy: it waits as long as they say, and goes on where it stopped', async () => {
  await connect()
  const { alertId, ticket } = await newAlert()
  const replyId = await answerAll(database.db, desk, alertId, by)
  world.faults.push('none', 'busy')
  await send(replyId)
  const put = await reply(replyId)
  expect(put.state).toBe('held')
  expect(Date.parse(put.holdUntil ?? '') - clock.now().getTime()).toBe(900_000)
  expect((await requestsOf(database.db, replyId)).map(({ state }) => state)).toEqual(['taken'])
  clock.set(new Date(Date.parse(put.holdUntil ?? '')).toISOString())
  await send(replyId, 2)
  expect((await reply(replyId)).state).toBe('sent')
  // The verdict was not said a second time.
  expect(world.writes.filter((one) => one.endsWith('/analyst-verdict'))).toHaveLength(1)
  expect(there(ticket).comments).toHaveLength(1)
})

test.each(['drop', 'late-500', 'no-json'] as const)(
  'taken and not confirmed (%s at each request): looked for over there and settled, never told twice',
  async (fault) => {
    await connect()
    for (const at of [0, 1, 2]) {
      const { alertId, ticket } = await newAlert()
      const replyId = await answerAll(database.db, desk, alertId, by)
      world.faults.splice(0, world.faults.length, ...Array.from({ length: at }, () => 'none' as const), fault)
      const before = world.writes.length
      await send(replyId)
      expect((await reply(replyId)).state).toBe('unconfirmed')
      await send(replyId)
      expect(world.writes.length - before).toBe(at + 1)
      await rounds(2)
      // What was never begun is told now.
      if ((await reply(replyId)).state === 'held') await send(replyId)
      expect((await reply(replyId)).state).toBe('sent')
      expect(world.writes.length - before).toBe(3)
      expect(there(ticket).comments).toHaveLength(1)
      await rounds(1)
      expect(await commentsHere(alertId)).toEqual([])
    }
  },
)

test('lost on the way: it stays unconfirmed, says so, and is told again only when a person says so', async () => {
  await connect()
  const { alertId, ticket } = await newAlert()
  const replyId = await answerAll(database.db, desk, alertId, by)
  world.faults.push('none', 'none', 'lose')
  await send(replyId)
  await rounds(6)
  expect((await reply(replyId)).state).toBe('unconfirmed')
  expect((await linkById(database.db, 's1', alertId))?.says).toContain('not sent again by itself')
  expect(there(ticket).comments).toHaveLength(0)
  await desk.settleAs(replyId, 'resend', by, 'It is not in their ticket.')
  await send(replyId)
  expect((await reply(replyId)).state).toBe('sent')
  expect(there(ticket).comments).toHaveLength(1)
})

test('a process that died while it told is settled by what stands there, and the next one tells the rest', async () => {
  await connect()
  const { alertId, ticket } = await newAlert()
  const replyId = await answerAll(database.db, desk, alertId, by)
  // As it is when nobody wrote down any more what came of the first request.
  await changeReply(database.db, replyId, { state: 'sending' })
  await beginRequest(database.db, replyId, { n: 0, tells: ['verdict'] }, clock.now())
  there(ticket).verdict = 'false_positive'
  await send(replyId)
  expect((await reply(replyId)).state).toBe('unconfirmed')
  await rounds(1)
  expect(await reply(replyId)).toMatchObject({ state: 'held' })
  await send(replyId)
  expect((await reply(replyId)).state).toBe('sent')
  expect(world.writes.map((one) => one.split('/').at(-1))).toEqual(['incident', 'notes'])
})

test('refused: said with their words, and nothing of it was said there', async () => {
  await connect()
  const { alertId, ticket } = await newAlert()
  const replyId = await answerAll(database.db, desk, alertId, by)
  world.faults.push('refuse')
  await send(replyId)
  const refused = await reply(replyId)
  expect(refused.state).toBe('failed')
  expect(refused.receipt).toMatch(/no such value.*\(verdict\)/)
  expect(there(ticket).comments).toHaveLength(0)
})

test('a decision that has no words there is not released, and says where they are set', async () => {
  const { 'false-alarm-benign': _, ...others } = providerApi(api)?.usual ?? {}
  await connect({ verdictOut: others })
  const { alertId } = await newAlert()
  await expect(answerAll(database.db, desk, alertId, by)).rejects.toMatchObject({ code: 'reply.blocked' })
  expect(world.tries).toEqual([])
})

test('two people release the same requests: a mapping that changes between them changes nothing, another way is refused', async () => {
  await connect()
  const forTwo = async (): Promise<{ replyId: string; digest: string; ticket: string }> => {
    const { alertId, ticket } = await newAlert()
    const replyId = await desk.draft(alertId, by)
    let { version } = await reply(replyId)
    version = await desk.saveText(replyId, 'Its owner is on sick leave.', version, by)
    const { spans } = await reply(replyId)
    const said = spans.map((span) =>
      span.class === 'health'
        ? { spanId: span.id, verdict: 'keep' as const, keepReason: 'They ask why.' }
        : { spanId: span.id, verdict: 'redact' as const, keepReason: null },
    )
    version = await desk.review(replyId, said, version, by)
    expect(await desk.release(replyId, version, by)).toBe('second')
    return { replyId, digest: String((await reply(replyId)).digest), ticket }
  }
  const change = async (settings: Record<string, unknown>): Promise<void> => {
    const system = await systemById(database.db, 's1')
    await database.db
      .updateTable('elsewhere_system')
      .set({ settings: JSON.stringify({ ...system?.settings, ...settings }) })
      .execute()
  }
  const one = await forTwo()
  const words = { status: 'in_progress', verdict: 'suspicious' }
  await change({ verdictOut: { 'false-alarm-benign': words } })
  await desk.second(one.replyId, one.digest, true, '', 'user:2')
  await send(one.replyId)
  expect(there(one.ticket)).toMatchObject({ status: 'resolved', verdict: 'false_positive' })
  const other = await forTwo()
  await change({ answers: 'mail' })
  await expect(desk.second(other.replyId, other.digest, true, '', 'user:2')).rejects.toMatchObject({
    code: expect.stringMatching(/state\.conflict|mail\.not-configured/),
  })
  expect(there(other.ticket).comments).toHaveLength(0)
})

test('a number that people know their ticket by is looked up before anything is released, and the answer goes into what it is there', async () => {
  const expel = 'expel-investigations'
  await world.stop()
  world = await startProviderApi(expel)
  await connect({}, expel)
  const { alertId, ticket } = await newAlert('false-alarm-benign', expel)
  const shown = shortLinkOf(ticket)
  const know = (number: string) =>
    database.db.updateTable('alert').set({ ticket: number }).where('id', '=', alertId).execute()
  await know(shown)
  await expect(answerAll(database.db, desk, alertId, by)).rejects.toMatchObject({
    details: { fields: { to: expect.stringContaining('is being looked up') } },
  })
  await rounds(1)
  expect(await linkById(database.db, 's1', alertId)).toMatchObject({ theirId: ticket, theirKey: shown })
  const [draft] = await repliesOf(database.db, alertId)
  if (draft === undefined) throw new Error('no draft')
  const { id: replyId, version } = draft.reply
  await desk.release(replyId, version, by)
  await send(replyId)
  expect(await reply(replyId)).toMatchObject({ state: 'sent', to: [`s1/${ticket}`] })
  expect(there(ticket)).toMatchObject({ status: 'CLOSED', verdict: 'BENIGN' })
  await rounds(2)
  expect(await commentsHere(alertId)).toEqual([])
  there(ticket).comments.push({ id: '9', author: 'Theirs', text: 'Thank you.', at: '2026-11-23T09:01:00Z' })
  await rounds(2)
  expect(await commentsHere(alertId)).toEqual(['Thank you.'])
})

test('a number that is not found there says so, and its answer goes by mail', async () => {
  const expel = 'expel-investigations'
  await world.stop()
  world = await startProviderApi(expel)
  await connect({}, expel)
  const { alertId } = await newAlert('false-alarm-benign', expel)
  await database.db.updateTable('alert').set({ ticket: 'NORD-999999' }).where('id', '=', alertId).execute()
  await desk.draft(alertId, by)
  await rounds(1)
  const alert = { id: alertId, providerId: 'acme', ticket: 'NORD-999999' }
  expect(await wayOf(database.db, alert)).toMatchObject({
    ...{ kind: 'mail', waits: false, why: expect.stringContaining('could not be looked up') },
  })
  await database.db.deleteFrom('elsewhere_link').execute()
  expect(await wayOf(database.db, alert)).toMatchObject({ why: expect.stringContaining('Sync its ticket') })
  // A system that does not answer keeps nobody waiting.
  await addLink(database.db, 's1', alertId)
  expect(await wayOf(database.db, alert)).toMatchObject({ waits: true })
  await world.stop()
  await rounds(1)
  expect(await wayOf(database.db, alert)).toMatchObject({
    ...{ waits: false, why: expect.stringContaining('could not be reached') },
  })
})

test('bytes that somebody changed in the record are told to nobody, and every other ticket goes on', async () => {
  await connect()
  const [held, died, other] = [await newAlert(), await newAlert(), await newAlert()]
  const [first, second, whole] = [
    await answerAll(database.db, desk, held.alertId, by),
    await answerAll(database.db, desk, died.alertId, by),
    await answerAll(database.db, desk, other.alertId, by),
  ]
  await changeReply(database.db, second, { state: 'sending' })
  const bytes = Buffer.from('{"form":"counterfoil/api-answer/1","requests":[]}')
  await database.db.updateTable('reply').set({ bytes }).where('id', 'in', [first, second]).execute()
  for (const id of [first, second, whole]) await send(id)
  expect(await reply(first)).toMatchObject({ state: 'failed', receipt: expect.stringContaining('not those that') })
  expect((await reply(second)).state).toBe('unconfirmed')
  expect((await reply(whole)).state).toBe('sent')
  await rounds(2)
  expect([...there(held.ticket).comments, ...there(died.ticket).comments]).toEqual([])
  expect((await linkById(database.db, 's1', other.alertId))?.syncedAt).not.toBeNull()
})

test('a dry run shows what would be told, and tells nothing', async () => {
  await connect()
  const { alertId } = await newAlert()
  const provider = { ...sampleProvider, dryRun: true }
  const { version } = await database.db
    .selectFrom('provider')
    .select('version')
    .where('id', '=', 'acme')
    .executeTakeFirstOrThrow()
  await saveProvider(database.db, provider, version, clock.now())
  const replyId = await answerAll(database.db, desk, alertId, by)
  await send(replyId)
  expect((await reply(replyId)).state).toBe('dry-run')
  expect(apiAnswerIn((await desk.preview(replyId)).bytes)?.verdict).toBe('false_positive')
  expect(world.tries).toEqual([])
  await saveProvider(database.db, { ...provider, dryRun: false }, version + 1, clock.now())
})

test('switched off meanwhile: it waits, and nothing is told', async () => {
  await connect()
  const { alertId } = await newAlert()
  const replyId = await answerAll(database.db, desk, alertId, by)
  await database.db.updateTable('elsewhere_system').set({ enabled: false }).execute()
  await send(replyId)
  expect(await reply(replyId)).toMatchObject({ state: 'held', receipt: expect.stringContaining('switched off') })
  expect(world.tries).toEqual([])
})

const faults: readonly ApiFault[] = ['drop', 'lose', 'busy', 'conflict', 'late-500', 'no-json', 'refuse']
// Sent, and taken without a fault, about as often as all else together, or few stories would come that far.
const storyActs = fc.oneof(fc.constantFrom(...answerActs, 'off', 'on', 'look'), fc.constantFrom('send', 'look'))
const storyFaults = fc.oneof(fc.constant('none' as const), fc.constantFrom(...faults))

test.each(played)(
  'whatever happens in whatever order, every request that reaches %s is one that a person released, byte for byte, once for each time they said so',
  async (id) => {
    const { db } = database
    let seen = 0
    await fc.assert(
      fc.asyncProperty(
        // The fault meets the first or a later one of the next requests.
        fc.array(fc.tuple(storyActs, storyFaults, fc.nat(1)), { minLength: 4, maxLength: 12 }),
        // Every other story begins with what goes well.
        fc.constantFrom([], [['send', 'none', 0] as const]),
        async (rest, well) => {
          await world.stop()
          world = await startProviderApi(id)
          await db.deleteFrom('elsewhere_system').execute()
          await connect({}, id)
          await setDryRun(db, false)
          const { alertId, ticket } = await newAlert('false-alarm-benign', id)
          const replyId = await desk.draft(alertId, by)
          const sendNow = async () => {
            const { holdUntil } = await reply(replyId)
            if (holdUntil !== null && new Date(holdUntil) > clock.now()) clock.set(holdUntil)
            await send(replyId)
          }
          await actOn({ db, desk, send: sendNow }, replyId, 'release')
          const released = (await replyRecord(db, replyId))?.bytes ?? Buffer.alloc(0)
          const answer = apiAnswerIn(released)
          let [resends, isOn] = [0, true]
          for (const [what, fault, at] of [...well, ...rest]) {
            world.faults.splice(0, world.faults.length, ...Array.from({ length: at }, () => 'none' as const), fault)
            if (what === 'resend' && (await reply(replyId)).state === 'unconfirmed') resends += 1
            const soFar = world.tries.length
            if (what === 'on' || what === 'off') {
              isOn = what === 'on'
              await db.updateTable('elsewhere_system').set({ enabled: isOn }).execute()
            } else if (what === 'look') await rounds(1)
            else await tryTo(() => actOn({ db, desk, send: sendNow }, replyId, what))
            // What is switched off is told nothing, and looking tells nothing either.
            if (!isOn || what === 'look') expect(world.tries.length, what).toBe(soFar)
          }
          const requests = answer?.requests ?? []
          for (const { line, body } of world.wire.filter(({ tells }) => tells))
            expect(requests.map((one) => `${one.method} ${one.path}\n${one.body}`)).toContain(`${line}\n${body}`)
          for (const { method, path } of requests) {
            const done = world.writes.filter((one) => one === `${method} ${path.split('?')[0]}`)
            expect(done.length, path).toBeLessThanOrEqual(1 + resends)
          }
          for (const { text } of there(ticket).comments) expect(text).toBe(answer?.comment)
          expect((await egressOfReply(db, replyId))?.sha256).toBe(sha256Hex(released))
          seen += world.writes.length
        },
      ),
      { numRuns: 14 },
    )
    await setDryRun(db, false)
    process.stderr.write(`${id}: ${seen} requests taken in 14 stories\n`)
    expect(seen).toBeGreaterThan(0)
  },
  120_000,
)

test('what an API does not know is not saved', async () => {
  for (const [change, field] of [
    [{ api: 'nobody' }, 'api'],
    [{ providers: [] }, 'providers'],
    [{ fields: ['title'] }, 'fields'],
    [{ verdictOut: { incident: { status: 'done', verdict: '' } } }, 'verdictOut'],
    [{ verdictOut: { incident: { status: '', verdict: 'bad' } } }, 'verdictOut'],
    [{ statusOut: { closed: 'gone' } }, 'statusOut'],
    [{ plainHttp: false }, 'baseUrl'],
    [{ api: 'expel-investigations', verdictOut: {}, statusOut: { closed: 'CLOSED' } }, 'statusOut'],
  ] as const)
    await expect(connect(change), field).rejects.toMatchObject({ details: { fields: { [field]: expect.any(String) } } })
})

test('an answer leaves for the place that it was released for, and for none that bears its name by then', async () => {
  await connect()
  const { alertId, ticket } = await newAlert()
  const replyId = await answerAll(database.db, desk, alertId, by)
  const other = await startProviderApi(api)
  putThere(other, api, ticket)
  const system = await systemById(database.db, 's1')
  const moved = settingsFor(world, api, { ...system?.settings, baseUrl: other.url })
  const draft = { id: 's1', kind: 'provider-api', title: 'SentinelOne', secret: apiSecret, enabled: true } as const
  await saveDraft(sync, { ...draft, settings: moved, version: system?.version ?? 0 }, by)
  await send(replyId)
  expect([world.tries, other.tries]).toEqual([[], []])
  const { state, receipt } = await reply(replyId)
  expect([state, receipt]).toEqual(['failed', expect.stringContaining(`at ${world.url}, and SentinelOne is elsewhere`)])
  await other.stop()
})

test('what they took while the database failed is looked for over there, and never called failed', async () => {
  await connect()
  const { alertId, ticket } = await newAlert()
  const replyId = await answerAll(database.db, desk, alertId, by)
  const { db } = database
  await sql`create function out_of_order() returns trigger language plpgsql as $$ begin raise 'out of order'; end $$`.execute(
    db,
  )
  await sql`create trigger out_of_order before update on reply_request execute function out_of_order()`.execute(db)
  await expect(send(replyId)).rejects.toThrow('out of order')
  await sql`drop function out_of_order cascade`.execute(db)
  expect(there(ticket).verdict).toBe('false_positive')
  expect((await reply(replyId)).state).toBe('sending')
  // The job is tried again.
  await send(replyId)
  expect((await reply(replyId)).state).toBe('unconfirmed')
  await rounds(2)
  await send(replyId)
  expect((await reply(replyId)).state).toBe('sent')
  expect(there(ticket).comments).toHaveLength(1)
  expect(world.writes).toHaveLength(3)
})

test('of comments without end so many are taken as a ticket can hold', async () => {
  await connect()
  const { alertId, ticket } = await newAlert('incident')
  await addLink(database.db, 's1', alertId)
  await sql`insert into elsewhere_item (system_id, alert_id, kind, direction, our_id, their_id, digest, state, at)
    select 's1', ${alertId}::uuid, 'comment', 'in', null, 'old-' || n, '', 'done', now() from generate_series(1, 1998) n`.execute(
    database.db,
  )
  for (const id of ['901', '902', '903', '904'])
    there(ticket).comments.push({ id, author: 'Theirs', text: `Again: ${id}`, at: `2026-11-23T09:01:00.${id}Z` })
  await rounds(3)
  expect(await commentsHere(alertId)).toEqual(['Again: 901', 'Again: 902'])
})

test('who saw it go through their API releases it in that way, and not by mail where that was switched off meanwhile', async () => {
  await connect()
  const { alertId, ticket } = await newAlert()
  const replyId = await desk.draft(alertId, by)
  const draft = await reply(replyId)
  const redacted = draft.spans.map((span) => ({ spanId: span.id, verdict: 'redact' as const, keepReason: null }))
  const version = await desk.review(replyId, redacted, draft.version, by)
  await expect(desk.release(replyId, version, by, null)).rejects.toMatchObject({
    details: { fields: { to: expect.stringContaining(`through their API, to s1/${ticket}`) } },
  })
  const page = { origin: 'https://desk.example.org', rpId: 'desk.example.org' }
  await expect(desk.prepareRelease(replyId, { version, digest: null, through: null }, by, page)).rejects.toMatchObject({
    details: { fields: { to: expect.stringContaining('which is not what you saw') } },
  })
  await expect(desk.release(replyId, version, by, 's1/77')).rejects.toMatchObject({ code: 'state.conflict' })
  expect(await desk.release(replyId, version, by, `s1/${ticket}`)).toBe('held')
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { putAlert } from '../../../test/answer-sample.ts'
import { type ChatWire, startChatWire } from '../../../test/chat-wire.ts'
import { type FreshDatabase, freshDatabase } from '../../../test/database.ts'
import { silentLog } from '../../../test/house.ts'
import { postById } from '../../db/chat.ts'
import { listEgress } from '../../db/egress.ts'
import { outsideSendById } from '../../db/outside.ts'
import { resealOthers } from '../../db/sealed.ts'
import { seal, unseal } from '../../kit/seal.ts'
import { stableId } from '../../kit/stable-id.ts'
import { ChatSettings } from '../../model/chat.ts'
import { chatBytes, openChat } from '../../outbox/chat/index.ts'
import { indexLists } from '../../triage/redact.ts'
import type { Notice } from '../house.ts'
import type { ChatDesk } from './desk.ts'
import { cannotReach, queueChat } from './queue.ts'
import { sendChat } from './send.ts'
import { saveChat } from './settings.ts'

let database: FreshDatabase
let wire: ChatWire
let now = new Date('2026-11-28T10:00:00Z')
const clock = { now: () => now }
const mara = 'mara.weiss@halden.example'
beforeAll(async () => {
  database = await freshDatabase()
  wire = await startChatWire()
}, 600_000)
afterAll(async () => {
  await wire.stop()
  await database.close()
})
beforeEach(() => {
  wire.posts.length = 0
  wire.next.length = 0
})

const desk = (): ChatDesk => ({
  ...{ db: database.db, clock, log: silentLog, ownDomains: ['halden.example'] },
  lists: { mark: '', index: indexLists({ people: [], assets: [] }) },
  sealKey: Buffer.alloc(32, 7),
  bytesOf: chatBytes,
  open: (channel, url) => openChat(channel, url, { clock, entryOf: (id) => outsideSendById(database.db, id) }),
  alertUrl: (alertId) => `http://localhost/alerts/${alertId}`,
  deskUrl: 'http://localhost/queue',
})
const settings = (change: object = {}) =>
  ChatSettings.parse({ people: [mara], personal: true, plainHttp: true, allowAddresses: ['127.0.0.1'], ...change })

let channels = 0
async function channel(change: object = {}, kind: 'slack' | 'teams' = 'slack') {
  // One channel at a time is told.
  await database.db.deleteFrom('chat_channel').execute()
  channels += 1
  const id = `c${channels}`
  const draft = { id, kind, title: `Channel ${channels}`, settings: settings(change), enabled: true, version: 0 }
  await saveChat(desk(), { ...draft, url: wire.url }, 'user:1')
  return draft
}

async function queued(change: Partial<Notice> & { words?: string; alertId?: string } = {}): Promise<string> {
  const { words = 'Was it you on FIN-APP02?', alertId, ...rest } = change
  const notice: Notice = {
    ...{ id: randomUUID(), kind: 'person-question', to: [mara], subject: 'Was this you? (A-1)', text: 'never posted' },
    about: {
      ...{
        alertId: alertId ?? (await putAlert(database.db)).alertId,
        words,
        link: 'http://localhost/q/one-time-token',
      },
      expiresAt: '2026-11-28T14:00:00.000Z',
    },
    ...rest,
  }
  await queueChat(database.db, notice, clock)
  return stableId('chat', notice.id, `c${channels}`)
}
const stateOf = async (id: string) => {
  const row = await database.db.selectFrom('chat_post').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  return { state: row.state, says: row.says, kept: row.matter !== null || row.bytes !== null }
}
const left = async () =>
  (await listEgress(database.db, { kind: 'chat' }, 100)).map(({ state, receipt, rule, releasedBy }) => ({
    state,
    receipt,
    rule,
    releasedBy,
  }))

test('a question to one person comes as Block Kit with four links, no preview, and nothing sensitive; its bytes are dropped once it arrived', async () => {
  await channel({ shows: ['title', 'severity', 'words'] })
  const { alertId } = await putAlert(database.db)
  await database.db
    .updateTable('alert')
    .set({ title: 'Beaconing on FIN-APP02 <!channel> & 10.0.4.7', host: 'FIN-APP02' })
    .where('id', '=', alertId)
    .execute()
  const id = await queued({ alertId })
  expect(await sendChat(desk(), id, false)).toMatchObject({ kind: 'done' })
  const body = JSON.parse(wire.posts[0] ?? '') as { blocks: { type: string; text?: { type: string; text: string } }[] }
  expect(body).toMatchObject({ unfurl_links: false, unfurl_media: false, text: 'Was this you? (A-1)' })
  expect(body.blocks.map(({ type }) => type)).toEqual(['header', 'section', 'section', 'context'])
  expect(body.blocks[1]?.text).toMatchObject({ type: 'plain_text' })
  expect(body.blocks[1]?.text?.text).toContain(
    'Beaconing on [redacted: host] <!channel> & [redacted: internal address]',
  )
  for (const answer of ['yes', 'no', 'unsure', 'not-me'])
    expect(body.blocks[2]?.text?.text).toContain(`<http://localhost/q/one-time-token#${answer}|`)
  expect(wire.posts[0]).not.toMatch(/FIN-APP02|never posted/)
  expect(await stateOf(id)).toMatchObject({ state: 'sent', kept: false })
  const [entry] = await left()
  expect(entry).toMatchObject({ state: 'left', releasedBy: 'user:1' })
  expect(entry?.rule).toContain('up to TLP:GREEN')
  await sendChat(desk(), id, false)
  expect(wire.posts).toHaveLength(1)
})

test('a Teams card is version 1.5 in its envelope, text of others only in text runs, each link an action', async () => {
  await channel({}, 'teams')
  await sendChat(desk(), await queued(), false)
  const body = JSON.parse(wire.posts[0] ?? '') as {
    type: string
    attachments: { content: { body: { type: string }[] } }[]
  }
  expect(body).toMatchObject({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: { type: 'AdaptiveCard', version: '1.5', actions: [{ type: 'Action.OpenUrl' }, {}, {}, {}] },
      },
    ],
  })
  expect(body.attachments[0]?.content.body.every(({ type }) => type === 'RichTextBlock')).toBe(true)
  expect(wire.posts[0]).not.toContain('FIN-APP02')
})

test('of what is marked above its traffic light a channel learns only that it is there', async () => {
  await channel({ shows: ['title', 'severity', 'words'] })
  const { alertId } = await putAlert(database.db)
  await database.db
    .updateTable('alert')
    .set({ title: '[TLP:AMBER+STRICT] Beaconing of QUIETHERON' })
    .where('id', '=', alertId)
    .execute()
  await sendChat(desk(), await queued({ alertId, subject: 'Was this you? QUIETHERON', words: 'QUIETHERON' }), false)
  expect(wire.posts[0]).not.toContain('QUIETHERON')
  expect(wire.posts[0]).toContain('Marked TLP:AMBER+STRICT')
  await channel({ shows: ['title'], upToTlp: 'AMBER+STRICT' })
  await sendChat(desk(), await queued({ alertId }), false)
  expect(wire.posts[1]).toContain('QUIETHERON')
})

test('where several read, no one-time link is posted: who is meant, and the way to the desk', async () => {
  await channel({ people: [mara, 'jo.field@halden.example'], personal: false })
  const { alertId } = await putAlert(database.db)
  await sendChat(desk(), await queued({ alertId }), false)
  expect(wire.posts[0]).toContain(`For ${mara}`)
  expect(wire.posts[0]).toContain(`http://localhost/alerts/${alertId}`)
  expect(wire.posts[0]).not.toContain('one-time-token')
  await expect(channel({ people: [mara, 'jo.field@halden.example'], personal: true })).rejects.toMatchObject({
    code: 'input.invalid',
  })
})

test('429 holds the whole channel as long as it says, a lost answer is posted again with the same number, a refusal never', async () => {
  const { id: channelId } = await channel()
  const [first, second] = [await queued(), await queued()]
  wire.next.push({ status: 429, retryAfter: '90' })
  expect(await sendChat(desk(), first, false)).toMatchObject({ kind: 'later', afterMs: 90_000 })
  expect(await stateOf(first)).toMatchObject({ state: 'queued', says: 'status 429' })
  expect(await sendChat(desk(), second, false)).toBeNull()
  expect(wire.posts).toHaveLength(1)
  const jobs = await database.db
    .selectFrom('chat_channel')
    .select(['not_before', 'failing_since'])
    .where('id', '=', channelId)
    .executeTakeFirstOrThrow()
  expect(jobs.not_before?.toISOString()).toBe('2026-11-28T10:01:30.000Z')
  now = new Date('2026-11-28T10:01:31Z')
  wire.next.push('drop')
  expect(await sendChat(desk(), first, false)).toMatchObject({ kind: 'unknown' })
  expect((await left()).map(({ state }) => state)).toContain('unconfirmed')
  now = new Date('2026-11-28T10:10:00Z')
  await sendChat(desk(), first, false)
  await sendChat(desk(), second, false)
  expect(wire.posts).toHaveLength(4)
  expect(wire.posts[1]).toBe(wire.posts[2])
  expect(await stateOf(first)).toMatchObject({ state: 'sent', kept: false })
  expect((await left()).map(({ state }) => state)).not.toContain('unconfirmed')
  const third = await queued()
  wire.next.push({ status: 404, text: 'no_service' })
  await sendChat(desk(), third, false)
  expect(await stateOf(third)).toMatchObject({ state: 'failed', kept: false })
  await sendChat(desk(), third, false)
  expect(wire.posts).toHaveLength(5)
  now = new Date('2026-11-28T10:00:00Z')
})

test('a message whose process died while posting is posted again; what waits is made anew when the agreement changed; too late is not sent', async () => {
  const draft = await channel({ shows: ['title', 'severity', 'words'] })
  const cut = await queued()
  const dying: ChatDesk = {
    ...desk(),
    open: () => ({
      post: async () => {
        throw new Error('killed')
      },
      close: async () => undefined,
    }),
  }
  await expect(sendChat(dying, cut, false)).rejects.toThrow('killed')
  expect(await stateOf(cut)).toMatchObject({ state: 'sending' })
  const before = (await postById(database.db, cut))?.bytes?.toString() ?? ''
  expect(before).toContain('Severity')
  await saveChat(desk(), { ...draft, settings: settings({ shows: [] }), version: 1, url: null }, 'user:2')
  await sendChat(desk(), cut, false)
  expect(wire.posts).toHaveLength(1)
  expect(wire.posts[0]).not.toContain('Severity')
  const late = await queued()
  now = new Date('2026-11-28T15:00:00Z')
  expect(await sendChat(desk(), late, false)).toBeNull()
  expect(await stateOf(late)).toMatchObject({ state: 'failed', says: 'Its time was over before it could be posted' })
  now = new Date('2026-11-28T10:00:00Z')
  expect(wire.posts).toHaveLength(1)
})

test('the door posts only bytes that stand in what left; a person without mail is reached where a channel tells them', async () => {
  const draft = await channel()
  const door = openChat({ ...draft }, wire.url, { clock, entryOf: (id) => outsideSendById(database.db, id) })
  await expect(door.post(randomUUID(), Buffer.from('{}'))).rejects.toMatchObject({ code: 'internal' })
  const row = await database.db
    .selectFrom('outside_send')
    .select('id')
    .where('state', '=', 'left')
    .executeTakeFirstOrThrow()
  await expect(door.post(row.id, Buffer.from('{}'))).rejects.toMatchObject({ code: 'internal' })
  await door.close()
  expect(wire.posts).toHaveLength(0)
  await expect(
    database.db.updateTable('outside_send').set({ rule: 'another' }).where('id', '=', row.id).execute(),
  ).rejects.toThrow(/never changed/)
  const house = { cannotMail: () => 'no mail server' }
  expect(await cannotReach(house, database.db, [mara.toUpperCase()])).toBeNull()
  expect(await cannotReach(house, database.db, [mara, 'x@halden.example'])).toBe('no mail server')
})

test('a webhook is https, never shown, and entered again when the way there changes', async () => {
  const draft = {
    id: 'plain',
    kind: 'slack',
    title: 'Plain',
    settings: ChatSettings.parse({}),
    enabled: false,
    version: 0,
  } as const
  await expect(saveChat(desk(), { ...draft, url: wire.url }, 'user:1')).rejects.toMatchObject({ code: 'input.invalid' })
  await saveChat(desk(), { ...draft, url: 'https://hooks.example.com/services/secret-part' }, 'user:1')
  const moved = { ...draft, version: 1, settings: settings({ personal: false }), url: null }
  await expect(saveChat(desk(), moved, 'user:1')).rejects.toMatchObject({ code: 'input.invalid' })
  const kept = await database.db
    .selectFrom('chat_channel')
    .selectAll()
    .where('id', '=', 'plain')
    .executeTakeFirstOrThrow()
  expect(kept.host).toBe('hooks.example.com')
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select('leaf')
    .where('subject', '=', 'chat:plain')
    .execute()
  expect(lines).toHaveLength(1)
  expect(JSON.stringify([lines, kept.settings])).not.toContain('secret-part')
})

test('another key for the secrets opens the webhook as before; what is made up is told to no channel', async () => {
  const { id } = await channel()
  const other = Buffer.alloc(32, 9)
  await resealOthers(database.db, (sealed, about) => seal(other, unseal(desk().sealKey, sealed, about), about))
  const post = await queued()
  expect(await sendChat({ ...desk(), sealKey: other }, post, false)).toMatchObject({ kind: 'done' })
  expect(wire.posts).toHaveLength(1)
  const { alertId } = await putAlert(database.db)
  await database.db.updateTable('alert').set({ sample: true }).where('id', '=', alertId).execute()
  const notice = {
    id: randomUUID(),
    kind: 'notify',
    to: [mara],
    subject: 'Made up',
    text: '',
    about: { alertId },
  } as const
  expect([...(await queueChat(database.db, notice, clock))]).toEqual([mara])
  expect(await postById(database.db, stableId('chat', notice.id, id))).toBeNull()
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, authentication, mail, provider, type TestHouse, testHouse } from '../../test/house.ts'
import { countAlerts, getAlert } from '../db/alerts.ts'
import { jobCounts } from '../db/jobs.ts'
import { countMessages, getMessage, sightingsOf } from '../db/messages.ts'
import { listRuns } from '../db/runs.ts'
import { Trouble } from '../kit/errors.ts'
import { stableId } from '../kit/stable-id.ts'
import type { Raw } from '../model/message.ts'
import { loadLibrary } from './load.ts'
import { readMessage, releaseFromQuarantine } from './read-message.ts'
import { makeReceive, messageBytesMax } from './receive.ts'

let database: FreshDatabase
let house: TestHouse
beforeAll(async () => {
  database = await freshDatabase()
  house = await testHouse(database, { library: await loadLibrary(['content/playbooks']) })
})
afterAll(() => database.close())

/** Through the door and read, as the job would; twice, because a job may run twice. */
async function comes(
  raw: Raw,
  which: TestHouse = house,
): Promise<{ id: string; alertId: string | null; state: string; kind: string | null }> {
  const { id } = await makeReceive(which)(raw)
  await readMessage(which, id, 1)
  await readMessage(which, id, 2)
  const message = await getMessage(which.db, id)
  return { id, alertId: message?.alertId ?? null, state: message?.state ?? '', kind: message?.kind ?? null }
}

const ids = (id: string, extra: Record<string, string> = {}) => ({ 'Message-ID': `<${id}@provider.example>`, ...extra })

test('the same bytes twice are one message, one alert and one run, and the second time is counted', async () => {
  const receive = makeReceive(house)
  const raw = mail('Alert one', alertBody, ids('one'))
  const receipts = await Promise.all([receive(raw), receive(raw), receive(raw)])
  expect(receipts.filter((receipt) => receipt.fresh)).toHaveLength(1)
  const { alertId } = await comes(raw)
  expect(await listRuns(house.db, { alertId: alertId ?? '' })).toHaveLength(1)
  const counts = await countMessages(house.db)
  expect(counts).toMatchObject({ in: 1, again: 3, lost: 0, states: { read: 1 } })
  expect((await countAlerts(house.db)).all).toBe(1)
  const sightings = await sightingsOf(house.db, alertId ?? '')
  expect(sightings.length).toBeGreaterThan(0)
  const lines = await house.db
    .selectFrom('ledger_entry')
    .select('kind')
    .where('subject', '=', `message:${receipts[0]?.id}`)
    .execute()
  expect(lines.map((line) => line.kind).sort()).toEqual([
    'message.duplicate',
    'message.duplicate',
    'message.duplicate',
    'message.read',
    'message.received',
  ])
})

test('a known ticket joins its alert, and so does a reply in its thread; both bring the reading up to date', async () => {
  const first = await comes(mail('[Ticket: INC-4711] Malware found', `Ticket: INC-4711\n${alertBody}`, ids('t1')))
  const second = await comes(
    mail(
      '[Ticket: INC-4711] Malware found, update',
      `Ticket: INC-4711\n${alertBody.replace('High', 'Critical')}`,
      ids('t2'),
    ),
  )
  expect(second.alertId).toBe(first.alertId)
  const third = await comes(
    mail('Re: Malware found', 'Thank you, any news?', ids('t3', { 'In-Reply-To': '<t1@provider.example>' })),
  )
  expect(third.alertId).toBe(first.alertId)
  const record = await getAlert(house.db, first.alertId ?? '')
  expect(record?.alert.messageIds).toEqual([first.id, second.id, third.id])
  expect(record?.alert.severity).toBe('critical')
  expect(await listRuns(house.db, { alertId: first.alertId ?? '' })).toHaveLength(1)
})

test('an answer read before the mail it answers brings that mail to its own alert', async () => {
  const answer = await comes(
    mail('Re: Strange traffic', 'Is this yours?', ids('late-2', { References: '<late-1@provider.example>' })),
  )
  const original = await comes(mail('Strange traffic', alertBody.replace('ws-17', 'ws-99'), ids('late-1')))
  expect(original.alertId).toBe(answer.alertId)
})

test('two mails of one ticket read at the same moment open one alert', async () => {
  const receive = makeReceive(house)
  const receipts = await Promise.all(
    [1, 2, 3, 4].map((n) =>
      receive(mail('Case INC-9000', `Ticket: INC-9000\nNumber: ${n}\n${alertBody}`, ids(`same-${n}`))),
    ),
  )
  await Promise.all(receipts.map((receipt) => readMessage(house, receipt.id, 1)))
  const alerts = new Set(await Promise.all(receipts.map(async ({ id }) => (await getMessage(house.db, id))?.alertId)))
  expect(alerts.size).toBe(1)
})

test('what fails the checks waits in quarantine and starts nothing, until a person lets it in', async () => {
  const before = {
    alerts: await countAlerts(house.db),
    runs: (await listRuns(house.db)).length,
    jobs: (await jobCounts(house.db)).ready,
  }
  const forged = await comes(mail('Alert forged', alertBody, ids('forged', { From: 'soc@elsewhere.example' })))
  expect(forged).toMatchObject({ state: 'quarantined', alertId: null })
  expect(await countAlerts(house.db)).toEqual(before.alerts)
  expect(await listRuns(house.db)).toHaveLength(before.runs)
  expect((await getMessage(house.db, forged.id))?.stateReason).toContain('refused by the test')

  const release = { messageId: forged.id, reason: 'known to me', providerId: null, by: 'user:1' }
  await releaseFromQuarantine(house, release)
  await expect(releaseFromQuarantine(house, release)).rejects.toMatchObject({ code: 'state.conflict' })
  await readMessage(house, forged.id, 1)
  const released = await getMessage(house.db, forged.id)
  expect(released).toMatchObject({ state: 'read' })
  expect(released?.alertId).not.toBeNull()
})

test('a forged mail that is let in without saying whose it is joins and changes no alert of whom it claims to be', async () => {
  const text = `Ticket: INC-5151\n${alertBody}`
  const real = await comes(mail('[Ticket: INC-5151] Real', text, ids('real')))
  const refusing = await testHouse(database, {
    authenticate: async () => ({ ...authentication(false, provider.id), reasons: ['no signature'] }),
  })
  const low = text.replace('High', 'Low')
  const forged = await comes(mail('[Ticket: INC-5151] Forged', low, ids('false')), refusing)
  const letIn = { messageId: forged.id, reason: 'looks fine', by: 'user:1' }
  await releaseFromQuarantine(house, { ...letIn, providerId: null })
  await readMessage(refusing, forged.id, 1)
  const released = await getMessage(house.db, forged.id)
  expect(released).toMatchObject({ state: 'read', providerId: 'unknown' })
  expect(released?.alertId).not.toBe(real.alertId)
  expect((await getAlert(house.db, real.alertId ?? ''))?.alert.severity).toBe('high')
  // Named, it is believed: the person vouches.
  const second = await comes(mail('[Ticket: INC-5151] Vouched', low, ids('vouched')), refusing)
  await releaseFromQuarantine(house, { ...letIn, messageId: second.id, providerId: provider.id })
  await readMessage(refusing, second.id, 1)
  expect((await getMessage(house.db, second.id))?.alertId).toBe(real.alertId)
})

test('what cannot be parsed is never lost: an alert by name where the door knows the provider, else quarantine', async () => {
  const broken = await testHouse(database, {
    library: house.library,
    parse: async () => {
      throw new Trouble('input.invalid', { problem: 'no header at all' })
    },
  })
  const known = await comes(
    { ...mail('x', 'garbage one'), channel: 'file', providerId: 'acme', origin: 'inbox/broken.eml' },
    broken,
  )
  expect(known).toMatchObject({ state: 'read', kind: 'unread' })
  const record = await getAlert(house.db, known.alertId ?? '')
  expect(record?.alert).toMatchObject({ kind: 'unread', title: 'Unread message: inbox/broken.eml', providerId: 'acme' })
  expect((await listRuns(house.db, { alertId: known.alertId ?? '' })).map((run) => run.playbookId)).toEqual(['unread'])
  const unknown = await comes(mail('y', 'garbage two'), broken)
  expect(unknown.state).toBe('quarantined')
})

test('a posted JSON alert is read by the key it came with', async () => {
  const bytes = Buffer.from(
    JSON.stringify({ title: 'Brute force', severity: 'high', ticket: 'J-1', source_ip: '192.0.2.77', host: 'srv-1' }),
  )
  const posted = await comes({ ...mail('', ''), bytes, form: 'json', channel: 'https', providerId: 'acme' })
  expect(posted.state).toBe('read')
  expect((await getAlert(house.db, posted.alertId ?? ''))?.alert.providerId).toBe('acme')
  const nobody = await comes({
    ...mail('', ''),
    bytes: Buffer.from('{"title":"x"}'),
    form: 'json',
    channel: 'https',
    providerId: null,
  })
  expect(nobody.state).toBe('quarantined')
})

/** A reply of ours to the alert, as it left. */
async function replied(alertId: string | null, name: string): Promise<{ replyId: string; leaves: Raw }> {
  const replyId = stableId('reply', name)
  const leaves = mail('Re: Alert', `our words about ${name}\r\n`, {
    From: 'desk@example.org',
    'Message-ID': `<${name}@example.org>`,
  })
  await house.db
    .insertInto('reply')
    .values({
      id: replyId,
      alert_id: alertId ?? '',
      provider_id: 'acme',
      text: '',
      recipients: [],
      subject: '',
      message_id: `${name}@example.org`,
      bytes: Buffer.from(leaves.bytes),
      created_at: new Date(),
    })
    .execute()
  return { replyId, leaves }
}

/** The same bytes as a mail server hands them over: with header fields of its own on top. */
const delivered = (raw: Raw): Raw => ({
  ...raw,
  bytes: Buffer.concat([Buffer.from('Received: by mx.example.org\r\n'), raw.bytes]),
})

test('a bounce and a copy of our own reply go to their alert, settle the reply and start nothing', async () => {
  const { alertId } = await comes(mail('Alert with reply', alertBody.replace('ws-17', 'ws-5'), ids('r1')))
  const { replyId, leaves } = await replied(alertId, 'ours-1')
  const runs = (await listRuns(house.db)).length
  const bounce = await comes(
    mail('Undelivered', 'failed', ids('b1', { 'Auto-Submitted': 'auto-replied', 'X-About': 'ours-1@example.org' })),
  )
  expect(bounce).toMatchObject({ alertId, kind: 'bounce' })
  // From our own address, which is no provider's: its bytes say what it is.
  const copy = await comes(delivered(leaves))
  expect(copy).toMatchObject({ alertId, kind: 'notice', state: 'read' })
  expect(house.seen.map((one) => [one.replyId, one.by.kind])).toEqual([
    [replyId, 'delivery-report'],
    [replyId, 'copy'],
  ])
  expect(await listRuns(house.db)).toHaveLength(runs)
})

test('a Message-ID of ours proves nothing: forged copies and reports of others settle no reply and join no alert', async () => {
  const { alertId } = await comes(mail('Another with reply', alertBody.replace('ws-17', 'ws-6'), ids('r2')))
  await replied(alertId, 'ours-2')
  const before = house.seen.length
  const rival = await testHouse(database, {
    authenticate: async () => authentication(true, 'rival'),
    replySeen: house.replySeen,
  })
  await house.db
    .insertInto('provider')
    .values({ id: 'rival', config: JSON.stringify({ ...provider, id: 'rival', addresses: [], domains: [] }) })
    .execute()
  const about = { 'Auto-Submitted': 'auto-replied', 'X-About': 'ours-2@example.org', From: 'soc@rival.example' }
  const report = await comes(mail('Undelivered', 'failed', { ...about, 'Message-ID': '<b2@rival.example>' }), rival)
  expect(report).toMatchObject({ alertId: null, kind: 'bounce' })
  const ours = { From: 'soc@rival.example', 'Message-ID': '<ours-2@example.org>' }
  const copy = await comes(mail('Re: Alert', 'not our words', ours), rival)
  expect(copy.alertId).not.toBe(alertId)
  const stranger = await comes(mail('Re: Alert', 'not our words', { ...ours, From: 'who@evil.example' }))
  expect(stranger).toMatchObject({ alertId: null, state: 'quarantined' })
  expect(house.seen).toHaveLength(before)
  // A person who lets a report in says that it is one: our own mail server is no provider.
  const own = mail('Undelivered', 'failed', {
    ...about,
    From: 'mailer-daemon@example.org',
    'Message-ID': '<b3@x.example>',
  })
  const held = await comes(own)
  expect(held.state).toBe('quarantined')
  await releaseFromQuarantine(house, { messageId: held.id, reason: 'our own server', providerId: null, by: 'user:1' })
  await readMessage(house, held.id, 1)
  expect((await getMessage(house.db, held.id))?.alertId).toBe(alertId)
  expect(house.seen).toHaveLength(before + 1)
})

test('the same mail with other header fields on top says nothing new: it opens nothing again and brings no old word back', async () => {
  const text = (level: string) => `Ticket: INC-6161\n${alertBody.replace('High', level)}`
  const first = mail('[Ticket: INC-6161] Raised', text('High'), ids('again-1'))
  const { alertId } = await comes(first)
  await comes(mail('[Ticket: INC-6161] Lowered', text('Low'), ids('again-2')))
  await house.db
    .updateTable('alert')
    .set({ state: 'closed' })
    .where('id', '=', alertId ?? '')
    .execute()
  expect((await comes(delivered(first))).alertId).toBe(alertId)
  expect((await getAlert(house.db, alertId ?? ''))?.alert).toMatchObject({ state: 'closed', severity: 'low' })
  // Under the same Message-ID, but in other words: that is news.
  await comes(mail('[Ticket: INC-6161] Raised', text('Critical'), ids('again-1')))
  expect((await getAlert(house.db, alertId ?? ''))?.alert).toMatchObject({ state: 'open', severity: 'critical' })
})

test('a message over the limit is refused before anything is kept', async () => {
  const raw = { ...mail('big', ''), bytes: new Uint8Array(messageBytesMax + 1) }
  await expect(makeReceive(house)(raw)).rejects.toMatchObject({ code: 'input.too-large' })
})

test('a refusal of any length reaches quarantine', async () => {
  const wordy = await testHouse(database, {
    authenticate: async () => ({ ...authentication(false, null), reasons: Array(200).fill('\x01'.repeat(5000)) }),
  })
  const message = await comes(mail('wordy', alertBody, ids('wordy')), wordy)
  expect(message.state).toBe('quarantined')
})

test('a look-up that did not answer is tried again before it counts against the sender', async () => {
  const temporary = await testHouse(database, {
    authenticate: async () => ({
      spf: { result: 'temperror', domain: null },
      dkim: [],
      dmarc: { result: 'none', policy: null, domain: null },
      arc: { result: 'none', sealers: [] },
      sourceAddress: null,
      provider: null,
      sourceAllowed: 'not-pinned',
      accepted: false,
      reasons: ['DNS did not answer'],
    }),
  })
  const { id } = await makeReceive(temporary)(mail('later', alertBody, ids('later')))
  await expect(readMessage(temporary, id, 1)).rejects.toThrow()
  expect((await getMessage(house.db, id))?.state).toBe('received')
  await readMessage(temporary, id, 4)
  expect((await getMessage(house.db, id))?.state).toBe('quarantined')
})

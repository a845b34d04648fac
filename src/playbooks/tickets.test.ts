import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'
import { alertBody, mail, type TestHouse, testHouse } from '../../test/house.ts'
import { addPeople } from '../../test/people.ts'
import type { TicketQuery } from '../contract/tickets.ts'
import { fixedClock } from '../kit/clock.ts'
import { ticketList, ticketPage } from '../main/ticket-pages.ts'
import { ticketingDefault } from '../model/ticket.ts'
import { merge, snooze, unmerge } from './arrange.ts'
import { decide, undo } from './decide.ts'
import type { Notice } from './house.ts'
import { loadLibrary } from './load.ts'
import { readMessage } from './read-message.ts'
import { makeReceive } from './receive.ts'
import {
  addFile,
  addTask,
  changeTicketing,
  changeType,
  comment,
  editTask,
  moveTicket,
  ticketingOfYaml,
  ticketingYaml,
} from './tickets.ts'
import { watchClocks } from './watch-clocks.ts'

const clock = fixedClock('2026-11-23T09:00:00Z')
let database: FreshDatabase
let house: TestHouse
let kari: { id: string; email: string }
let ida: { id: string; email: string }
const notices: Notice[] = []
let count = 0

beforeAll(async () => {
  database = await freshDatabase()
  house = {
    ...(await testHouse(database, { library: await loadLibrary(['content/playbooks']), clock })),
    cannotMail: () => null,
    mailNotice: async (_tx, notice) => void notices.push(notice),
  }
  ;[kari, ida] = await addPeople(database.db, [
    { name: 'Kari Dahl', role: 'analyst' },
    { name: 'Ida Holm', role: 'lead' },
  ])
})
afterAll(() => database.close())

/** A new alert, read and filed; its id. */
async function newAlert(subject = 'Beaconing'): Promise<string> {
  count += 1
  const raw = mail(subject, `${alertBody}${count}`, { 'Message-ID': `<t${count}@provider.example>` })
  const receipt = await makeReceive(house)(raw)
  await readMessage(house, receipt.id, 1)
  const row = await database.db
    .selectFrom('message')
    .select('alert_id')
    .where('id', '=', receipt.id)
    .executeTakeFirstOrThrow()
  return String(row.alert_id)
}

const page = async (alertId: string) => {
  const found = await ticketPage(house, alertId)
  if (found === null) throw new Error('no ticket')
  return found
}
const seen = async (id: string) => {
  const row = await database.db.selectFrom('alert').select('version').where('id', '=', id).executeTakeFirstOrThrow()
  return { id, version: row.version }
}
const by = () => `user:${kari.id}`
const decideIt = async (alertId: string) =>
  decide(house, {
    ...{ alertId, outcome: 'false-alarm-benign' as const, reason: 'Our scanner.', cites: [], withoutEvidence: true },
    ...{ version: (await seen(alertId)).version, by: by() },
  })
const list = async (query: Partial<TicketQuery>) =>
  (await ticketList(house, { state: 'open', type: '', owner: '', clock: '', q: '', ...query }, kari.id)).rows.map(
    (row) => row.alertId,
  )

test('an alert has a ticket at once; the first act of a person takes it up; deciding resolves it; closing and opening again are said', async () => {
  const alertId = await newAlert()
  expect(await page(alertId)).toMatchObject({ state: 'new', type: 'provider-alert', acknowledged: null })
  await expect(moveTicket(house, { alertId, by: by(), to: 'closed', note: '' })).rejects.toMatchObject({
    code: 'state.conflict',
  })
  clock.set('2026-11-23T09:10:00Z')
  await moveTicket(house, { alertId, by: by(), to: 'acknowledged', note: '' })
  expect(await page(alertId)).toMatchObject({
    state: 'in-progress',
    acknowledged: { at: '2026-11-23T09:10:00.000Z', by: 'Kari Dahl' },
  })
  const { decisionId } = await decideIt(alertId)
  await database.db.updateTable('reply').set({ state: 'cancelled' }).where('alert_id', '=', alertId).execute()
  expect(await page(alertId)).toMatchObject({ state: 'resolved', outcome: 'false-alarm-benign' })
  await moveTicket(house, { alertId, by: by(), to: 'closed', note: 'All said.' })
  expect(await page(alertId)).toMatchObject({ state: 'closed', closed: { by: 'Kari Dahl', note: 'All said.' } })
  expect(await list({ state: 'closed' })).toEqual([alertId])
  await expect(moveTicket(house, { alertId, by: by(), to: 'reopened', note: '' })).rejects.toMatchObject({
    code: 'input.invalid',
  })
  await moveTicket(house, { alertId, by: by(), to: 'reopened', note: 'They asked again.' })
  expect(await page(alertId)).toMatchObject({ state: 'in-progress', closed: null })
  // It has the time of a decision anew, is in the list of open ones, and the watch sees it run.
  const decideClock = async () => (await page(alertId)).clocks.find(({ clock: name }) => name === 'decide')
  expect(await decideClock()).toMatchObject({ state: 'running', usedMs: 0 })
  expect(await list({})).toContain(alertId)
  await watchClocks(house)
  expect(
    await database.db.selectFrom('ticket').select('ours_state').where('alert_id', '=', alertId).executeTakeFirst(),
  ).toEqual({ ours_state: 'running' })
  await moveTicket(house, { alertId, by: by(), to: 'closed', note: '' })
  expect(await decideClock()).toMatchObject({ state: 'met' })
  await undo(house, { alertId, decisionId, by: by() })
  // The decision was taken back: it is work again, and nothing says closed.
  expect(await page(alertId)).toMatchObject({ state: 'in-progress', closed: null })
  const history = (await page(alertId)).history.map((line) => line.kind)
  expect(history.filter((kind) => kind === 'ticket.changed')).toHaveLength(4)
})

test('while the provider has it our clock stands and theirs runs; their message starts ours again', async () => {
  clock.set('2026-11-23T10:00:00Z')
  const alertId = await newAlert('Port scan')
  clock.set('2026-11-23T10:30:00Z')
  await snooze(house, { alerts: [await seen(alertId)], for: 'reply', until: null, by: by() })
  clock.set('2026-11-23T12:30:00Z')
  const asleep = await page(alertId)
  expect(asleep.state).toBe('waiting-provider')
  expect(asleep.clocks.filter(({ clock: name }) => name !== 'notify')).toMatchObject([
    { clock: 'acknowledge', state: 'met', usedMs: 30 * 60_000 },
    { clock: 'decide', state: 'paused', usedMs: 30 * 60_000, because: 'The provider has it', dueAt: null },
    { clock: 'answer', side: 'theirs', usedMs: 120 * 60_000 },
  ])
  expect(await list({ state: 'waiting-provider' })).toEqual([alertId])
})

test('a merged ticket keeps what is on it and comes back as it was', async () => {
  clock.set('2026-11-23T13:00:00Z')
  const [one, lead] = [await newAlert('Brute force'), await newAlert('Brute force again')]
  await comment(house, { alertId: one, by: by(), text: 'Look at the jump host.' })
  await addTask(house, { alertId: one, by: by(), title: 'Ask the owner', owner: kari.id, dueAt: null })
  const before = await page(one)
  await merge(house, { alerts: [await seen(one)], into: await seen(lead), by: by() })
  expect(await page(one)).toMatchObject({ state: 'merged', mergedInto: { id: lead } })
  expect(await list({})).not.toContain(one)
  await unmerge(house, { alerts: [await seen(one)], by: by() })
  const after = await page(one)
  expect(after.state).toBe(before.state)
  expect(after.taskList).toEqual(before.taskList)
  expect(after.commentList).toEqual(before.commentList)
})

test('tasks are ticked off, given away and taken away, a comment tells whom it names, a file is kept by its digest', async () => {
  const alertId = await newAlert('Task work')
  const { id: task } = await addTask(house, { alertId, by: by(), title: 'Isolate it', owner: null, dueAt: null })
  await editTask(house, { alertId, by: by(), task, change: { done: true, owner: ida.id } })
  expect((await page(alertId)).taskList).toMatchObject([
    { title: 'Isolate it', owner: { name: 'Ida Holm' }, doneBy: 'Kari Dahl' },
  ])
  await expect(
    editTask(house, { alertId: await newAlert('Another'), by: by(), task, change: { done: false } }),
  ).rejects.toMatchObject({ code: 'not.found' })
  await editTask(house, { alertId, by: by(), task, change: { removed: true } })
  expect((await page(alertId)).taskList).toEqual([])
  notices.length = 0
  expect(
    await comment(house, { alertId, by: by(), text: '@ida please look; mail to x@kari.example is no mention' }),
  ).toMatchObject({ mentions: ['Ida Holm'] })
  expect(notices).toMatchObject([{ to: [ida.email] }])
  const { sha256 } = await addFile(house, {
    alertId,
    by: by(),
    name: '../../<b>x</b>.html',
    bytes: Buffer.from('<script>'),
  })
  expect((await page(alertId)).files).toMatchObject([{ name: '../../<b>x</b>.html', bytes: 8, sha256 }])
})

test('another type brings its tasks once, and the matrix says who', async () => {
  const alertId = await newAlert('Phish')
  await changeType(house, { alertId, by: by(), type: 'phishing-report' })
  await changeType(house, { alertId, by: by(), type: 'phishing-report' })
  const { taskList, parties } = await page(alertId)
  expect(taskList.map(({ title }) => title)).toEqual(ticketingDefault.types['phishing-report'].tasks)
  expect(parties).toMatchObject({ responsible: ['any analyst'], accountable: 'any lead' })
})

test('the rules go out as YAML and come back the same; what is wrong with them is named; two people do not overwrite each other', async () => {
  expect(ticketingOfYaml(ticketingYaml(ticketingDefault))).toEqual(ticketingDefault)
  expect(() => ticketingOfYaml('ours: [')).toThrow(expect.objectContaining({ code: 'input.invalid' }))
  expect(() => ticketingOfYaml('hours: null')).toThrow(expect.objectContaining({ code: 'input.invalid' }))
  const duty = { ...ticketingDefault.types['provider-alert'], responsible: [kari.email] }
  const rules = { ...ticketingDefault, types: { ...ticketingDefault.types, 'provider-alert': duty } }
  const stranger = { ...rules, types: { ...rules.types, malware: { ...duty, accountable: 'who@example.net' } } }
  await expect(changeTicketing(house, { rules: stranger, version: 0, by: by() })).rejects.toMatchObject({
    code: 'input.invalid',
  })
  expect(await changeTicketing(house, { rules, version: 0, by: by() })).toBe(1)
  await expect(changeTicketing(house, { rules, version: 0, by: by() })).rejects.toMatchObject({
    code: 'state.conflict',
  })
  const alertId = await newAlert('Has an owner')
  // Given by the matrix, which is no act of a person.
  expect(await page(alertId)).toMatchObject({ owner: { name: 'Kari Dahl' }, state: 'new', acknowledged: null })
  expect(await list({ owner: 'me' })).toContain(alertId)
})

test('when a clock runs out each level is told once, however often it is looked', async () => {
  clock.set('2026-11-24T09:00:00Z')
  const alertId = await newAlert('Nobody looks')
  notices.length = 0
  await watchClocks(house)
  const { number } = await page(alertId)
  const aboutIt = () => notices.filter(({ subject }) => subject.startsWith(`T-${number}:`))
  expect(aboutIt()).toEqual([])
  const row = await database.db
    .selectFrom('ticket')
    .select(['ours_state', 'ours_due_at'])
    .where('alert_id', '=', alertId)
    .executeTakeFirstOrThrow()
  expect(row.ours_state).toBe('running')
  clock.set(new Date((row.ours_due_at?.getTime() ?? 0) + 1000))
  await watchClocks(house)
  await watchClocks(house)
  // Its owner, by the matrix of the test before.
  expect(aboutIt()).toMatchObject([{ to: [kari.email] }])
  clock.set(new Date(clock.now().getTime() + 3_600_000))
  await Promise.all([watchClocks(house), watchClocks(house)])
  expect(aboutIt().map(({ to }) => to[0])).toEqual([kari.email, ida.email])
  expect((await page(alertId)).escalations.map(({ level }) => level).toSorted((a, b) => a - b)).toEqual([0, 1])
  expect(await list({ clock: 'ours-overdue' })).toContain(alertId)
  await decideIt(alertId)
  await database.db.updateTable('reply').set({ state: 'cancelled' }).where('alert_id', '=', alertId).execute()
  await watchClocks(house)
  expect(
    await database.db.selectFrom('ticket').select('ours_state').where('alert_id', '=', alertId).executeTakeFirst(),
  ).toEqual({ ours_state: null })
})

test('an unknown alert has no ticket', async () => {
  expect(await ticketPage(house, randomUUID())).toBeNull()
})

import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../../test/database.ts'
import { alertBody, mail, silentLog, type TestHouse, testHouse } from '../../../test/house.ts'
import { addPeople } from '../../../test/people.ts'
import {
  commentThere,
  type Fault,
  moveThere,
  type StandIn,
  type StandInTicket,
  standInSecret,
  startJira,
  startServiceNow,
} from '../../../test/ticket-systems.ts'
import { listEgress } from '../../db/egress.ts'
import { linkById } from '../../db/elsewhere.ts'
import { systemById } from '../../db/elsewhere-systems.ts'
import { fixedClock } from '../../kit/clock.ts'
import { openTicketSystem } from '../../main/elsewhere.ts'
import { SystemSettings } from '../../model/elsewhere.ts'
import { decide, undo } from '../decide.ts'
import { loadLibrary } from '../load.ts'
import { readMessage } from '../read-message.ts'
import { makeReceive } from '../receive.ts'
import { addFile, comment, moveTicket } from '../tickets.ts'
import type { ElsewhereDesk } from './desk.ts'
import { reconcile } from './reconcile.ts'
import { saveDraft } from './settings.ts'
import { syncSystem } from './watch.ts'

const clock = fixedClock('2026-11-23T09:00:00Z')
let database: FreshDatabase
let house: TestHouse
let desk: ElsewhereDesk
let jira: StandIn
let kari: { id: string }
let count = 0
const by = () => `user:${kari.id}`

beforeAll(async () => {
  database = await freshDatabase()
  house = {
    ...(await testHouse(database, { library: await loadLibrary(['content/playbooks']), clock })),
    cannotMail: () => 'no mail in this test',
  }
  ;[kari] = (await addPeople(database.db, [{ name: 'Kari Dahl', role: 'analyst' }])) as [{ id: string }]
  desk = {
    ...house,
    log: silentLog,
    sealKey: Buffer.alloc(32, 7),
    open: openTicketSystem({ db: database.db, clock }),
    alertUrl: (id) => `https://desk.example.org/alerts/${id}`,
  }
})
afterAll(() => database.close())
beforeEach(async () => {
  jira = await startJira()
})
afterEach(async () => {
  await database.db.deleteFrom('elsewhere_system').execute()
  await jira.stop()
})

const usual = {
  plainHttp: true,
  user: 'bot@example.com',
  project: 'SEC',
  types: ['provider-alert'],
  fields: ['title', 'severity', 'link', 'comments', 'files'],
  takes: ['status', 'comments', 'files'],
  statusOut: { new: 'To Do', 'in-progress': 'In Progress', resolved: 'Done', closed: 'Done' },
  statusIn: { 'To Do': 'nothing', 'In Progress': 'acknowledged', Done: 'closed' },
  allowAddresses: ['127.0.0.1'],
} as const

async function connect(world: StandIn, kind: 'jira' | 'servicenow' = 'jira', change: Record<string, unknown> = {}) {
  const settings = SystemSettings.parse({ ...usual, baseUrl: world.url, ...change })
  const draft = {
    id: kind,
    kind,
    title: kind === 'jira' ? 'Jira' : 'ServiceNow',
    settings,
    secret: standInSecret,
    enabled: true,
    version: 0,
  }
  await saveDraft(desk, draft, by())
}

async function newAlert(): Promise<string> {
  count += 1
  const raw = mail(`Beaconing ${count}`, `${alertBody}${count}`, { 'Message-ID': `<e${count}@provider.example>` })
  const receipt = await makeReceive(house)(raw)
  await readMessage(house, receipt.id, 1)
  const row = await database.db
    .selectFrom('message')
    .select('alert_id')
    .where('id', '=', receipt.id)
    .executeTakeFirstOrThrow()
  return String(row.alert_id)
}

const draftNow = async () => ({
  ...{ id: 'jira', kind: 'jira' as const, title: 'Jira', secret: standInSecret, enabled: true },
  version: (await systemById(database.db, 'jira'))?.version ?? 0,
})

const byText = (a: string | undefined, b: string | undefined): number => String(a).localeCompare(String(b))
let minute = 0
/** Time goes on and the watch comes by, until nothing is left to do. */
async function rounds(system = 'jira', most = 12): Promise<void> {
  for (let round = 0; round < most; round += 1) {
    minute += 2
    clock.set(new Date(Date.parse('2026-11-23T09:00:00Z') + minute * 60_000).toISOString())
    await syncSystem(desk, system)
  }
}

const link = async (alertId: string, system = 'jira') => {
  const found = await linkById(database.db, system, alertId)
  if (found === null) throw new Error('no link')
  return found
}
const only = (world: StandIn): StandInTicket => {
  expect(world.tickets.size).toBe(1)
  return [...world.tickets.values()][0] as StandInTicket
}
const commentsHere = async (alertId: string) =>
  database.db
    .selectFrom('ticket_comment')
    .select(['text', 'written_by'])
    .where('alert_id', '=', alertId)
    .orderBy('written_at')
    .execute()
const decideIt = async (alertId: string) => {
  const { version } = await database.db
    .selectFrom('alert')
    .select('version')
    .where('id', '=', alertId)
    .executeTakeFirstOrThrow()
  const decided = await decide(house, {
    ...{ alertId, outcome: 'false-alarm-benign' as const, reason: 'Our scanner.', cites: [], withoutEvidence: true },
    ...{ version, by: by() },
  })
  await database.db.updateTable('reply').set({ state: 'cancelled' }).where('alert_id', '=', alertId).execute()
  return decided
}

for (const kind of ['cloud', 'data-center'] as const)
  test(`Jira ${kind}: a ticket goes there once, with what was let out and nothing else, and both sides keep in step`, async () => {
    const world = await startJira(kind)
    try {
      await connect(world, 'jira', { deployment: kind })
      const alertId = await newAlert()
      await rounds('jira', 2)
      const there = only(world)
      expect(there).toMatchObject({ status: 'To Do', title: expect.stringMatching(/^T-\d+ Suspicious DNS query$/) })
      // Not let out: who and which machine.
      expect(JSON.stringify(there.fields)).not.toMatch(/jdoe|ws-17|192\.0\.2\.10|acme/)
      expect(there.description).toContain(`https://desk.example.org/alerts/${alertId}`)
      expect(await link(alertId)).toMatchObject({
        state: 'linked',
        theirKey: 'SEC-1',
        theirUrl: `${world.url}/browse/SEC-1`,
      })

      await comment(desk, { alertId, by: by(), text: 'Is {color:red}this{color} *ours*? [x|http://a.example]' })
      await addFile(desk, { alertId, by: by(), name: 'note.txt', bytes: Buffer.from('seen at 10:00') })
      commentThere(there, 'Ann\u202e Other', 'We look into it.')
      there.files.push({ id: '777', name: 'trace.pcap', bytes: Buffer.from([0, 1, 2, 255]) })
      moveThere(there, 'In Progress')
      await rounds()
      expect(there.comments.filter(({ text }) => text.includes('{color:red}this{color}'))).toHaveLength(1)
      expect(await commentsHere(alertId)).toMatchObject([
        { text: expect.stringContaining('ours') },
        { text: 'We look into it.', written_by: 'elsewhere:Ann Other (Jira SEC-1)' },
      ])
      expect(there.files.map(({ name }) => name)).toEqual(['trace.pcap', 'note.txt'])
      const files = await database.db
        .selectFrom('ticket_file')
        .select(['name', 'bytes'])
        .where('alert_id', '=', alertId)
        .orderBy('added_at')
        .execute()
      expect(files.map(({ name }) => name).toSorted(byText)).toEqual(['note.txt', 'trace.pcap'])
      expect(files.find(({ name }) => name === 'trace.pcap')?.bytes).toEqual(Buffer.from([0, 1, 2, 255]))
      // A person writing here and their status agree that it is being worked on.
      expect(there.status).toBe('In Progress')

      await decideIt(alertId)
      await rounds()
      expect(there.status).toBe('Done')
      const writes = world.writes.length
      await rounds()
      expect(world.writes.length).toBe(writes)
    } finally {
      await world.stop()
    }
  })

test('ServiceNow: made, commented, closed with what it asks for, closed from there, and a state it does not know is said', async () => {
  const world = await startServiceNow()
  try {
    await connect(world, 'servicenow', {
      statusOut: { new: 'New', 'in-progress': 'In Progress', resolved: 'Resolved', closed: 'Closed' },
      statusIn: { New: 'nothing', 'In Progress': 'acknowledged', Resolved: 'nothing', Closed: 'closed' },
      closing: { close_code: 'Solved (Permanently)', close_notes: 'See Counterfoil' },
      extra: { category: 'security' },
    })
    const alertId = await newAlert()
    await comment(desk, { alertId, by: by(), text: 'Looking.' })
    await rounds('servicenow')
    const there = only(world)
    expect(there).toMatchObject({
      status: 'In Progress',
      fields: { category: 'security', correlation_display: expect.stringMatching(/^Counterfoil T-/) },
    })
    expect(there.comments).toHaveLength(1)
    expect(await commentsHere(alertId)).toHaveLength(1)
    await decideIt(alertId)
    await rounds('servicenow')
    expect(there).toMatchObject({ status: 'Resolved', fields: { close_code: 'Solved (Permanently)' } })
    moveThere(there, 'Closed')
    await rounds('servicenow')
    const closed = await database.db
      .selectFrom('ticket')
      .select(['closed_by'])
      .where('alert_id', '=', alertId)
      .executeTakeFirstOrThrow()
    expect(closed.closed_by).toBe('elsewhere:servicenow')
    await moveTicket(desk, { alertId, by: by(), to: 'reopened', note: 'Again.' })
    const system = await systemById(database.db, 'servicenow')
    await saveDraft(
      desk,
      { ...system!, settings: { ...system!.settings, statusOut: { 'in-progress': 'Working' } }, secret: null },
      by(),
    )
    await rounds('servicenow', 2)
    expect((await link(alertId, 'servicenow')).says).toContain('Invalid state')
  } finally {
    await world.stop()
  }
})

test('a status that no mapping names does nothing, and stands on the ticket and in the settings; one that does not fit is said', async () => {
  await connect(jira, 'jira', { statusIn: { 'To Do': 'nothing', Done: 'closed' }, statusOut: {} })
  const alertId = await newAlert()
  await rounds('jira', 2)
  moveThere(only(jira), 'In Progress')
  await rounds()
  expect((await systemById(database.db, 'jira'))?.unmapped).toHaveProperty('In Progress')
  const report = await reconcile(desk, 'jira', { mend: false, by: by() })
  expect(report.rows.find((row) => row.alertId === alertId)?.differences).toEqual([
    'Their status "In Progress" is not mapped',
  ])
  moveThere(only(jira), 'Done')
  await rounds()
  expect((await link(alertId)).says).toContain('Decide the alert first')
})

test('types and providers that are not switched on stay here, and so does what came before', async () => {
  const before = await newAlert()
  clock.set(new Date(clock.now().getTime() + 1000).toISOString())
  await connect(jira, 'jira', { types: ['malware'] })
  await newAlert()
  await rounds('jira', 2)
  expect(jira.tickets.size).toBe(0)
  const system = await systemById(database.db, 'jira')
  const settings = { ...system!.settings, types: ['provider-alert' as const], providers: ['somebody-else'] }
  await saveDraft(desk, { ...system!, settings, secret: null }, by())
  await rounds('jira', 2)
  expect(jira.tickets.size).toBe(0)
  await saveDraft(desk, { ...system!, version: 2, settings: { ...settings, providers: ['acme'] }, secret: null }, by())
  await rounds('jira', 2)
  expect(jira.tickets.size).toBe(1)
  expect(await linkById(database.db, 'jira', before)).toBeNull()
})

test('an answer that did not come: it is looked for before it is made again, even where the search lags', async () => {
  await connect(jira)
  const alertId = await newAlert()
  jira.searchLag = 2
  jira.faults.push('drop')
  await rounds('jira', 1)
  expect((await link(alertId)).state).toBe('unconfirmed')
  await rounds('jira', 6)
  expect(only(jira).marker).toBe(`counterfoil-${alertId}`)
  expect((await link(alertId)).state).toBe('linked')
  const kinds = await database.db
    .selectFrom('ledger_entry')
    .select('kind')
    .where('subject', '=', `alert:${alertId}`)
    .execute()
  expect(kinds.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['elsewhere.unconfirmed', 'elsewhere.linked']))
  // One that was lost on the way is made in the end.
  const lost = await newAlert()
  jira.searchLag = 0
  jira.faults.push('lose')
  await rounds('jira', 8)
  expect(jira.tickets.size).toBe(2)
  expect((await link(lost)).state).toBe('linked')
})

test('a process that is killed between asking and writing down makes nothing twice', async () => {
  await connect(jira)
  const alertId = await newAlert()
  const real = desk.open
  const dying: ElsewhereDesk = {
    ...desk,
    open: (system, secret) => {
      const api = real(system, secret)
      const die = async (work: Promise<unknown>): Promise<never> => {
        await work
        throw new Error('killed')
      }
      return {
        ...api,
        create: (entry, out) => die(api.create(entry, out)),
        comment: (entry, id, one) => die(api.comment(entry, id, one)),
        setStatus: (entry, id, status, ends) => die(api.setStatus(entry, id, status, ends)),
      }
    },
  }
  await comment(desk, { alertId, by: by(), text: 'Once.' })
  for (let kill = 0; kill < 6; kill += 1) {
    await syncSystem(dying, 'jira').catch((error: unknown) => expect(String(error)).toContain('killed'))
    await rounds('jira', kill === 0 ? 4 : 1)
    await moveTicket(desk, { alertId, by: by(), to: 'acknowledged', note: String(kill) })
    await comment(desk, { alertId, by: by(), text: `Also ${kill}.` })
  }
  await rounds()
  const texts = only(jira).comments.map(({ text }) => text.split('\n')[0])
  expect(texts).toEqual(['Once.', ...[0, 1, 2, 3, 4, 5].map((kill) => `Also ${kill}.`)])
  expect(await commentsHere(alertId)).toHaveLength(7)
})

test('nothing of a ticket marked above the agreed light leaves, and it says so; a marked comment and file stay; every send and every refusal has its line', async () => {
  await connect(jira, 'jira', { upToTlp: 'GREEN' })
  const alertId = await newAlert()
  await database.db.updateTable('alert').set({ title: 'TLP:RED Beaconing' }).where('id', '=', alertId).execute()
  await rounds('jira', 3)
  expect(jira.writes).toEqual([])
  expect((await link(alertId)).says).toContain('marked TLP:RED; with Jira the agreement ends at TLP:GREEN')
  const lines = async () =>
    (await listEgress(database.db, { kind: 'ticket' }, 100))
      .filter(({ of }) => of === `alert:${alertId}`)
      .map(({ subject, state, receipt }) => ({ subject, state, receipt }))
  expect(await lines()).toMatchObject([{ state: 'refused', receipt: expect.stringContaining('TLP:RED') }])

  await saveDraft(
    desk,
    { ...(await draftNow()), settings: SystemSettings.parse({ ...usual, baseUrl: jira.url }) },
    by(),
  )
  await database.db.updateTable('alert').set({ title: 'TLP:AMBER Beaconing' }).where('id', '=', alertId).execute()
  await comment(desk, { alertId, by: by(), text: 'For you all.' })
  await comment(desk, { alertId, by: by(), text: 'tlp:red only for us: OLDHERON' })
  await addFile(desk, { alertId, by: by(), name: 'a.txt', bytes: Buffer.from('TLP:AMBER+STRICT\nOLDHERON') })
  await rounds()
  const there = only(jira)
  expect(there.comments.map(({ text }) => text.split('\n')[0])).toEqual(['For you all.'])
  expect(there.files).toEqual([])
  expect(JSON.stringify([...jira.tickets])).not.toContain('OLDHERON')
  expect((await link(alertId)).says).toContain('Kept here for their marking (TLP): 2')
  const all = await lines()
  expect(all.filter(({ state }) => state === 'left').map(({ subject }) => subject)).toEqual(
    expect.arrayContaining(['A ticket is made', 'A comment']),
  )
  expect(all.filter(({ state }) => state === 'refused')).toHaveLength(3)
  expect(all.filter(({ state }) => state === 'left')).toHaveLength(jira.writes.length)

  // Marked only later: what is there is told no more.
  await database.db.updateTable('alert').set({ title: 'TLP:RED Beaconing' }).where('id', '=', alertId).execute()
  const writes = jira.writes.length
  await comment(desk, { alertId, by: by(), text: 'Late.' })
  await rounds('jira', 4)
  expect(jira.writes).toHaveLength(writes)
  commentThere(there, 'Ann', 'From there.')
  await rounds('jira', 4)
  expect((await commentsHere(alertId)).map(({ text }) => text)).toContain('From there.')
})

test('429 is waited out as long as it says; while a system is away nothing else of it is tried, and its card says since when', async () => {
  await connect(jira)
  const [first, second] = [await newAlert(), await newAlert()]
  jira.faults.push('busy')
  minute += 2
  clock.set(new Date(Date.parse('2026-11-23T09:00:00Z') + minute * 60_000).toISOString())
  await syncSystem(desk, 'jira')
  const system = await systemById(database.db, 'jira')
  expect(system).toMatchObject({ says: 'status 429', failingSince: clock.now() })
  expect(system?.notBefore?.getTime()).toBe(clock.now().getTime() + 7_000)
  expect(await syncSystem(desk, 'jira')).toBe(0)
  await rounds('jira', 3)
  expect(jira.tickets.size).toBe(2)
  expect((await link(first)).state + (await link(second)).state).toBe('linkedlinked')
  expect((await systemById(database.db, 'jira'))?.failingSince).toBeNull()
})

test('its secret is sealed, and goes to no other place than it was entered for; an address of this network needs to be named', async () => {
  await connect(jira)
  const row = await database.db.selectFrom('elsewhere_system').selectAll().executeTakeFirstOrThrow()
  expect(JSON.stringify(row)).not.toContain(standInSecret)
  const lines = await database.db
    .selectFrom('ledger_entry')
    .select('leaf')
    .where('kind', '=', 'elsewhere.changed')
    .execute()
  expect(lines.length).toBeGreaterThan(0)
  expect(JSON.stringify(lines)).not.toContain(standInSecret)
  const system = (await systemById(database.db, 'jira'))!
  const moved = { ...system.settings, baseUrl: 'https://evil.example' }
  await expect(saveDraft(desk, { ...system, settings: moved, secret: null }, by())).rejects.toMatchObject({
    code: 'input.invalid',
  })
  // One in the address would be shown to everybody, and stand in the ledger.
  for (const field of ['baseUrl', 'signInUrl']) {
    const told = { ...system.settings, [field]: `https://desk:${standInSecret}@jira.example` }
    await expect(saveDraft(desk, { ...system, settings: told, secret: 'other' }, by())).rejects.toMatchObject({
      details: { fields: { [field]: expect.stringContaining('fields of their own') } },
    })
  }
  const inward = { ...system.settings, allowAddresses: [] }
  await saveDraft(desk, { ...system, settings: inward, secret: standInSecret }, by())
  await newAlert()
  await rounds('jira', 2)
  expect(jira.tickets.size).toBe(0)
  expect((await systemById(database.db, 'jira'))?.says).toContain('is an address of this network')
})

type Act =
  | { readonly kind: 'comment-here' | 'comment-there' | 'decide' | 'undo' | 'close' | 'sync' | 'file-here' }
  | { readonly kind: 'move-there'; readonly status: string }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** Half of what happens is the dangerous kind: something to send, a fault on its way, and a look at it. */
const acts: fc.Arbitrary<readonly Act[]> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('comment-here' as const, 'file-here' as const),
      fc.constantFrom<Fault>('drop', 'drop', 'lose', 'busy', 'error'),
    )
    .map(([kind, fault]) => [{ kind }, { kind: 'fault' as const, fault }, { kind: 'sync' as const }]),
  fc
    .constantFrom(
      'comment-here' as const,
      'comment-there' as const,
      'decide' as const,
      'undo' as const,
      'close' as const,
      'sync' as const,
    )
    .map((kind) => [{ kind }]),
  fc.constantFrom('To Do', 'In Progress', 'Done').map((status) => [{ kind: 'move-there' as const, status }]),
)

test('whatever both sides do in whatever order, with any faults: one ticket, each comment and file once on each side, and then silence', {
  timeout: 240_000,
}, async () => {
  let played = 0
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 4, maxLength: 10 }), async (some) => {
      const script = some.flat()
      const world = await startJira()
      try {
        await database.db.deleteFrom('elsewhere_system').execute()
        await connect(world)
        const alertId = await newAlert()
        const said = await play(script, world, alertId)
        world.faults.length = 0
        await rounds('jira', 8)
        const there = only(world)
        const heads = there.comments.map(({ text }) => text.split('\n')[0])
        expect(heads.toSorted(byText)).toEqual([...said.here, ...said.there].toSorted(byText))
        expect((await commentsHere(alertId)).map(({ text }) => text).toSorted(byText)).toEqual(
          [...said.here, ...said.there].toSorted(byText),
        )
        expect(there.files.map(({ name }) => name).toSorted(byText)).toEqual(said.files.toSorted(byText))
        const writes = world.writes.length
        const lines = await database.db
          .selectFrom('ledger_entry')
          .select('id')
          .where('subject', '=', `alert:${alertId}`)
          .execute()
        await rounds('jira', 4)
        expect(world.writes.length).toBe(writes)
        expect(
          await database.db.selectFrom('ledger_entry').select('id').where('subject', '=', `alert:${alertId}`).execute(),
        ).toHaveLength(lines.length)
        played += 1
      } finally {
        await world.stop()
      }
    }),
    { numRuns: 12 },
  )
  expect(played).toBe(12)
})

async function play(script: readonly Act[], world: StandIn, alertId: string) {
  const said = { here: [] as string[], there: [] as string[], files: [] as string[] }
  let decisionId: string | null = null
  const there = () => [...world.tickets.values()][0]
  await rounds('jira', 1)
  for (const [at, act] of script.entries()) {
    const quietly = async (work: () => Promise<unknown>): Promise<void> =>
      void (await work().catch((error: { code?: string }) => expect(error.code).toBe('state.conflict')))
    switch (act.kind) {
      case 'comment-here':
        said.here.push(`here ${at}`)
        await comment(desk, { alertId, by: by(), text: `here ${at}` })
        break
      case 'comment-there': {
        const ticket = there()
        if (ticket === undefined) break
        said.there.push(`there ${at}`)
        commentThere(ticket, 'Ann', `there ${at}`)
        break
      }
      case 'file-here':
        said.files.push(`f${at}.txt`)
        await addFile(desk, { alertId, by: by(), name: `f${at}.txt`, bytes: Buffer.from(`file ${at}`) })
        break
      case 'decide':
        await quietly(async () => {
          decisionId = (await decideIt(alertId)).decisionId
        })
        break
      case 'undo':
        if (decisionId !== null) await quietly(() => undo(house, { alertId, decisionId: String(decisionId), by: by() }))
        decisionId = null
        break
      case 'close':
        await quietly(() => moveTicket(desk, { alertId, by: by(), to: 'closed', note: '' }))
        break
      case 'move-there': {
        const ticket = there()
        if (ticket !== undefined) moveThere(ticket, act.status)
        break
      }
      case 'fault':
        world.faults.push(act.fault)
        break
      case 'sync':
        await rounds('jira', 1)
        break
    }
  }
  return said
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../src/kit/clock.ts'
import { openTicketSystem } from '../src/main/elsewhere.ts'
import { SystemSettings } from '../src/model/elsewhere.ts'
import type { ElsewhereDesk } from '../src/playbooks/elsewhere/desk.ts'
import { saveDraft } from '../src/playbooks/elsewhere/settings.ts'
import { syncSystem } from '../src/playbooks/elsewhere/watch.ts'
import { readMessage } from '../src/playbooks/read-message.ts'
import { makeReceive } from '../src/playbooks/receive.ts'
import { comment } from '../src/playbooks/tickets.ts'
import { type FreshDatabase, freshDatabase } from './database.ts'
import { alertBody, mail, silentLog, type TestHouse, testHouse } from './house.ts'
import { addPeople } from './people.ts'
import { commentThere, type StandIn, standInSecret, startJira, startServiceNow } from './ticket-systems.ts'

let database: FreshDatabase
let house: TestHouse
let desk: ElsewhereDesk
let by: string
let child: ChildProcess | null = null
beforeAll(async () => {
  database = await freshDatabase()
  house = { ...(await testHouse(database)), cannotMail: () => 'no mail in this test' }
  const [kari] = await addPeople(database.db, [{ name: 'Kari Dahl', role: 'analyst' }])
  by = `user:${kari?.id}`
  desk = {
    ...house,
    log: silentLog,
    sealKey: Buffer.alloc(32, 7),
    open: openTicketSystem({ db: database.db, clock: systemClock }),
    alertUrl: (id) => `https://desk.example.org/alerts/${id}`,
  }
}, 600_000)
afterAll(async () => {
  child?.kill('SIGKILL')
  await database?.close()
})

async function connect(world: StandIn, kind: 'jira' | 'servicenow'): Promise<void> {
  const settings = SystemSettings.parse({
    ...{ baseUrl: world.url, plainHttp: true, user: 'bot@example.com', project: 'SEC', types: ['provider-alert'] },
    ...{ fields: ['title', 'comments'], takes: ['comments'], allowAddresses: ['127.0.0.1'] },
  })
  const draft = { id: kind, kind, title: kind, settings, secret: standInSecret, enabled: true, version: 0 }
  await saveDraft(desk, draft, by)
}

async function newAlert(name: string): Promise<string> {
  const raw = mail(`Beaconing ${name}`, `${alertBody}${name}`, { 'Message-ID': `<${name}@provider.example>` })
  const { id } = await makeReceive(house)(raw)
  await readMessage(house, id, 1)
  const row = await database.db.selectFrom('message').select('alert_id').where('id', '=', id).executeTakeFirstOrThrow()
  return String(row.alert_id)
}

async function begin(kind: string): Promise<ChildProcess> {
  const started = spawn(process.execPath, [path.resolve('test/elsewhere-program.ts'), database.url, kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child = started
  if (started.stdout !== null) await once(started.stdout, 'data')
  return started
}

/** A minute and more goes by: what the dead one held is free, what was put off is due, and they are asked what changed. */
async function timePasses(kind: string): Promise<void> {
  const { db } = database
  await db
    .updateTable('elsewhere_system')
    .set({ held_until: null, polled_at: null, not_before: null })
    .where('id', '=', kind)
    .execute()
  await db.updateTable('elsewhere_link').set({ due_at: null }).where('system_id', '=', kind).execute()
}

test.each([
  { kind: 'jira', start: startJira, kills: 10 },
  { kind: 'servicenow', start: startServiceNow, kills: 6 },
] as const)(
  'killed with -9 again and again while $kind is kept in step: each ticket and comment is there once, and none is lost',
  {
    timeout: 300_000,
  },
  async ({ kind, start, kills }) => {
    const world = await start()
    try {
      await connect(world, kind)
      const said = new Map<string, string[]>()
      let inTheMiddle = 0
      for (let kill = 0; kill < kills; kill += 1) {
        const alertId = await newAlert(`${kind}-${kill}`)
        said.set(alertId, [])
        for (const [id, texts] of said) {
          const text = `here ${kill} ${id.slice(0, 6)}`
          texts.push(text)
          await comment(desk, { alertId: id, by, text })
        }
        const running = await begin(kind)
        const gone = once(running, 'exit')
        // Half of them after some write was done over there and before it is answered, the others anywhere.
        let left = Math.floor(Math.random() * 4)
        if (kill % 2 === 0)
          world.onWrite = () => {
            if (left === 0 && running.kill('SIGKILL')) inTheMiddle += 1
            left -= 1
          }
        for (const ticket of world.tickets.values()) {
          const text = `there ${kill} ${ticket.key}`
          const alertOfTicket = [...said.keys()].find((id) => ticket.marker.endsWith(id))
          said.get(alertOfTicket ?? '')?.push(text)
          commentThere(ticket, 'Ann', text)
        }
        await Promise.race([gone, sleep(kill % 2 === 0 ? 5_000 : Math.random() * 300)])
        running.kill('SIGKILL')
        await gone
        delete world.onWrite
        await timePasses(kind)
      }
      expect(inTheMiddle).toBeGreaterThan(0)
      for (let round = 0; round < 8; round += 1) {
        await syncSystem(desk, kind)
        await timePasses(kind)
      }
      expect(world.tickets.size).toBe(said.size)
      for (const [alertId, texts] of said) {
        const [ticket] = [...world.tickets.values()].filter(({ marker }) => marker.endsWith(alertId))
        expect(ticket?.comments.map(({ text }) => text.split('\n')[0]).toSorted()).toEqual(texts.toSorted())
        const here = await database.db
          .selectFrom('ticket_comment')
          .select('text')
          .where('alert_id', '=', alertId)
          .execute()
        expect(here.map(({ text }) => text).toSorted()).toEqual(texts.toSorted())
      }
      // What a dead process began to send is told as such, and nothing is left hanging.
      const open = await database.db
        .selectFrom('outside_send')
        .select('id')
        .where('place', '=', kind)
        .where('state', '=', 'leaving')
        .execute()
      expect(open).toEqual([])
    } finally {
      await database.db.updateTable('elsewhere_system').set({ enabled: false }).execute()
      await world.stop()
    }
  },
)

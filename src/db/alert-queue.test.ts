import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../../test/database.ts'

let database: FreshDatabase
beforeAll(async () => {
  database = await freshDatabase()
  // Here replies go to any state in any order, also to "sending" without an entry in the egress ledger, which test/egress.test.ts is about.
  await sql`alter table reply disable trigger reply_has_egress`.execute(database.db)
})
afterAll(() => database.close())

const alerts = ['a', 'b', 'c'] as const
const alert = fc.constantFrom(...alerts)
const replyStates = ['draft', 'held', 'sending', 'sent', 'unconfirmed', 'failed', 'dry-run', 'cancelled'] as const

/** Everything that can happen to an alert, in any order, also orders that the house would not let happen. */
const act = fc.oneof(
  fc.record({ do: fc.constant('state'), alert, to: fc.constantFrom('open', 'decided', 'closed') }),
  fc.record({ do: fc.constant('fill'), alert }),
  fc.record({ do: fc.constant('snooze'), alert, to: fc.constantFrom('time', 'evidence', 'reply', null) }),
  fc.record({ do: fc.constant('merge'), alert, into: fc.option(alert) }),
  fc.record({ do: fc.constant('run'), alert, dry: fc.boolean() }),
  fc.record({ do: fc.constant('run-state'), n: fc.nat(9), to: fc.constantFrom('running', 'waiting', 'done', 'failed', 'cancelled') }),
  fc.record({ do: fc.constant('step'), n: fc.nat(9), path: fc.constantFrom('x', 'y'), state: fc.constantFrom('waiting', 'done', 'skipped'), for: fc.constantFrom('answer', 'decision', null) }),
  fc.record({ do: fc.constant('reply'), alert, state: fc.constantFrom(...replyStates), verdicts: fc.array(fc.constantFrom('redact', null), { maxLength: 2 }) }),
  fc.record({ do: fc.constant('reply-state'), n: fc.nat(9), to: fc.constantFrom(...replyStates) }),
  fc.record({ do: fc.constant('review'), n: fc.nat(9), verdicts: fc.array(fc.constantFrom('keep', null), { maxLength: 2 }) }),
) // biome-ignore format: one line for each
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

type Ids = { readonly alerts: Record<string, string>; readonly runs: string[]; readonly replies: string[] }

const spans = (verdicts: readonly (string | null)[]) => JSON.stringify(verdicts.map((verdict) => ({ verdict })))
const of = <T>(list: readonly T[], n: number): T | undefined => (list.length === 0 ? undefined : list[n % list.length])

async function play(act: Act, ids: Ids): Promise<void> {
  const { db } = database
  const set = (name: string, change: object) => db.updateTable('alert').set(change).where('id', '=', ids.alerts[name] ?? '').execute() // biome-ignore format: one call
  switch (act.do) {
    case 'state':
      return void (await set(act.alert, { state: act.to }))
    case 'fill':
      return void (await set(act.alert, { filled_at: new Date() }))
    case 'snooze':
      return void (await set(act.alert, { snooze_for: act.to, snooze_until: act.to === 'time' ? new Date() : null }))
    case 'merge':
      return void (await set(act.alert, {
        merged_into: act.into === act.alert || act.into === null ? null : ids.alerts[act.into],
      }))
    case 'run': {
      const id = randomUUID()
      ids.runs.push(id)
      const values = { id, playbook_id: 'p', playbook_version: 1, playbook: '{}', alert_id: ids.alerts[act.alert] ?? '', dry_run: act.dry, trigger: id, started_at: new Date() } // biome-ignore format: one row
      return void (await db.insertInto('run').values(values).execute())
    }
    case 'run-state':
      return void (await db
        .updateTable('run')
        .set({ state: act.to })
        .where('id', '=', of(ids.runs, act.n) ?? randomUUID())
        .execute())
    case 'step': {
      const runId = of(ids.runs, act.n)
      if (runId === undefined) return
      const said = { state: act.state, waiting_for: act.for }
      const values = { run_id: runId, path: act.path, step_id: act.path, kind: 'wait', title: '', csf: '', phase: '', started_at: new Date(), node: '', ...said } // biome-ignore format: one row
      return void (await db.insertInto('step').values(values).onConflict((on) => on.columns(['run_id', 'path']).doUpdateSet(said)).execute()) // biome-ignore format: one call
    }
    case 'reply': {
      const id = randomUUID()
      ids.replies.push(id)
      const at = new Date(Date.UTC(2026, 0, 1) + ids.replies.length * 1000)
      const values = { id, alert_id: ids.alerts[act.alert] ?? '', provider_id: 'p', state: act.state, text: '', spans: spans(act.verdicts), recipients: [], subject: '', message_id: id, created_at: at } // biome-ignore format: one row
      return void (await db.insertInto('reply').values(values).execute())
    }
    case 'reply-state':
      return void (await db
        .updateTable('reply')
        .set({ state: act.to })
        .where('id', '=', of(ids.replies, act.n) ?? randomUUID())
        .execute())
    case 'review':
      return void (await db
        .updateTable('reply')
        .set({ spans: spans(act.verdicts) })
        .where('id', '=', of(ids.replies, act.n) ?? randomUUID())
        .execute())
  }
}

/** The same definition once more, in words of its own, from the rows as they are. */
async function tabByDefinition(id: string): Promise<string> {
  const { db } = database
  const row = await db.selectFrom('alert').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  const runs = (await db.selectFrom('run').selectAll().where('alert_id', '=', id).execute()).filter(
    (run) => !run.dry_run,
  )
  const steps = await db.selectFrom('step').selectAll().where('run_id', 'in', [randomUUID(), ...runs.map((run) => run.id)]).execute() // biome-ignore format: one query
  const replies = await db.selectFrom('reply').selectAll().where('alert_id', '=', id).orderBy('created_at').execute()
  if (row.merged_into !== null) return 'merged'
  if (row.state !== 'open') {
    const newest = replies.at(-1)
    if (newest === undefined || ['sent', 'dry-run', 'cancelled'].includes(newest.state)) return 'done'
    const places = newest.spans as { verdict: string | null }[]
    const reviewed = places.length > 0 && places.every(({ verdict }) => verdict !== null)
    return newest.state === 'draft' && reviewed ? 'approver' : 'answer'
  }
  if (row.snooze_for !== null) return row.snooze_for === 'reply' ? 'provider' : 'snoozed'
  const waiting = new Set(runs.filter((run) => run.state === 'waiting').map((run) => run.id))
  if (steps.some((step) => waiting.has(step.run_id) && step.state === 'waiting' && step.waiting_for === 'answer'))
    return 'asked'
  return row.filled_at === null && runs.some((run) => run.state === 'running') ? 'running' : 'needs'
}

test('whatever happens in whatever order, each alert is in the tab that the definition says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 25 }), async (history) => {
      const ids: Ids = { alerts: {}, runs: [], replies: [] }
      for (const name of alerts) {
        const id = randomUUID()
        ids.alerts[name] = id
        await sql`insert into alert (id, provider_id, kind, severity, title, received_at, reading) values (${id}, 'p', 'alert', 'low', '', now(), '{}')`.execute(
          database.db,
        )
      }
      for (const one of history) {
        await play(one, ids)
        for (const id of Object.values(ids.alerts)) {
          const row = await database.db.selectFrom('alert').select('tab').where('id', '=', id).executeTakeFirstOrThrow()
          expect(row.tab).toBe(await tabByDefinition(id))
        }
      }
    }),
    { numRuns: 40 },
  )
}, 120_000)

test('a tab that somebody writes by hand is put right at once', async () => {
  const id = randomUUID()
  await sql`insert into alert (id, provider_id, kind, severity, title, received_at, reading) values (${id}, 'p', 'alert', 'low', '', now(), '{}')`.execute(
    database.db,
  )
  await sql`update alert set tab = 'done' where id = ${id}`.execute(database.db)
  const row = await database.db.selectFrom('alert').select('tab').where('id', '=', id).executeTakeFirstOrThrow()
  expect(row.tab).toBe('needs')
})

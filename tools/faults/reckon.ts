import { rm } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../src/db/tables.ts'
import { runCommand } from '../../test/program.ts'
import type { Node } from './nodes.ts'

/** Past this whatever is not done is stuck. A reply that was put off waits 30 s, and a minute the second time. */
const quietMsMax = 180_000
const lookEveryMs = 250

export type Found = {
  /** Accepted by 250, and not in the record; in the record, and not read as this provider's alert. */
  readonly lost: number
  readonly unread: number
  /** Alerts without a message of their own; tickets with more than one alert; messages that opened nothing. */
  readonly doubled: number
  /** Steps with two endings in the ledger, findings kept twice. */
  readonly steppedTwice: number
  /** Runs that neither wait for a person nor have ended, or wait for a decision that was made. */
  readonly stuck: number
  readonly failed: number
  readonly runs: number
  readonly resumed: number
  /** Messages that came more than once, which is right: their sender heard nothing the first time. */
  readonly again: number
  readonly replies: number
  readonly sent: number
  readonly unconfirmed: number
  /** Held for another try, because the mail server put them off or was not there. */
  readonly held: number
  readonly refused: number
  /** Released, and in none of those four states. */
  readonly adrift: number
  /** Message-IDs of replies that arrived more than once; sent by the record, and never arrived. */
  readonly deliveredTwice: number
  readonly sentNotArrived: number
  /** Unconfirmed ones that had arrived after all: sending them again would have been a second copy. */
  readonly unconfirmedArrived: number
  readonly ledgerRecords: number
  readonly ledgerHolds: boolean
}

async function count(db: Kysely<Tables>, query: ReturnType<typeof sql<{ n: number }>>): Promise<number> {
  return (await query.execute(db)).rows[0]?.n ?? -1
}

/** Waits until nothing is under way: no message unread, no run running, no job ready or held by a worker. The time it took in ms. */
export async function untilQuiet(db: Kysely<Tables>, options: { readonly alsoHeld: boolean }): Promise<number> {
  const began = performance.now()
  while (performance.now() - began < quietMsMax) {
    const open = await count(
      db,
      sql`select ((select count(*) from message where state = 'received') + (select count(*) from run where state = 'running')
        + (select count(*) from reply where state in ('sending', ${options.alsoHeld ? 'held' : 'sending'}))
        + (select count(*) from graphile_worker._private_jobs where locked_at is not null or run_at <= now())
        + (select count(*) from ledger_entry where leaf_index is null))::int as n`,
    )
    if (open === 0) break
    await sleep(lookEveryMs)
  }
  return Math.round(performance.now() - began)
}

function arrivalsOf(arrived: readonly Buffer[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const mail of arrived) {
    const id = /^Message-ID:\s*<([^>]+)>/im.exec(mail.toString('latin1'))?.[1] ?? ''
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

/** Counts what is in the record and what has arrived against what was promised. */
export async function reckon(
  db: Kysely<Tables>,
  node: Node,
  promised: { readonly accepted: ReadonlySet<string>; readonly released: ReadonlySet<string> },
  arrived: readonly Buffer[],
): Promise<Found> {
  const kept = new Set((await db.selectFrom('message').select('id').execute()).map((row) => row.id))
  const replies = await db
    .selectFrom('reply')
    .select(['id', 'state', 'message_id'])
    .where('released_by', 'is not', null)
    .execute()
  const arrivals = arrivalsOf(arrived)
  const got = (reply: { message_id: string }): number => arrivals.get(reply.message_id) ?? 0
  const inState = (state: string) => replies.filter((reply) => reply.state === state)
  const [sent, unconfirmed, held, refused] = [
    inState('sent'),
    inState('unconfirmed'),
    inState('held'),
    inState('failed'),
  ]
  const known = new Set(replies.map(({ id }) => id))
  const vanished = [...promised.released].filter((id) => !known.has(id)).length
  return {
    lost: [...promised.accepted].filter((id) => !kept.has(id)).length,
    unread: await count(
      db,
      sql`select count(*)::int as n from message where state <> 'read' or kind <> 'alert' or alert_id is null`,
    ),
    doubled: await count(
      db,
      sql`select ((select count(*) from alert where (select count(*) from message where alert_id = alert.id) <> 1)
        + (select count(*) from (select 1 from alert group by ticket having count(*) > 1) t)
        + abs((select count(*) from alert) - (select count(*) from message)))::int as n`,
    ),
    steppedTwice: await count(
      db,
      sql`select ((select count(*) from (select 1 from ledger_entry where kind = 'step.ended' group by subject, (leaf::jsonb #>> '{body,path}') having count(*) > 1) t)
        + (select count(*) from (select 1 from finding group by run_id, question, ask, connector having count(*) > 1) f))::int as n`,
    ),
    stuck: await count(
      db,
      sql`select count(*)::int as n from run where state = 'running'
        or (state = 'waiting' and exists (select 1 from decision where decision.alert_id = run.alert_id and undone_at is null))`,
    ),
    failed: await count(db, sql`select count(*)::int as n from run where state = 'failed'`),
    runs: await count(db, sql`select count(*)::int as n from run`),
    resumed: await count(db, sql`select coalesce(sum(resumed_times), 0)::int as n from run`),
    again: await count(db, sql`select count(*)::int as n from message_again`),
    replies: replies.length,
    sent: sent.length,
    unconfirmed: unconfirmed.length,
    held: held.length,
    refused: refused.length,
    adrift: replies.length - sent.length - unconfirmed.length - held.length - refused.length + vanished,
    deliveredTwice: replies.filter((reply) => got(reply) > 1).length,
    sentNotArrived: sent.filter((reply) => got(reply) === 0).length,
    unconfirmedArrived: unconfirmed.filter((reply) => got(reply) === 1).length,
    ...(await ledgerOf(db, node)),
  }
}

/** The ledger worked out anew in the database, and exported and verified without it, by the commands a person has. */
async function ledgerOf(db: Kysely<Tables>, node: Node): Promise<{ ledgerRecords: number; ledgerHolds: boolean }> {
  const file = path.join(node.folder, 'ledger.jsonl')
  const check = await runCommand(['audit', 'check'], node.env)
  const written = await runCommand(['audit', 'export', '--replies', '--out', file], node.env)
  const verified = await runCommand(['audit', 'verify', file], node.env)
  await rm(file, { force: true })
  for (const said of [check, written, verified]) if (said.code !== 0) process.stderr.write(`${said.out}${said.err}`)
  return {
    ledgerRecords: await count(db, sql`select count(*)::int as n from ledger_entry`),
    ledgerHolds: [check, written, verified].every(({ code }) => code === 0),
  }
}

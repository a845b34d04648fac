import { sql } from 'kysely'
import { z } from 'zod'
import type { LedgerRow, QuestionPage } from '../contract/house.ts'
import { sha256Hex } from '../kit/digest.ts'
import type { ListNoun } from '../model/list.ts'
import { Provider } from '../model/provider.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'
import { sayRecords } from './record-words.ts'

export const ledgerRowsMax = 200

/** Rows and age of each list of ours. */
export async function listsOf(db: Db): Promise<{ noun: ListNoun; rows: number; asOf: string | null }[]> {
  const found = await sql<{ noun: ListNoun; n: string; as_of: Date | null }>`
    select 'assets' as noun, count(*) as n, max(as_of) as as_of from asset
    union all select 'people', count(*), max(as_of) from person
    union all select 'networks', count(*), max(as_of) from network
    union all select 'leases', count(*), max(from_at) from address_lease
    union all select 'calendar', count(*), (select max(done_at) from import_batch where noun = 'calendar') from calendar_entry`.execute(
    db,
  )
  return found.rows.map((row) => ({ noun: row.noun, rows: Number(row.n), asOf: isoOrNull(row.as_of) }))
}

/** The newest records (of one subject), before the record `before` where it is given. */
export async function ledgerPage(
  db: Db,
  query: { readonly subject: string; readonly before: string },
): Promise<{
  rows: LedgerRow[]
  treeSize: number
  rootHash: string | null
  checkpoint: string | null
}> {
  const before = z.iso.datetime().safeParse(query.before)
  const rows = await db
    .selectFrom('ledger_entry')
    .selectAll()
    .$if(query.subject !== '', (select) => select.where('subject', '=', query.subject))
    .$if(before.success, (select) => select.where('at', '<', new Date(before.data ?? 0)))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(ledgerRowsMax)
    .execute()
  const said = await sayRecords(db, rows)
  const checkpoint = await db
    .selectFrom('ledger_checkpoint')
    .selectAll()
    .orderBy('tree_size', 'desc')
    .limit(1)
    .executeTakeFirst()
  return {
    rows: said.map((one, at) => {
      const { id = '', leaf_index = null } = rows[at] ?? {}
      return { ...one, id, index: leaf_index === null ? null : Number(leaf_index) }
    }),
    treeSize: Number(checkpoint?.tree_size ?? 0),
    rootHash: checkpoint?.root_hash.toString('hex') ?? null,
    checkpoint: checkpoint?.note ?? null,
  }
}

/** The question behind a one-time link; null for a token nobody was sent. Looking changes nothing: mail scanners follow links. */
export async function questionOf(db: Db, token: string, now: Date): Promise<QuestionPage | null> {
  const row = await db
    .selectFrom('person_question')
    .selectAll()
    .where('token_digest', '=', sha256Hex(token))
    .executeTakeFirst()
  if (row === undefined) return null
  return {
    state: row.answered_at !== null ? 'answered' : row.expires_at <= now ? 'expired' : 'open',
    what: row.what,
    name: row.name,
    askedAt: iso(row.asked_at),
    expiresAt: iso(row.expires_at),
    answeredAt: isoOrNull(row.answered_at),
  }
}

/** What the review of a reply shows around it. */
export async function replyAround(db: Db, replyId: string) {
  const row = await db
    .selectFrom('reply')
    .innerJoin('alert', 'alert.id', 'reply.alert_id')
    .leftJoin('provider', 'provider.id', 'reply.provider_id')
    .select(['alert.id', 'alert.number', 'alert.title', 'alert.ticket', 'reply.provider_id', 'provider.config'])
    .where('reply.id', '=', replyId)
    .executeTakeFirst()
  if (row === undefined) return null
  const provider = row.config === null ? null : Provider.parse(row.config)
  return {
    alert: { id: row.id, number: row.number, title: row.title, ticket: row.ticket },
    provider,
    providerId: row.provider_id,
  }
}

/** The newest reply for the decision that stands; null while none is drafted. */
export async function latestReplyOf(db: Db, alertId: string): Promise<string | null> {
  const row = await db
    .selectFrom('reply')
    .innerJoin('decision', 'decision.id', 'reply.decision_id')
    .select('reply.id')
    .where('reply.alert_id', '=', alertId)
    .where('decision.undone_at', 'is', null)
    .orderBy('reply.created_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.id ?? null
}

export async function alertOfRun(db: Db, runId: string): Promise<{ id: string; number: number; title: string } | null> {
  const row = await db
    .selectFrom('run')
    .innerJoin('alert', 'alert.id', 'run.alert_id')
    .select(['alert.id', 'alert.number', 'alert.title'])
    .where('run.id', '=', runId)
    .executeTakeFirst()
  return row ?? null
}

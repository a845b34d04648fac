import { sql } from 'kysely'
import type { SearchHit } from '../../contract/search.ts'
import type { SearchAsk } from '../../model/search.ts'
import { iso } from '../jsonb.ts'
import type { Db } from '../open.ts'
import { candidatesMax } from './alerts.ts'
import { phrased, tsquery, within } from './condition.ts'
import { type Marker, marked, snippetOf } from './marked.ts'

type Row = { alert_id: string; number: number; title: string; sample: boolean; what: string; text: string; at: Date }

/** "T-17", which is the ticket of A-17. */
function numberOf({ words }: SearchAsk): number | null {
  const [word] = words
  const digits = words.length === 1 && word?.not === false ? /^t-(\d{1,9})$/.exec(word.word)?.[1] : undefined
  return digits === undefined ? null : Number(digits)
}

/**
 * Tickets by what was said and noted on them: every word stands in one comment, one task or one number elsewhere. What the alert itself says
 * is found as the alert. Materialised for the same reason as with alerts.
 */
export async function findTickets(db: Db, ask: SearchAsk, marker: Marker): Promise<SearchHit[]> {
  const query = tsquery(ask.words, { short: false })
  const number = numberOf(ask)
  const { rows } = await sql<Row>`
    with found as materialized (
      select c.alert_id, 'comment' as what, c.text, c.written_at as at from ticket_comment c
        where search_words('x', c.text) @@ ${query} and ${phrased(sql`c.text`, ask)} and ${within(sql`c.written_at`, ask)}
      union all select k.alert_id, case when k.done_at is null then 'task' else 'task, done' end, k.title, k.added_at from ticket_task k
        where k.removed_at is null and search_words('x', k.title) @@ ${query} and ${phrased(sql`k.title`, ask)} and ${within(sql`k.added_at`, ask)}
      union all select r.alert_id, r.system, r.reference, r.added_at from ticket_reference r
        where search_words('x', r.reference) @@ ${query} and ${phrased(sql`r.reference`, ask)} and ${within(sql`r.added_at`, ask)}
      union all select t.id, 'ticket', '', t.received_at from alert t
        where t.number = ${number}::integer and ${within(sql`t.received_at`, ask)}),
    newest as (select distinct on (alert_id) * from found order by alert_id, at desc)
    select n.alert_id, a.number, coalesce(a.rule, a.title) as title, a.sample, n.what, n.text, n.at
    from newest n join alert a on a.id = n.alert_id order by n.at desc limit ${candidatesMax}`.execute(db)
  return rows.map((row) => ({
    kind: 'ticket' as const,
    id: row.alert_id,
    title: marked(`T-${row.number} ${row.title}`, marker),
    snippet: snippetOf(row.text, marker),
    facts: row.what === 'ticket' ? [] : [row.what],
    at: iso(row.at),
    href: `/alerts/${row.alert_id}#ticket`,
    sample: row.sample,
  }))
}

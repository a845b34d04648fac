import { type RawBuilder, sql } from 'kysely'
import type { SearchHit } from '../../contract/search.ts'
import type { SearchAsk } from '../../model/search.ts'
import { iso } from '../jsonb.ts'
import type { Db } from '../open.ts'
import { candidatesMax } from './alerts.ts'
import { phrased, tsquery, within } from './condition.ts'
import { type Marker, marked, snippetOf } from './marked.ts'

/** Words of a mail are many, and lie apart from its row: fewer are looked at one by one. */
const newestLooked = 500

/** Where a message lies decides who may find it: everybody at the desk in an alert, the others by what they may. */
export type MessagePlaces = { readonly quarantined: boolean; readonly apart: boolean }

type Row = {
  id: string
  subject: string | null
  from_address: string | null
  state: string
  kind: string | null
  alert_id: string | null
  number: number | null
  received_at: Date
  text: string | null
  sample: boolean
}

const messageText = sql`concat_ws(' ¶ ', m.subject, (select string_agg(left(part ->> 'text', 100000), ' ¶ ') from jsonb_array_elements(
  case when jsonb_typeof(m.letter -> 'parts') = 'array' then m.letter -> 'parts' else '[]' end) part))`

/** Messages that hold every word, the newest first. */
export async function findMessages(
  db: Db,
  ask: SearchAsk,
  marker: Marker,
  places: MessagePlaces,
): Promise<SearchHit[]> {
  const newest = await idsOf(db, ask, places, true)
  const ids = newest.length >= candidatesMax ? newest : await idsOf(db, ask, places, false)
  if (ids.length === 0) return []
  const { rows } = await sql<Row>`
    select m.id, m.subject, m.from_address, m.state, m.kind, m.alert_id, a.number, m.received_at, m.sample,
      (select left(string_agg(left(part ->> 'text', 20000), E'\n'), 20000) from jsonb_array_elements(
        case when jsonb_typeof(m.letter -> 'parts') = 'array' then m.letter -> 'parts' else '[]' end) part where part ->> 'path' <> 'subject') as text
    from message m left join alert a on a.id = m.alert_id where m.id = any(${ids}::text[]) order by m.received_at desc`.execute(
    db,
  )
  return rows.map((row) => hitOf(row, marker))
}

function allowed({ quarantined, apart }: MessagePlaces): RawBuilder<unknown> {
  return sql`(m.alert_id is not null or case when m.state = 'quarantined' then ${quarantined}::boolean else ${apart}::boolean end)`
}

async function idsOf(db: Db, ask: SearchAsk, places: MessagePlaces, newest: boolean): Promise<string[]> {
  const fits = sql`m.search @@ ${tsquery(ask.words, { short: newest })} and ${allowed(places)} and ${phrased(messageText, ask)}`
  const timely = within(sql`m.received_at`, ask)
  const from: RawBuilder<unknown> = newest
    ? sql`(select m.id, m.search, m.received_at, m.alert_id, m.state, m.subject, m.letter from message m where ${timely}
        order by m.received_at desc limit ${newestLooked}) m where ${fits}`
    : sql`message m where ${fits} and ${timely}`
  // As with alerts: what fits first, in order then.
  const { rows } = await sql<{ id: string }>`
    with found as materialized (select m.id, m.received_at from ${from})
    select id from found order by received_at desc limit ${candidatesMax}`.execute(db)
  return rows.map((row) => row.id)
}

function hitOf(row: Row, marker: Marker): SearchHit {
  const where =
    row.number === null ? (row.state === 'quarantined' ? 'in quarantine' : (row.kind ?? row.state)) : `A-${row.number}`
  return {
    kind: 'message',
    id: row.id,
    title: marked(row.subject === null || row.subject === '' ? '(no subject)' : row.subject, marker),
    snippet: snippetOf(row.text ?? '', marker),
    facts: [row.from_address ?? '', where].filter((fact) => fact !== ''),
    at: iso(row.received_at),
    href:
      row.alert_id !== null
        ? `/alerts/${row.alert_id}`
        : row.state === 'quarantined'
          ? '/quarantine'
          : `/api/messages/${row.id}/raw`,
    sample: row.sample,
  }
}

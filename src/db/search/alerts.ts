import { type RawBuilder, sql } from 'kysely'
import type { SearchHit } from '../../contract/search.ts'
import type { SearchAsk } from '../../model/search.ts'
import { iso } from '../jsonb.ts'
import type { Db } from '../open.ts'
import { phrased, tsquery, within } from './condition.ts'
import { type Marker, marked, snippetOf } from './marked.ts'

/** Rows that are put in order by how well they fit: the newest of those that fit. */
export const candidatesMax = 51
/** As many of the newest are looked at one by one first: a word that stands in every fortieth alert needs no index, and would fetch thousands by it. */
const newestLooked = 2000

type Row = {
  id: string
  number: number
  title: string
  rule: string | null
  entity: string | null
  ticket: string | null
  state: string
  outcome: string | null
  received_at: Date
  provider: string | null
  summary: string | null
  sample: boolean
}

/** A sign between the fields, so that no phrase reaches from one into the next. */
const alertText = sql`concat_ws(' ¶ ', a.title, a.rule, a.entity, a.host, a.account, a.source, a.destination, a.ticket, a.reading ->> 'summary')`

/** Alerts that hold every word, best first: named or begun so by number, title or rule, then open ones, then the newest. */
export async function findAlerts(db: Db, ask: SearchAsk, marker: Marker): Promise<SearchHit[]> {
  const newest = await idsOf(db, ask, true)
  const ids = newest.length >= candidatesMax ? newest : await idsOf(db, ask, false)
  if (ids.length === 0) return []
  const { rows } = await sql<Row>`
    select a.id, a.number, a.title, a.rule, a.entity, a.ticket, a.state, a.outcome, a.received_at, a.sample,
      p.config ->> 'name' as provider, left(a.reading ->> 'summary', 20000) as summary
    from alert a left join provider p on p.id = a.provider_id where a.id = any(${ids}::uuid[])`.execute(db)
  return rows
    .toSorted((a, b) => fit(b, marker) - fit(a, marker) || b.received_at.getTime() - a.received_at.getTime())
    .map((row) => hitOf(row, marker))
}

async function idsOf(db: Db, ask: SearchAsk, newest: boolean): Promise<string[]> {
  const fits = sql`a.search @@ ${tsquery(ask.words, { short: newest })} and ${phrased(alertText, ask)}`
  const timely = within(sql`a.received_at`, ask)
  const from: RawBuilder<unknown> = newest
    ? sql`(select a.* from alert a where ${timely} order by a.received_at desc limit ${newestLooked}) a where ${fits}`
    : sql`alert a where ${fits} and ${timely}`
  // Materialised: what fits is found first and put in order then. Otherwise PostgreSQL, which takes a word that it does not know for one
  // in two hundred, walks back in time through a million alerts to find fifty.
  const { rows } = await sql<{ id: string }>`
    with found as materialized (select a.id, a.received_at from ${from})
    select id from found order by received_at desc limit ${candidatesMax}`.execute(db)
  return rows.map((row) => row.id)
}

function fit(row: Row, { words, plain }: Marker): number {
  const named = `a-${row.number}`
  const title = ` ${plain(`${row.title} ${row.rule ?? ''}`)} `
  return words.reduce(
    (sum, word) => {
      if (word === named || word === row.ticket?.toLowerCase() || word === row.entity) return sum + 100
      if (title.includes(` ${word} `)) return sum + 8
      return title.includes(` ${word}`) ? sum + 4 : sum
    },
    row.outcome === null ? 2 : 0,
  )
}

function hitOf(row: Row, marker: Marker): SearchHit {
  const rule = row.rule === null || row.rule === row.title ? '' : ` · ${row.rule}`
  return {
    kind: 'alert',
    id: row.id,
    title: marked(`A-${row.number} ${row.title}`, marker),
    snippet: snippetOf(`${row.entity ?? ''}${rule} ${row.summary ?? ''}`, marker),
    facts: [row.provider ?? '', row.ticket ?? '', row.outcome ?? row.state].filter((fact) => fact !== ''),
    at: iso(row.received_at),
    href: `/alerts/${row.id}`,
    sample: row.sample,
  }
}

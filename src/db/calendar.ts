import { sql } from 'kysely'
import type { Clock } from '../kit/clock.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import { CalendarEntry } from '../model/calendar.ts'
import type { Listed } from '../model/context.ts'
import { manualSource } from '../model/merged-facts.ts'
import { iso, jsonb } from './jsonb.ts'
import { calendarRecord, calendarStatement } from './list-stores.ts'
import { type Db, transaction } from './open.ts'

/** Entries that run at one moment; a house has some dozens. */
const runningMax = 1_000

type Row = { readonly facts: unknown; readonly source: string; readonly from_at: Date }

function listed(row: Row): Listed<CalendarEntry> {
  return { fact: CalendarEntry.parse(row.facts), source: row.source, asOf: iso(row.from_at) }
}

/** Changes, tests and exercises that run at some time between these two (ISO 8601), the earliest first. */
export async function plannedAt(db: Db, from: string, to: string): Promise<Listed<CalendarEntry>[]> {
  const { rows } = await sql<Row>`
    select facts, source, from_at from calendar_entry
    where tstzrange(from_at, to_at, '[]') && tstzrange(${from}::timestamptz, ${to}::timestamptz, '[]')
      and facts->>'kind' <> 'absence'
    order by from_at, id limit ${runningMax}`.execute(db)
  return rows.map(listed)
}

/** Absences of whoever has one of these lower-case keys (mail address, account, name) at that moment. */
export async function absencesAt(db: Db, keys: readonly string[], at: string): Promise<Listed<CalendarEntry>[]> {
  const { rows } = await sql<Row>`
    select facts, source, from_at from calendar_entry
    where tstzrange(from_at, to_at, '[]') @> ${at}::timestamptz
      and facts->>'kind' = 'absence' and lower(facts->>'person') = any(${[...keys]}::text[])
    order by from_at, id limit ${runningMax}`.execute(db)
  return rows.map(listed)
}

/** What a page of the calendar shows: what overlaps this time, the earliest first. */
export async function calendarBetween(
  db: Db,
  from: string,
  to: string,
): Promise<{
  readonly entries: (CalendarEntry & { readonly key: string; readonly source: string })[]
  readonly more: boolean
}> {
  const { rows } = await sql<Row & { id: string }>`
    select id, facts, source, from_at from calendar_entry
    where tstzrange(from_at, to_at, '[]') && tstzrange(${from}::timestamptz, ${to}::timestamptz, '[]')
    order by from_at, id limit ${runningMax + 1}`.execute(db)
  const entries = rows.slice(0, runningMax).map((row) => {
    return { ...listed(row).fact, key: row.id, source: row.source }
  })
  return { entries, more: rows.length > runningMax }
}

/** Enters something planned by hand, or changes what was entered by hand. One transaction with its ledger line. */
export async function saveEntry(db: Db, entry: CalendarEntry, by: string, clock: Clock): Promise<void> {
  await transaction(db, async (tx) => {
    const key = `${manualSource}/${entry.id}`
    await calendarStatement(jsonb([calendarRecord(key, entry)]), manualSource).execute(tx)
    await append(tx, { kind: 'calendar.changed', actor: by, subject: `calendar:${key}`, body: { ...entry } }, clock)
  })
}

/** What was entered by hand under this id; null where nothing was. */
export async function entryByHand(db: Db, id: string): Promise<CalendarEntry | null> {
  const row = await db
    .selectFrom('calendar_entry')
    .select('facts')
    .where('id', '=', `${manualSource}/${id}`)
    .where('source', '=', manualSource)
    .executeTakeFirst()
  return row === undefined ? null : CalendarEntry.parse(row.facts)
}

/** Takes back what was entered by hand. What came from a list goes with the list: Trouble('not.found') here. */
export async function removeEntry(db: Db, id: string, by: string, clock: Clock): Promise<void> {
  await transaction(db, async (tx) => {
    const key = `${manualSource}/${id}`
    const gone = await tx
      .deleteFrom('calendar_entry')
      .where('id', '=', key)
      .where('source', '=', manualSource)
      .executeTakeFirst()
    if (gone.numDeletedRows === 0n) throw new Trouble('not.found')
    await append(
      tx,
      { kind: 'calendar.changed', actor: by, subject: `calendar:${key}`, body: { id, removed: true } },
      clock,
    )
  })
}

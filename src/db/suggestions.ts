import { sql } from 'kysely'
import type { SuggestionRow } from '../contract/suggestions.ts'
import { Outcome } from '../model/triage.ts'
import { iso, isoOrNull, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

/** Open ones of one alert; a program that writes more has lost its way. */
export const suggestionsOpenMax = 50
const suggestionsShown = 200

/** What was suggested about an alert, the oldest first. */
export async function suggestionsOf(db: Db, alertId: string): Promise<SuggestionRow[]> {
  const rows = await db
    .selectFrom('suggestion')
    .selectAll()
    .where('alert_id', '=', alertId)
    .orderBy('made_at')
    .limit(suggestionsShown)
    .execute()
  const nameOf = await namesOfActors(
    db,
    rows.map((row) => row.made_by),
  )
  return rows.map((row) => ({
    ...{ id: row.id, kind: row.kind, text: row.text, cites: row.cites },
    outcome: row.outcome === null ? null : Outcome.parse(row.outcome),
    byName: nameOf(row.made_by),
    byProgram: row.made_by.includes('/key:'),
    madeAt: iso(row.made_at),
    closedAt: isoOrNull(row.closed_at),
    closedAs: row.closed_as,
  }))
}

/** 'no-alert', 'too-many' (of those that are open) or 'cites' (of another alert) where it was not kept. */
export async function addSuggestion(
  tx: Db,
  made: {
    readonly alertId: string
    readonly outcome: Outcome | null
    readonly text: string
    readonly cites: readonly string[]
    readonly by: string
  },
  now: Date,
): Promise<{ readonly id: string } | 'no-alert' | 'too-many' | 'cites'> {
  const { alertId, outcome, by } = made
  // Locked, so that many at once are counted one by one.
  const alert = await tx.selectFrom('alert').select('id').where('id', '=', alertId).forNoKeyUpdate().executeTakeFirst()
  if (alert === undefined) return 'no-alert'
  const open = await tx
    .selectFrom('suggestion')
    .select(sql<string>`count(*)`.as('n'))
    .where('alert_id', '=', alertId)
    .where('closed_at', 'is', null)
    .executeTakeFirstOrThrow()
  if (Number(open.n) >= suggestionsOpenMax) return 'too-many'
  const cites = [...new Set(made.cites)]
  const known = await tx
    .selectFrom('finding')
    .select('id')
    .where(sql<boolean>`id = any(${cites}::uuid[])`)
    .where('alert_id', '=', alertId)
    .execute()
  if (known.length !== cites.length) return 'cites'
  const id = crypto.randomUUID()
  await tx
    .insertInto('suggestion')
    .values({
      ...{ id, alert_id: alertId, kind: outcome === null ? 'remark' : 'decision', outcome, cites },
      ...{ text: plainText(made.text), made_by: by, made_at: now },
    })
    .execute()
  return { id }
}

/** Returns its alert; null when there is none that is open. */
export async function closeSuggestion(
  tx: Db,
  id: string,
  as: 'taken' | 'dismissed',
  by: string,
  now: Date,
): Promise<string | null> {
  const row = await tx
    .updateTable('suggestion')
    .set({ closed_as: as, closed_by: by, closed_at: now })
    .where('id', '=', id)
    .where('closed_at', 'is', null)
    .returning('alert_id')
    .executeTakeFirst()
  return row?.alert_id ?? null
}

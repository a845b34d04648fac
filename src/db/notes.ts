import type { Alert } from '../model/alert.ts'
import type { Note, NoteDraft } from '../model/note.ts'
import { iso, isoOrNull, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

/** Notes that one alert shows; more about one machine are for its page elsewhere. */
const notesMax = 50

/** What an alert is about, as notes name it. */
function aboutOf(alert: Pick<Alert, 'host' | 'entity' | 'account' | 'source' | 'destination'>): string[] {
  const { host, entity, account, source, destination } = alert
  return [host, entity, account, source, destination].flatMap((value) => (value === null ? [] : [value.toLowerCase()]))
}

/** Notes that stand about the machine, the account or the addresses of an alert, the newest first. */
export async function notesFor(db: Db, alert: Alert, now: Date): Promise<readonly Note[]> {
  const about = aboutOf(alert)
  if (about.length === 0) return []
  const rows = await db
    .selectFrom('note')
    .selectAll()
    .where('about', 'in', about)
    .where('removed_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .orderBy('written_at', 'desc')
    .limit(notesMax)
    .execute()
  const nameOf = await namesOfActors(
    db,
    rows.map((row) => row.written_by),
  )
  return rows.map((row) => ({
    ...{ id: row.id, about: row.about, knownGood: row.known_good, text: row.text, byName: nameOf(row.written_by) },
    ...{ at: iso(row.written_at), expiresAt: isoOrNull(row.expires_at) },
  }))
}

export async function insertNote(tx: Db, id: string, draft: NoteDraft, by: string, at: Date): Promise<void> {
  const { about, knownGood, text, expiresAt } = draft
  await tx
    .insertInto('note')
    .values({
      ...{ id, about: plainText(about), known_good: knownGood, text: plainText(text) },
      ...{ written_by: by, written_at: at, expires_at: expiresAt },
    })
    .execute()
}

/** Takes a note away; the row stays. False when none stands. */
export async function removeNote(tx: Db, id: string, by: string, at: Date): Promise<boolean> {
  const done = await tx
    .updateTable('note')
    .set({ removed_by: by, removed_at: at })
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return done.numUpdatedRows === 1n
}

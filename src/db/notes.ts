import type { Alert } from '../model/alert.ts'
import type { Note, NoteDraft, NotePast } from '../model/note.ts'
import { iso, isoOrNull, plainText } from './jsonb.ts'
import type { Db } from './open.ts'
import { namesOfActors } from './users.ts'

/** Notes that one page shows, the newest. */
const notesMax = 50

/** An account without the domain before it. */
export const loginOf = (account: string): string => account.slice(account.lastIndexOf('\\') + 1)

/** What an alert is about, as notes name it. */
function aboutOf(alert: Pick<Alert, 'host' | 'entity' | 'account' | 'source' | 'destination'>): string[] {
  const { host, entity, account, source, destination } = alert
  // "CORP\ameyer" is also ameyer.
  const login = account === null ? null : loginOf(account)
  const all = [host, entity, account, login, source, destination]
  return [...new Set(all.flatMap((value) => (value === null ? [] : [value.toLowerCase()])))]
}

/** Notes that stand about the machine, the account or the addresses of an alert, the newest first. */
export async function notesFor(db: Db, alert: Alert, now: Date): Promise<readonly Note[]> {
  const about = aboutOf(alert)
  if (about.length === 0) return []
  const rows = await notesOf(db, about)
    .where('removed_at', 'is', null)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .execute()
  const nameOf = await namesOfActors(
    db,
    rows.map((row) => row.written_by),
  )
  return rows.map((row) => noteOf(row, nameOf))
}

/** All that was ever written about what has one of these names, the newest first: also what ended or was taken away. */
export async function notesEver(db: Db, names: readonly string[]): Promise<NotePast[]> {
  const about = [...new Set(names.map((name) => name.toLowerCase()))]
  if (about.length === 0) return []
  const rows = await notesOf(db, about).execute()
  const nameOf = await namesOfActors(
    db,
    rows.flatMap((row) => [row.written_by, row.removed_by]),
  )
  return rows.map((row) => ({
    ...noteOf(row, nameOf),
    removed: row.removed_at === null ? null : { byName: nameOf(row.removed_by), at: iso(row.removed_at) },
  }))
}

const notesOf = (db: Db, about: readonly string[]) =>
  db.selectFrom('note').selectAll().where('about', 'in', about).orderBy('written_at', 'desc').limit(notesMax)

type Row = Awaited<ReturnType<ReturnType<typeof notesOf>['execute']>>[number]

function noteOf(row: Row, nameOf: (actor: string | null) => string): Note {
  return {
    ...{ id: row.id, about: row.about, knownGood: row.known_good, text: row.text, byName: nameOf(row.written_by) },
    ...{ at: iso(row.written_at), expiresAt: isoOrNull(row.expires_at) },
  }
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

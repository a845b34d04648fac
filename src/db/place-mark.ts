import { sql } from 'kysely'
import { plainText } from './jsonb.ts'

/** What became of the last call to a place outside (a chat channel, a ticket system), as its row keeps it. Null `why`: it answered. */
export const markOf = (why: string | null, now: Date) =>
  why === null
    ? { says: '', misses: 0, failing_since: null, not_before: null, answered_at: now }
    : {
        says: plainText(why),
        misses: sql<number>`misses + 1`,
        failing_since: sql<Date>`coalesce(failing_since, ${now})`,
      }

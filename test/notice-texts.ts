import type { Kysely } from 'kysely'
import { simpleParser } from 'mailparser'
import type { Tables } from '../src/db/tables.ts'

/** Mails of this kind to one of ours, as text, the oldest first. */
export async function noticeTexts(db: Kysely<Tables>, kind: string, email: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('notice')
    .select(['bytes', 'recipients'])
    .where('kind', '=', kind)
    .orderBy('created_at')
    .execute()
  const theirs = rows.filter(({ recipients }) => recipients.includes(email))
  return Promise.all(theirs.map(async ({ bytes }) => (await simpleParser(bytes)).text ?? ''))
}

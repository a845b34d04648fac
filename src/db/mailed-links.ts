import { sql } from 'kysely'
import type { Db } from './open.ts'

/** Is this the digest of a link's token that leads somewhere: to an approval, or to a question to a person? Looked up by two unique indexes. */
export async function isMailedLink(db: Db, digest: string): Promise<boolean> {
  const { rows } = await sql<{ is: boolean }>`
    select exists (select from approval_link where token_digest = ${digest})
      or exists (select from person_question where token_digest = ${digest}) as is`.execute(db)
  return rows[0]?.is === true
}

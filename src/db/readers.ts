import { sql } from 'kysely'
import { Letter } from '../model/letter.ts'
import { ReaderDescription } from '../model/reader.ts'
import { jsonb } from './jsonb.ts'
import type { Message } from './messages.ts'
import type { Db } from './open.ts'

/** Every message is offered to each of them. */
export const taughtReadersMax = 100
/** A letter that is larger in the record is not tested on: fifty of them would keep everybody waiting. */
const letterBytesMax = 300_000

export type TaughtReader = {
  readonly id: string
  readonly version: number
  readonly switchedOn: boolean
  readonly yaml: string
  readonly changedAt: string
  readonly changedBy: string
}

/** All readers that people taught, by id, with who changed each last. */
export async function listTaughtReaders(db: Db): Promise<TaughtReader[]> {
  const rows = await db
    .selectFrom('taught_reader')
    .select(['id', 'version', 'switched_on', 'yaml', 'changed_at'])
    .select(
      sql<string>`coalesce((select name from app_user where 'user:' || app_user.id = taught_reader.changed_by), changed_by)`.as(
        'changed_by',
      ),
    )
    .orderBy('id')
    .limit(taughtReadersMax)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    version: row.version,
    switchedOn: row.switched_on,
    yaml: row.yaml,
    changedAt: row.changed_at.toISOString(),
    changedBy: row.changed_by,
  }))
}

/** Descriptions of those that are switched on. One that this version cannot read any more is left out, and named in `broken`. */
export async function taughtDescriptions(
  db: Db,
): Promise<{ readonly descriptions: readonly ReaderDescription[]; readonly broken: readonly string[] }> {
  const rows = await db
    .selectFrom('taught_reader')
    .select(['id', 'description'])
    .where('switched_on', '=', true)
    .orderBy('id')
    .limit(taughtReadersMax)
    .execute()
  const parsed = rows.map((row) => ({ id: row.id, description: ReaderDescription.safeParse(row.description) }))
  return {
    descriptions: parsed.flatMap(({ description }) => (description.success ? [description.data] : [])),
    broken: parsed.flatMap(({ id, description }) => (description.success ? [] : [id])),
  }
}

/** Adds (version 0) or changes (the version last seen), and keeps the version. The new version; null when somebody was faster, or there is no room. */
export async function saveTaughtReader(
  tx: Db,
  reader: {
    readonly description: ReaderDescription
    readonly yaml: string
    readonly switchedOn: boolean
    readonly version: number
    readonly by: string
  },
  now: Date,
): Promise<number | null> {
  const { description, yaml, switchedOn, by } = reader
  const version = reader.version + 1
  const row = { version, switched_on: switchedOn, yaml, changed_at: now, changed_by: by }
  if (reader.version === 0) {
    const { count } = await tx
      .selectFrom('taught_reader')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .executeTakeFirstOrThrow()
    if (Number(count) >= taughtReadersMax) return null
  }
  const done =
    reader.version === 0
      ? await tx
          .insertInto('taught_reader')
          .values({ id: description.id, description: jsonb(description), ...row })
          .onConflict((on) => on.column('id').doNothing())
          .returning('id')
          .executeTakeFirst()
      : await tx
          .updateTable('taught_reader')
          .set({ description: jsonb(description), ...row })
          .where('id', '=', description.id)
          .where('version', '=', reader.version)
          .returning('id')
          .executeTakeFirst()
  if (done === undefined) return null
  await tx
    .insertInto('taught_reader_version')
    .values({ reader_id: description.id, ...row })
    .execute()
  return version
}

/** A message to test on: its letter, or the text that was posted. */
export type SenderMessage = {
  readonly id: string
  readonly receivedAt: string
  readonly letter: Letter | null
  readonly posted: string | null
}

/** The last messages that came from where this one came from, newest first; those that are too large are left out. */
export async function messagesOfSender(db: Db, message: Message, most: number): Promise<SenderMessage[]> {
  const providerId = message.providerId ?? message.doorProviderId
  const rows = await db
    .selectFrom('message')
    .select(['id', 'received_at', 'letter'])
    .select(sql<Buffer | null>`case when form = 'json' then bytes end`.as('posted'))
    .where('state', '=', 'read')
    .where('form', '=', message.form)
    .where('size_bytes', '<', 4_000_000)
    .where(sql<boolean>`coalesce(pg_column_size(letter), size_bytes) < ${letterBytesMax}`)
    .$if(message.form === 'mail', (query) => query.where('from_address', '=', message.fromAddress))
    .$if(message.form === 'json', (query) => query.where('provider_id', '=', providerId))
    .orderBy('received_at', 'desc')
    .limit(most)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    receivedAt: row.received_at.toISOString(),
    letter: row.letter === null ? null : Letter.parse(row.letter),
    posted: row.posted === null ? null : row.posted.toString('utf8'),
  }))
}

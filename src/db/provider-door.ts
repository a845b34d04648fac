import { sql } from 'kysely'
import { iso, plainText } from './jsonb.ts'
import type { Db } from './open.ts'

export type ProviderDoor = {
  readonly ranges: readonly string[]
  readonly requestsPerDay: number
  readonly version: number
}

/** Until somebody says otherwise: from everywhere, fifty requests a day. */
const doorDefault: ProviderDoor = { ranges: [], requestsPerDay: 50, version: 0 }

export async function doorOf(db: Db, providerId: string): Promise<ProviderDoor> {
  const row = await db.selectFrom('provider_door').selectAll().where('provider_id', '=', providerId).executeTakeFirst()
  return row === undefined
    ? doorDefault
    : { ranges: row.ranges, requestsPerDay: row.requests_per_day, version: row.version }
}

/** The new version; null when somebody was faster. */
export async function saveDoor(
  tx: Db,
  providerId: string,
  door: ProviderDoor,
  by: string,
  now: Date,
): Promise<number | null> {
  const values = { ranges: [...door.ranges], requests_per_day: door.requestsPerDay, changed_by: by, changed_at: now }
  const saved =
    door.version === 0
      ? await tx
          .insertInto('provider_door')
          .values({ provider_id: providerId, ...values })
          .onConflict((on) => on.doNothing())
          .returning('version')
          .executeTakeFirst()
      : await tx
          .updateTable('provider_door')
          .set({ ...values, version: door.version + 1 })
          .where('provider_id', '=', providerId)
          .where('version', '=', door.version)
          .returning('version')
          .executeTakeFirst()
  return saved?.version ?? null
}

/** Requests of a provider since then. Call it in a transaction that holds the provider's row where the number decides. */
export async function requestsSince(db: Db, providerId: string, since: Date): Promise<number> {
  const row = await db
    .selectFrom('provider_request')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('provider_id', '=', providerId)
    .where('asked_at', '>', since)
    .executeTakeFirstOrThrow()
  return Number(row.n)
}

export async function insertRequest(
  tx: Db,
  request: {
    readonly id: string
    readonly providerId: string
    readonly askedBy: string
    readonly keyId: string | null
    readonly observable: string
    readonly why: string
    readonly messageId: string
    readonly at: Date
  },
): Promise<void> {
  await tx
    .insertInto('provider_request')
    .values({
      id: request.id,
      provider_id: request.providerId,
      asked_by: request.askedBy,
      key_id: request.keyId,
      observable: plainText(request.observable),
      why: plainText(request.why),
      message_id: request.messageId,
      asked_at: request.at,
    })
    .execute()
}

const hourMs = 3_600_000

/** True when it is the first time in this hour: then it is worth a line. */
export async function noteLook(
  tx: Db,
  look: {
    readonly providerId: string
    readonly userId: string
    readonly keyId: string | null
    readonly what: string
    readonly subject: string
    readonly address: string
  },
  at: Date,
): Promise<boolean> {
  const done = await tx
    .insertInto('provider_look')
    .values({
      ...{ provider_id: look.providerId, user_id: look.userId, key_id: look.keyId },
      ...{ what: look.what, subject: look.subject },
      ...{ hour: new Date(Math.floor(at.getTime() / hourMs) * hourMs), at, address: look.address },
    })
    .onConflict((on) => on.doNothing())
    .executeTakeFirst()
  return done.numInsertedOrUpdatedRows === 1n
}

/** Lines shown on the page; all of them are in the ledger. */
const looksMax = 100

/** Who of them looked at what and asked for what, the newest first. */
export async function doorTrail(db: Db, providerId: string) {
  const { rows } = await sql<{
    at: Date
    who: string
    key: string | null
    what: string
    number: number | null
    alert_id: string | null
    says: string
    address: string
  }>`
    select l.at, coalesce(k.name, u.name) as who, k.prefix as key, l.what, a.number, a.id as alert_id, '' as says, l.address
    from provider_look l join app_user u on u.id = l.user_id left join api_key k on k.id = l.key_id
    left join alert a on a.id::text = l.subject
    where l.provider_id = ${providerId}
    union all
    select r.asked_at, coalesce(k.name, u.name), k.prefix, 'asked', a.number, a.id, r.observable, ''
    from provider_request r join app_user u on u.id = r.asked_by left join api_key k on k.id = r.key_id
    left join message m on m.id = r.message_id left join alert a on a.id = m.alert_id
    where r.provider_id = ${providerId}
    order by 1 desc limit ${looksMax}`.execute(db)
  return rows.map((row) => ({
    at: iso(row.at),
    who: row.who,
    key: row.key,
    what: row.what,
    alert: row.alert_id === null || row.number === null ? null : { id: row.alert_id, number: row.number },
    says: row.says,
    address: row.address,
  }))
}

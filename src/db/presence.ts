import { sql } from 'kysely'
import { type Doing, Presence, presenceGoneMs } from '../contract/presence.ts'
import { iso } from './jsonb.ts'
import { notify } from './live.ts'
import { type Db, transaction } from './open.ts'

/** Anything that changes who is where. */
const topic = 'presence'
/** One person cannot be everywhere; more tabs than the live stream lets one browser have say nothing new. */
const tabsOfUserMax = 30

export type Here = { readonly tab: string; readonly userId: string; readonly alertId: string; readonly doing: Doing }

/** Says what a tab shows. Others hear of it only when something changed. An alert that is not there, or a tab of somebody else, is passed over. */
export async function sayHere(db: Db, here: Here, now: Date): Promise<void> {
  await transaction(db, async (tx) => {
    const before = await tx
      .selectFrom('presence')
      .selectAll()
      .where('tab', '=', here.tab)
      .forUpdate()
      .executeTakeFirst()
    if (before !== undefined && before.user_id !== here.userId) return
    const said = await sql<{ tab: string }>`
      insert into presence (tab, user_id, alert_id, doing, since, seen_at)
      select ${here.tab}::uuid, ${here.userId}::uuid, a.id, ${here.doing}, ${now}, ${now} from alert a
      where a.id = ${here.alertId}::uuid
        and (select count(*) from presence p where p.user_id = ${here.userId}::uuid and p.tab <> ${here.tab}::uuid) < ${tabsOfUserMax}
      on conflict (tab) do update set alert_id = excluded.alert_id, doing = excluded.doing, seen_at = excluded.seen_at,
        since = case when presence.alert_id = excluded.alert_id then presence.since else excluded.since end
      where presence.user_id = excluded.user_id
      returning tab`.execute(tx)
    const gone = goneBefore(now)
    await tx.deleteFrom('presence').where('seen_at', '<', gone).execute()
    const same = before?.alert_id === here.alertId && before.doing === here.doing && before.seen_at >= gone
    if (said.rows.length > 0 && !same) await notify(tx, topic)
  })
}

/** A tab left an alert; where it shows another one by now, that stays. */
export async function sayGone(db: Db, { tab, userId, alertId }: Omit<Here, 'doing'>): Promise<void> {
  await transaction(db, async (tx) => {
    const left = await tx
      .deleteFrom('presence')
      .where('tab', '=', tab)
      .where('user_id', '=', userId)
      .where('alert_id', '=', alertId)
      .returning('tab')
      .execute()
    if (left.length > 0) await notify(tx, topic)
  })
}

const goneBefore = (now: Date): Date => new Date(now.getTime() - presenceGoneMs)

/** Who else is where: one row for each person and alert, with the most they do there. */
export async function othersHere(db: Db, userId: string, now: Date): Promise<Presence[]> {
  const rows = await db
    .selectFrom('presence')
    .innerJoin('app_user', 'app_user.id', 'presence.user_id')
    .select(['alert_id', 'user_id', 'name', 'doing', 'since'])
    .distinctOn(['alert_id', 'user_id'])
    .where('user_id', '<>', userId)
    .where('seen_at', '>=', goneBefore(now))
    .orderBy('alert_id')
    .orderBy('user_id')
    .orderBy(sql`array_position(array['answering', 'deciding', 'reading'], doing)`)
    .execute()
  return rows.map((row) =>
    Presence.parse({
      alertId: row.alert_id,
      person: { id: row.user_id, name: row.name },
      doing: row.doing,
      since: iso(row.since),
    }),
  )
}

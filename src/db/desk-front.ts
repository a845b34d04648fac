import type { Queue } from '../contract/desk.ts'
import { Provider } from '../model/provider.ts'
import { iso, isoOrNull } from './jsonb.ts'
import type { Db } from './open.ts'
import { openSilences } from './source-watch.ts'

export async function providerNames(db: Db): Promise<{ id: string; name: string }[]> {
  const rows = await db.selectFrom('provider').select(['id', 'config']).orderBy('id').limit(1000).execute()
  return rows.map((row) => ({ id: row.id, name: Provider.parse(row.config).name }))
}

/** Proof that the feed is alive: the last message, and each door's own word. */
export async function feedOf(db: Db): Promise<Queue['feed']> {
  const last = await db
    .selectFrom('message')
    .leftJoin('provider', 'provider.id', 'message.provider_id')
    .select(['message.received_at', 'message.from_address', 'message.provider_id', 'provider.config'])
    .orderBy('message.received_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  const doors = await db
    .selectFrom('intake_position')
    .select(['door', 'state', 'says', 'last_success_at'])
    .orderBy('door')
    .limit(50)
    .execute()
  const silences = await openSilences(db)
  return {
    silent: silences.map(({ source, title, since, limitMinutes }) => ({ source, title, since, limitMinutes })),
    lastMessage: last === undefined ? null : { at: iso(last.received_at), from: senderOf(last) },
    doors: doors.map((door) => ({
      door: door.door,
      state: door.state,
      says: door.says,
      lastSuccessAt: isoOrNull(door.last_success_at),
    })),
  }
}

/** Their name, as on the page of providers; who is none of them, by address. */
function senderOf(last: {
  readonly config: unknown
  readonly provider_id: string | null
  readonly from_address: string | null
}): string {
  const named = Provider.safeParse(last.config)
  return named.success ? named.data.name : (last.provider_id ?? last.from_address ?? 'an unknown sender')
}

/** True when there is sample data on the desk, which every page then says. */
export async function anySample(db: Db): Promise<boolean> {
  const row = await db.selectFrom('alert').select('id').where('sample', '=', true).limit(1).executeTakeFirst()
  return row !== undefined
}

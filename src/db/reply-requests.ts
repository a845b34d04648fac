import { iso } from './jsonb.ts'
import type { Db } from './open.ts'

/** A request of an answer that goes through a provider's API, as far as it has come. One that was not begun has no row. */
type RequestRecord = {
  readonly n: number
  readonly tells: readonly string[]
  /** `telling`: it was begun, and no answer came (yet). */
  readonly state: 'telling' | 'taken'
  readonly at: string
}

export async function requestsOf(db: Db, replyId: string): Promise<RequestRecord[]> {
  const rows = await db.selectFrom('reply_request').selectAll().where('reply_id', '=', replyId).orderBy('n').execute()
  return rows.map(({ n, tells, state, at }) => ({ n, tells, state: state as RequestRecord['state'], at: iso(at) }))
}

/** Says that a request is begun: before it goes. */
export async function beginRequest(
  db: Db,
  replyId: string,
  request: { readonly n: number; readonly tells: readonly string[] },
  at: Date,
): Promise<void> {
  await db
    .insertInto('reply_request')
    .values({ reply_id: replyId, n: request.n, tells: [...request.tells], state: 'telling', at })
    .execute()
}

export async function takenRequest(db: Db, replyId: string, n: number, at: Date): Promise<void> {
  await db
    .updateTable('reply_request')
    .set({ state: 'taken', at })
    .where('reply_id', '=', replyId)
    .where('n', '=', n)
    .execute()
}

/** Forgets what was begun and not taken: it is known that nothing was done, or a person says that it is to be told again. */
export async function forgetOpenRequests(db: Db, replyId: string): Promise<void> {
  await db.deleteFrom('reply_request').where('reply_id', '=', replyId).where('state', '=', 'telling').execute()
}

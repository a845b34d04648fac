import { type Kysely, sql } from 'kysely'
import { replyRecord } from '../src/db/replies.ts'
import type { Tables } from '../src/db/tables.ts'
import { isTrouble } from '../src/kit/errors.ts'
import type { AnswerDesk } from '../src/playbooks/reply.ts'

/** What can happen to an answer, in whatever order. */
export const answerActs = [
  ...(['release', 'send', 'send-again', 'cancel', 'die', 'tamper', 'dry', 'live'] as const),
  ...(['arrived', 'lost', 'resend', 'raw'] as const),
] as const
export type AnswerAct = (typeof answerActs)[number]

/** What a step is refused with is right; anything that is no trouble of ours or of the record is a fault. */
export async function tryTo(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const known = isTrouble(error) || /nobody let these bytes leave|never changed|cannot go from/.test(String(error))
    if (!known) throw error
  }
}

/** Every provider at once: switched live, or not. */
export async function setDryRun(db: Kysely<Tables>, dryRun: boolean): Promise<void> {
  await sql`update provider set config = jsonb_set(config, '{dryRun}', ${JSON.stringify(dryRun)}::jsonb)`.execute(db)
}

/** Does it, or throws what it is refused with. */
export async function actOn(
  { db, desk, send }: { readonly db: Kysely<Tables>; readonly desk: AnswerDesk; readonly send: () => Promise<void> },
  replyId: string,
  what: AnswerAct,
): Promise<void> {
  const record = await replyRecord(db, replyId)
  const by = 'user:1'
  switch (what) {
    case 'release': {
      const verdicts = (record?.reply.spans ?? []).map((span) => ({
        spanId: span.id,
        verdict: 'redact' as const,
        keepReason: null,
      }))
      const version = await desk.review(replyId, verdicts, record?.reply.version ?? 0, by)
      await desk.release(replyId, version, by)
      return
    }
    case 'send':
    case 'send-again':
      return send()
    case 'cancel':
      return desk.cancel(replyId, by)
    case 'die':
      // The process took it and died before the server's answer was written down.
      await db
        .updateTable('reply')
        .set({ state: 'sending' })
        .where('id', '=', replyId)
        .where('state', '=', 'held')
        .execute()
      await sql`update egress set state = 'leaving' where reply_id = ${replyId} and state = 'released'`.execute(db)
      return
    case 'tamper':
      await sql`update reply set bytes = bytes || 'x'::bytea where id = ${replyId} and bytes is not null`.execute(db)
      return
    case 'dry':
      return setDryRun(db, true)
    case 'live':
      return setDryRun(db, false)
    case 'arrived':
      return desk.settleAs(replyId, 'was-sent', by, 'they said so')
    case 'lost':
      return desk.settleAs(replyId, 'was-not-sent', by, 'they said so')
    case 'resend':
      return desk.settleAs(replyId, 'resend', by, 'they never got it')
    case 'raw':
      await db.updateTable('reply').set({ state: 'sending' }).where('id', '=', replyId).execute()
  }
}

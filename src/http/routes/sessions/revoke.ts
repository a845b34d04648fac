import { may } from '../../../contract/permissions.ts'
import { notify } from '../../../db/live.ts'
import { transaction } from '../../../db/open.ts'
import { endSession } from '../../../db/sessions.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { topicOfUser } from '../../live-hub.ts'
import { serve } from '../../serve.ts'

/** One's own session; anybody's for who manages users. Somebody else's is "not found" to everybody else. */
export const revokeSession = serve('POST /api/sessions/:id/revoke', async ({ front, params, session, actor }) => {
  const me = session()
  await transaction(front.db, async (tx) => {
    const whose = await endSession(tx, params.id, may(me.user.role, 'user.manage') ? null : me.user.id)
    if (whose === null) throw new Trouble('not.found')
    await notify(tx, topicOfUser(whose))
    await append(
      tx,
      { kind: 'user.changed', actor: actor(), subject: `session:${params.id}`, body: { ended: true } },
      front.clock,
    )
  })
  return { done: true as const }
})

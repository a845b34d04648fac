import { may } from '../../../contract/permissions.ts'
import { transaction } from '../../../db/open.ts'
import { endSession } from '../../../db/sessions.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'

/** One's own session; anybody's for who manages users. Somebody else's is "not found" to everybody else. */
export const revokeSession = serve('POST /api/sessions/:id/revoke', async ({ front, params, session, actor }) => {
  const me = session()
  await transaction(front.db, async (tx) => {
    const ended = await endSession(tx, params.id, may(me.user.role, 'user.manage') ? null : me.user.id)
    if (!ended) throw new Trouble('not.found')
    await append(
      tx,
      { kind: 'user.changed', actor: actor(), subject: `session:${params.id}`, body: { ended: true } },
      front.clock,
    )
  })
  return { done: true as const }
})

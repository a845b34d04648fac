import { revokeInvitation } from '../../../db/invitations.ts'
import { transaction } from '../../../db/open.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

/** A link that was used meanwhile, or taken back by somebody else, is "not found": there is nothing left to take back. */
export const revokeOneInvitation = serve('POST /api/invitations/:id/revoke', async ({ front, params, actor }) => {
  await transaction(front.db, async (tx) => {
    const userId = known(await revokeInvitation(tx, params.id, front.clock.now()))
    await append(
      tx,
      { kind: 'user.changed', actor: actor(), subject: `user:${userId}`, body: { invitation: 'revoked' } },
      front.clock,
    )
  })
  return { done: true as const }
})

import { openInvitations } from '../../../db/invitations.ts'
import { namesOfActors } from '../../../db/users.ts'
import { serve } from '../../serve.ts'

export const showInvitations = serve('GET /api/invitations', async ({ front }) => {
  const open = await openInvitations(front.db, front.clock.now())
  const actorOf = (userId: string | null) => (userId === null ? null : `user:${userId}`)
  const nameOf = await namesOfActors(
    front.db,
    open.map(({ invitedBy }) => actorOf(invitedBy)),
  )
  return { invitations: open.map(({ invitedBy, ...rest }) => ({ ...rest, invitedBy: nameOf(actorOf(invitedBy)) })) }
})

import { serviceRoles } from '../../../contract/permissions.ts'
import { revokeInvitationsOf, revokePasskeyLinks } from '../../../db/invitations.ts'
import { notify } from '../../../db/live.ts'
import { transaction } from '../../../db/open.ts'
import { endSessionsOf } from '../../../db/sessions.ts'
import { activeAdministrators, changeUser, userById } from '../../../db/users.ts'
import { Trouble } from '../../../kit/errors.ts'
import { appendAll } from '../../../ledger/append.ts'
import type { Role } from '../../../model/user.ts'
import { topicOfUser } from '../../live-hub.ts'
import { known, serve } from '../../serve.ts'
import { providerFor } from './bound.ts'

/** The last administrator keeps role and account, or nobody could ever let anybody in again. A change ends the user's sessions. */
export const changeOneUser = serve('PATCH /api/users/:id', async ({ front, params, body, actor }) => {
  await transaction(front.db, async (tx) => {
    const losesRights = body.disabled === true || (body.role !== undefined && body.role !== 'administrator')
    const administrators = await activeAdministrators(tx)
    if (losesRights && administrators.length === 1 && administrators[0] === params.id) {
      throw new Trouble('state.conflict', { fields: { role: 'This is the last administrator' } })
    }
    const before = known(await userById(tx, params.id))
    if (before.kind === 'service' && before.providerId !== null && body.role !== undefined)
      throw new Trouble('input.invalid', { fields: { role: 'The systems of a provider stay at its door' } })
    const allowed: readonly Role[] = serviceRoles
    if (before.kind === 'service' && body.role !== undefined && !allowed.includes(body.role))
      throw new Trouble('input.invalid', { fields: { role: 'A program cannot have this role' } })
    const providerId = body.role === undefined ? null : await providerFor(tx, body.role, body.providerId)
    await changeUser(tx, params.id, { ...body, providerId })
    await endSessionsOf(tx, params.id)
    // An administrator who is sent away must not come back by an invitation made beforehand.
    const revoked = losesRights ? await revokeInvitationsOf(tx, params.id, front.clock.now()) : []
    // A link that waits must not open the account when it is opened again.
    if (body.disabled === true) await revokePasskeyLinks(tx, params.id, front.clock.now())
    await notify(tx, topicOfUser(params.id))
    const line = (id: string, said: Record<string, unknown>) =>
      ({ kind: 'user.changed', actor: actor(), subject: `user:${id}`, body: said }) as const
    await appendAll(
      tx,
      [line(params.id, { ...body }), ...revoked.map((id) => line(id, { invitation: 'revoked' }))],
      front.clock,
    )
  })
  return { done: true as const }
})

import { notify } from '../../../db/live.ts'
import { transaction } from '../../../db/open.ts'
import { endSessionsOf } from '../../../db/sessions.ts'
import { activeAdministrators, changeUser } from '../../../db/users.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { topicOfUser } from '../../live-hub.ts'
import { serve } from '../../serve.ts'

/** The last administrator keeps role and account, or nobody could ever let anybody in again. A change ends the user's sessions. */
export const changeOneUser = serve('PATCH /api/users/:id', async ({ front, params, body, actor }) => {
  await transaction(front.db, async (tx) => {
    const losesRights = body.disabled === true || (body.role !== undefined && body.role !== 'administrator')
    const administrators = await activeAdministrators(tx)
    if (losesRights && administrators.length === 1 && administrators[0] === params.id) {
      throw new Trouble('state.conflict', { fields: { role: 'This is the last administrator' } })
    }
    if (!(await changeUser(tx, params.id, body))) throw new Trouble('not.found')
    await endSessionsOf(tx, params.id)
    await notify(tx, topicOfUser(params.id))
    await append(
      tx,
      { kind: 'user.changed', actor: actor(), subject: `user:${params.id}`, body: { ...body } },
      front.clock,
    )
  })
  return { done: true as const }
})

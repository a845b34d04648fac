import { transaction } from '../../../db/open.ts'
import { addUser } from '../../../db/users.ts'
import { append } from '../../../ledger/append.ts'
import type { User } from '../../../model/user.ts'
import { serve } from '../../serve.ts'

/** The "address" of a program is none: no form of a sign-in takes it. */
const addressOf = (id: string): string => `service:${id}`

export const makeServiceAccount = serve('POST /api/service-accounts', async ({ front, body, actor }) => {
  const id = crypto.randomUUID()
  const user: User = {
    ...{ id, email: addressOf(id), name: body.name, role: body.role },
    createdAt: front.clock.now().toISOString(),
    disabled: false,
    kind: 'service',
    providerId: null,
  }
  await transaction(front.db, async (tx) => {
    await addUser(tx, user, { passwordHash: null, totpSealed: null, totpLastStep: 0 })
    await append(
      tx,
      {
        kind: 'service-account.created',
        actor: actor(),
        subject: `user:${id}`,
        body: { name: body.name, role: body.role },
      },
      front.clock,
    )
  })
  return { id }
})

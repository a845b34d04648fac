import type { Db } from '../../../db/open.ts'
import { useLink } from '../../../db/sessions.ts'
import { addUser } from '../../../db/users.ts'
import type { Clock } from '../../../kit/clock.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import type { User } from '../../../model/user.ts'
import type { LinkPayload } from '../../links.ts'

/** Makes the user of a link and uses the link up, in the caller's transaction. An invitation is for the address it was made for. */
export async function makeUser(
  tx: Db,
  clock: Clock,
  token: string,
  payload: LinkPayload,
  who: { readonly email: string; readonly name: string },
  secrets: Parameters<typeof addUser>[2],
): Promise<User> {
  if (payload.email !== null && payload.email !== who.email) {
    throw new Trouble('input.invalid', { fields: { email: `This invitation is for ${payload.email}` } })
  }
  const now = clock.now()
  const user: User = {
    id: payload.userId,
    email: who.email,
    name: who.name,
    role: payload.role,
    createdAt: now.toISOString(),
    disabled: false,
    kind: 'person',
    providerId: payload.providerId,
  }
  if (!(await useLink(tx, token, now))) throw new Trouble('link.over')
  if (!(await addUser(tx, user, secrets)))
    throw new Trouble('input.invalid', { fields: { email: 'Somebody signs in with this address already' } })
  await append(
    tx,
    { kind: 'user.created', actor: `user:${user.id}`, subject: `user:${user.id}`, body: { role: user.role } },
    clock,
  )
  return user
}

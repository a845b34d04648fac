import { keysOfAccountLivingMax } from '../../../contract/access.ts'
import { scopesOf } from '../../../contract/permissions.ts'
import { addApiKey, livingKeysOf } from '../../../db/api-keys.ts'
import { transaction } from '../../../db/open.ts'
import { userById } from '../../../db/users.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

const dayMs = 24 * 3600_000

export const makeApiKey = serve('POST /api/service-accounts/:id/keys', async ({ front, params, body, actor }) => {
  const now = front.clock.now()
  const expiresAt = new Date(now.getTime() + body.days * dayMs)
  const scopes = [...new Set(body.scopes)]
  const made = await transaction(front.db, async (tx) => {
    const living = known(await livingKeysOf(tx, params.id, now))
    if (living >= keysOfAccountLivingMax) throw new Trouble('state.conflict', { keys: living })
    const allowed = scopesOf(known(await userById(tx, params.id)).role)
    const over = scopes.filter((scope) => !allowed.includes(scope))
    if (over.length > 0)
      throw new Trouble('input.invalid', { fields: { scopes: `Its role may not: ${over.join(', ')}` } })
    const key = { accountId: params.id, name: body.name, scopes, allowFrom: body.allowFrom, expiresAt, by: actor() }
    const fresh = await addApiKey(tx, key, now)
    const said = { key: fresh.id, prefix: fresh.prefix, scopes, allowFrom: body.allowFrom, expiresAt }
    await append(
      tx,
      { kind: 'api-key.made', actor: actor(), subject: `user:${params.id}`, body: { ...said, name: body.name } },
      front.clock,
    )
    return fresh
  })
  return { ...made, expiresAt: expiresAt.toISOString() }
})

import { revokeApiKey } from '../../../db/api-keys.ts'
import { transaction } from '../../../db/open.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

export const revokeOneApiKey = serve('POST /api/api-keys/:id/revoke', async ({ front, params, actor }) => {
  await transaction(front.db, async (tx) => {
    const account = known(await revokeApiKey(tx, params.id, front.clock.now()))
    await append(
      tx,
      { kind: 'api-key.revoked', actor: actor(), subject: `user:${account}`, body: { key: params.id } },
      front.clock,
    )
  })
  return { done: true as const }
})

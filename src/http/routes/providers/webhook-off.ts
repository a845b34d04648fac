import { transaction } from '../../../db/open.ts'
import { removeWebhook } from '../../../db/webhooks.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'

export const shutWebhook = serve('DELETE /api/providers/:id/webhook', async ({ front, params, actor }) => {
  await transaction(front.db, async (tx) => {
    if (!(await removeWebhook(tx, params.id))) throw new Trouble('not.found')
    await append(
      tx,
      { kind: 'provider.changed', actor: actor(), subject: `provider:${params.id}`, body: { webhook: null } },
      front.clock,
    )
  })
  return { done: true as const }
})

import { transaction } from '../../../db/open.ts'
import { renewIntakeKey } from '../../../db/providers.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

export const newIntakeKey = serve('POST /api/providers/:id/key', async ({ front, params, actor }) => ({
  key: await transaction(front.db, async (tx) => {
    const key = known(await renewIntakeKey(tx, params.id, front.clock.now()))
    await append(
      tx,
      { kind: 'provider.changed', actor: actor(), subject: `provider:${params.id}`, body: { intakeKey: 'renewed' } },
      front.clock,
    )
    return key
  }),
}))

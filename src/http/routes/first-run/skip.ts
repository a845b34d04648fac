import { transaction } from '../../../db/open.ts'
import { saveSetting } from '../../../db/settings.ts'
import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'

export const skipFirstSteps = serve('PUT /api/first-run/skipped', async ({ front, body, actor }) => {
  await transaction(front.db, async (tx) => {
    await saveSetting(tx, 'first-run-skipped', body.steps, actor(), front.clock.now())
    await append(
      tx,
      { kind: 'setting.changed', actor: actor(), subject: 'settings', body: { firstRunSkipped: body.steps } },
      front.clock,
    )
  })
  return { done: true as const }
})

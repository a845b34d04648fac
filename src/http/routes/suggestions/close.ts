import { notify } from '../../../db/live.ts'
import { transaction } from '../../../db/open.ts'
import { closeSuggestion } from '../../../db/suggestions.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

export const closeOneSuggestion = serve('POST /api/suggestions/:id/close', async ({ front, params, body, actor }) => {
  await transaction(front.db, async (tx) => {
    const alertId = known(await closeSuggestion(tx, params.id, body.as, actor(), front.clock.now()))
    await append(
      tx,
      {
        kind: 'suggestion.closed',
        actor: actor(),
        subject: `alert:${alertId}`,
        body: { suggestion: params.id, as: body.as },
      },
      front.clock,
    )
    await notify(tx, `alert:${alertId}`)
  })
  return { done: true as const }
})

import { notify } from '../../../db/live.ts'
import { transaction } from '../../../db/open.ts'
import { addSuggestion } from '../../../db/suggestions.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'

/** Changes nothing of the alert: it stands beside it until a person takes it up or puts it away. */
export const makeSuggestion = serve('POST /api/alerts/:id/suggestions', async ({ front, params, body, actor }) =>
  transaction(front.db, async (tx) => {
    const made = await addSuggestion(tx, { ...body, alertId: params.id, by: actor() }, front.clock.now())
    if (made === 'no-alert') throw new Trouble('not.found')
    if (made === 'too-many') throw new Trouble('state.conflict', { fields: { text: 'Too many suggestions are open' } })
    if (made === 'cites')
      throw new Trouble('input.invalid', { fields: { cites: 'Not all are findings of this alert' } })
    await append(
      tx,
      {
        kind: 'suggestion.made',
        actor: actor(),
        subject: `alert:${params.id}`,
        body: { suggestion: made.id, outcome: body.outcome, cites: body.cites },
      },
      front.clock,
    )
    await notify(tx, `alert:${params.id}`)
    return made
  }),
)

import { append } from '../../../ledger/append.ts'
import { askerGone } from '../../asker-gone.ts'
import { known, serve } from '../../serve.ts'

/** The lines around an event need not be such as the search found: looking at them is a look of its own. */
export const showContext = serve('GET /api/lake/events/:id/context', async ({ front, params, query, reply, actor }) => {
  const context = known(await front.logs.context(params.id, query.lines, askerGone(reply)))
  await append(
    front.db,
    {
      kind: 'logs.searched',
      actor: actor(),
      subject: `event:${params.id}`,
      body: { around: params.id, source: context.event.source, lines: query.lines },
    },
    front.clock,
  )
  return context
})

import { append } from '../../../ledger/append.ts'
import { askerGone } from '../../asker-gone.ts'
import { serve } from '../../serve.ts'

/**
 * Logs say who did what when: whoever searches them reads personal data, so that the ledger has the query and the time before the first
 * line is shown. Further pages of the same search add nothing to that.
 */
export const searchLogs = serve('POST /api/lake/search', async ({ front, body, reply, actor }) => {
  const { q, from, to, sources } = body
  if (body.after === null) {
    const line = {
      kind: 'logs.searched' as const,
      actor: actor(),
      subject: 'logs',
      body: { query: q, from, to, ...(sources.length === 0 ? {} : { sources }) },
    }
    await append(front.db, line, front.clock)
  }
  return front.logs.search(body, askerGone(reply))
})

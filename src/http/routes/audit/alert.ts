import { chainOf, sayAudit } from '../../../db/audit-room.ts'
import { known, serve } from '../../serve.ts'

export const showAuditChain = serve('GET /api/audit/alerts/:id', async ({ front, params }) =>
  known(await chainOf(front.db, params.id)),
)

export const sayAuditRemark = serve('POST /api/audit/alerts/:id/remarks', async ({ front, params, body, actor }) => {
  known((await sayAudit(front.db, { ...body, alertId: params.id, by: actor() }, front.clock)) || null)
  return { done: true as const }
})

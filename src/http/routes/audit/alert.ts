import type { AuditChain } from '../../../contract/audit.ts'
import { chainOf, sayAudit } from '../../../db/audit-room.ts'
import { known, serve } from '../../serve.ts'

export const showAuditChain = serve('GET /api/audit/alerts/:id', async ({ front, params }) =>
  named(known(await chainOf(front.db, params.id)), front.work.formats),
)

/** Formats by their titles; one that was taught has the name it was given. */
function named(chain: AuditChain, formats: readonly { readonly id: string; readonly title: string }[]): AuditChain {
  const messages = chain.messages.map((one) => ({
    ...one,
    reader: formats.find(({ id }) => id === one.reader)?.title ?? one.reader,
  }))
  return { ...chain, messages }
}

export const sayAuditRemark = serve('POST /api/audit/alerts/:id/remarks', async ({ front, params, body, actor }) => {
  known((await sayAudit(front.db, { ...body, alertId: params.id, by: actor() }, front.clock)) || null)
  return { done: true as const }
})

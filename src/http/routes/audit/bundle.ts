import { drawSample } from '../../../db/audit-room.ts'
import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'
import { streamExport } from '../../stream-export.ts'

export const downloadAuditBundle = serve('GET /api/audit/bundle', async ({ front, query, reply, actor, may }) => {
  const { rows } = await drawSample(front.db, query)
  const numbers = rows.map((row) => row.number)
  const line = { scope: 'sample', ...query, alerts: numbers.length }
  await append(front.db, { kind: 'ledger.exported', actor: actor(), subject: 'ledger', body: line }, front.clock)
  const scope = { kind: 'alerts' as const, numbers, drawn: query }
  const messages = may('message.download')
  return streamExport(reply, front.log, 'counterfoil-audit-sample.jsonl', (write) =>
    front.work.exportLedger(write, { scope, attach: { replies: true, messages } }),
  )
})

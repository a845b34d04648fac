import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'
import { streamExport } from '../../stream-export.ts'

export const exportTheLedger = serve('GET /api/ledger/export', async ({ front, reply, actor }) => {
  const day = front.clock.now().toISOString().slice(0, 10)
  await append(
    front.db,
    { kind: 'ledger.exported', actor: actor(), subject: 'ledger', body: { scope: 'all' } },
    front.clock,
  )
  return streamExport(reply, front.log, `counterfoil-ledger-${day}.jsonl`, (write) => front.work.exportLedger(write))
})

import { egressRowsMax } from '../../../contract/egress.ts'
import { listEgress } from '../../../db/egress.ts'
import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'
import { streamExport } from '../../stream-export.ts'

export const exportEgress = serve('GET /api/egress/export', async ({ front, reply, actor }) => {
  const day = front.clock.now().toISOString().slice(0, 10)
  const line = { kind: 'ledger.exported', actor: actor(), subject: 'egress', body: { scope: 'egress' } } as const
  await append(front.db, line, front.clock)
  return streamExport(reply, front.log, `counterfoil-what-left-${day}.jsonl`, async (write) => {
    for (let before: string | undefined; ; ) {
      const rows = await listEgress(front.db, before === undefined ? {} : { before }, egressRowsMax)
      for (const row of rows.slice(0, egressRowsMax)) await write(`${JSON.stringify(row)}\n`)
      const last = rows[egressRowsMax - 1]
      if (rows.length <= egressRowsMax || last === undefined) return
      before = `${last.releasedAt} ${last.id}`
    }
  })
})

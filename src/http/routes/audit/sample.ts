import { drawSample } from '../../../db/audit-room.ts'
import { append } from '../../../ledger/append.ts'
import { wilson } from '../../../measure/wilson.ts'
import { serve } from '../../serve.ts'

export const showAuditSample = serve('GET /api/audit/sample', async ({ front, query }) => {
  const { population, rows } = await drawSample(front.db, query)
  const count = (conclusion: string): number => rows.filter((row) => row.said?.conclusion === conclusion).length
  const supported = count('agree')
  const of = supported + count('not-supported')
  return { population, rows, quality: { supported, of, remarks: count('remark'), interval: wilson(supported, of) } }
})

/** Each draw is on record: who draws until a sample pleases leaves a trace of every try. */
export const drawAuditSample = serve('POST /api/audit/sample', async ({ front, body, actor }) => {
  const { population } = await drawSample(front.db, body)
  await append(
    front.db,
    { kind: 'audit.drawn', actor: actor(), subject: 'ledger', body: { ...body, population } },
    front.clock,
  )
  return { done: true as const }
})

import { countOpen } from '../../../db/vulnerability-count.ts'
import { sayWord, withdrawWord } from '../../../db/vulnerability-front.ts'
import { Trouble } from '../../../kit/errors.ts'
import { loadDecisionTable } from '../../../playbooks/decision-table.ts'
import { serve } from '../../serve.ts'

export const sayAboutCve = serve('POST /api/vulnerabilities/words', async ({ front, body, actor }) => {
  if (body.until !== null && new Date(body.until) <= front.clock.now())
    throw new Trouble('input.invalid', { until: body.until, problem: 'lies in the past' })
  const id = await sayWord(front.db, { ...body, by: actor() }, front.clock)
  await countOpen(front.db, await loadDecisionTable(), front.clock, body.cve)
  return { id }
})

export const withdrawAboutCve = serve('DELETE /api/vulnerabilities/words/:id', async ({ front, params, actor }) => {
  const cve = await withdrawWord(front.db, params.id, actor(), front.clock)
  await countOpen(front.db, await loadDecisionTable(), front.clock, cve)
  return { done: true as const }
})

import { transaction } from '../../../db/open.ts'
import { saveSetting } from '../../../db/settings.ts'
import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'

export const savePrecedence = serve('PUT /api/source-precedence', async ({ front, body, actor }) => {
  const precedence = [...new Set(body.precedence)]
  await transaction(front.db, async (tx) => {
    await saveSetting(tx, 'source-precedence', precedence, actor(), front.clock.now())
    const line = { kind: 'setting.changed' as const, actor: actor(), subject: 'settings', body: { precedence } }
    await append(tx, line, front.clock)
  })
  return { done: true as const }
})

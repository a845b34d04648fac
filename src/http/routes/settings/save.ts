import { transaction } from '../../../db/open.ts'
import { saveSetting } from '../../../db/settings.ts'
import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'

export const saveSettings = serve('PUT /api/settings', async ({ front, body, actor }) => {
  await transaction(front.db, async (tx) => {
    const now = front.clock.now()
    await saveSetting(
      tx,
      'own-domains',
      body.ownDomains.map((domain) => domain.trim().toLowerCase()),
      actor(),
      now,
    )
    await saveSetting(tx, 'reply-hold-seconds', body.replyHoldSeconds, actor(), now)
    await append(tx, { kind: 'setting.changed', actor: actor(), subject: 'settings', body: { ...body } }, front.clock)
  })
  return { done: true as const }
})

import { transaction } from '../../../db/open.ts'
import { saveSetting } from '../../../db/settings.ts'
import { isDomain } from '../../../kit/domain.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { serve } from '../../serve.ts'

export const saveSettings = serve('PUT /api/settings', async ({ front, body, actor }) => {
  const ownDomains = body.ownDomains.map((domain) => domain.trim().toLowerCase())
  const bad = ownDomains.find((domain) => !isDomain(domain))
  if (bad !== undefined) throw new Trouble('input.invalid', { fields: { ownDomains: `${bad} is no domain` } })
  await transaction(front.db, async (tx) => {
    const now = front.clock.now()
    await saveSetting(tx, 'own-domains', ownDomains, actor(), now)
    await saveSetting(tx, 'reply-hold-seconds', body.replyHoldSeconds, actor(), now)
    if (body.releaseSigning !== undefined) await saveSetting(tx, 'release-signing', body.releaseSigning, actor(), now)
    if (body.secondWait !== undefined) await saveSetting(tx, 'second-wait', body.secondWait, actor(), now)
    await append(
      tx,
      { kind: 'setting.changed', actor: actor(), subject: 'settings', body: { ...body, ownDomains } },
      front.clock,
    )
  })
  return { done: true as const }
})

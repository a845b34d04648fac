import { retireOwnMailKey } from '../../../db/mail-keys.ts'
import { transaction } from '../../../db/open.ts'
import { append } from '../../../ledger/append.ts'
import { takeOwnKey } from '../../../playbooks/mail-keys.ts'
import { known, serve } from '../../serve.ts'

export const addOwnKey = serve('POST /api/mail-keys', async ({ front, body, actor }) =>
  takeOwnKey(front, body, actor()),
)

export const retireOwnKey = serve('POST /api/mail-keys/:id/retire', async ({ front, params, actor }) => {
  await transaction(front.db, async (tx) => {
    const fingerprint = known(await retireOwnMailKey(tx, params.id, front.clock.now()))
    const line = { actor: actor(), subject: `mail-key:${params.id}`, body: { fingerprint } }
    await append(tx, { kind: 'mail-key.retired', ...line }, front.clock)
  })
  return { done: true as const }
})

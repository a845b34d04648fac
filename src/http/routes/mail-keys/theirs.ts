import { removeTheirMailKey } from '../../../db/mail-keys.ts'
import { transaction } from '../../../db/open.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { takeTheirKey } from '../../../playbooks/mail-keys.ts'
import { serve } from '../../serve.ts'

export const addTheirKey = serve('POST /api/providers/:id/mail-keys', async ({ front, params, body, actor }) =>
  takeTheirKey(front, { providerId: params.id, publicText: body.publicText }, actor()),
)

export const removeTheirKey = serve(
  'DELETE /api/providers/:id/mail-keys/:fingerprint',
  async ({ front, params, actor }) => {
    const { id, fingerprint } = params
    await transaction(front.db, async (tx) => {
      if (!(await removeTheirMailKey(tx, id, fingerprint))) throw new Trouble('not.found')
      const line = { actor: actor(), subject: `provider:${id}`, body: { mailKey: 'removed', fingerprint } }
      await append(tx, { kind: 'provider.changed', ...line }, front.clock)
    })
    return { done: true as const }
  },
)

import { transaction } from '../../../db/open.ts'
import { providerById } from '../../../db/providers.ts'
import { saveWebhook } from '../../../db/webhooks.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

export const changeWebhook = serve('PUT /api/providers/:id/webhook', async ({ front, params, body, actor }) => ({
  version: await transaction(front.db, async (tx) => {
    known(await providerById(tx, params.id))
    const version = await saveWebhook(tx, params.id, body.scheme, body.version, front.clock.now())
    if (version === null) throw new Trouble('state.conflict', { provider: params.id })
    await append(
      tx,
      {
        kind: 'provider.changed',
        actor: actor(),
        subject: `provider:${params.id}`,
        body: { webhook: body.scheme, version },
      },
      front.clock,
    )
    return version
  }),
}))

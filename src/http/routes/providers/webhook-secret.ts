import { randomUUID } from 'node:crypto'
import { transaction } from '../../../db/open.ts'
import { addWebhookSecret, webhookOf } from '../../../db/webhooks.ts'
import { seal } from '../../../kit/seal.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

/** Theirs is taken and never told again; one of ours is shown in this answer only. */
export const newWebhookSecret = serve(
  'POST /api/providers/:id/webhook/secret',
  async ({ front, params, body, actor }) => {
    const now = front.clock.now()
    const { webhooks } = front.work
    const providerId = params.id
    return transaction(front.db, async (tx) => {
      const { scheme } = known(await webhookOf(tx, providerId, now))
      if (body.secret !== null) webhooks.checkSecret(scheme, body.secret)
      const secret = body.secret ?? webhooks.newSecret(scheme)
      const sealed = seal(front.sealKey, secret, `webhook:${providerId}`)
      const othersUntil = new Date(now.getTime() + body.othersHours * 3_600_000)
      await addWebhookSecret(tx, { id: randomUUID(), providerId, sealed }, now, othersUntil)
      await append(
        tx,
        {
          kind: 'provider.changed',
          actor: actor(),
          subject: `provider:${providerId}`,
          body: { webhookSecret: body.secret === null ? 'made' : 'taken', othersUntil: othersUntil.toISOString() },
        },
        front.clock,
      )
      return { secret: body.secret === null ? secret : null }
    })
  },
)

import { transaction } from '../../../db/open.ts'
import { saveProvider } from '../../../db/providers.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { checkProvider } from '../../../playbooks/check-provider.ts'
import { serve } from '../../serve.ts'

export const changeProvider = serve('PUT /api/providers/:id', async ({ front, params, body, actor }) => {
  checkProvider(
    body.provider,
    params.id,
    front.work.formats.map((format) => format.id),
  )
  const version = await transaction(front.db, async (tx) => {
    const saved = await saveProvider(tx, body.provider, body.version, front.clock.now())
    if (saved === null) throw new Trouble('state.conflict', { provider: params.id })
    await append(
      tx,
      {
        kind: 'provider.changed',
        actor: actor(),
        subject: `provider:${params.id}`,
        body: { version: saved, config: body.provider },
      },
      front.clock,
    )
    return saved
  })
  return { version }
})

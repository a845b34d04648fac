import { systemsOfProvider } from '../../../db/api-keys.ts'
import { transaction } from '../../../db/open.ts'
import { doorOf, doorTrail, saveDoor } from '../../../db/provider-door.ts'
import { providerById } from '../../../db/providers.ts'
import { Trouble } from '../../../kit/errors.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

export const showDoor = serve('GET /api/providers/:id/door', async ({ front, params }) => {
  known(await providerById(front.db, params.id))
  const [door, trail, systems] = await Promise.all([
    doorOf(front.db, params.id),
    doorTrail(front.db, params.id),
    systemsOfProvider(front.db, params.id),
  ])
  return { ...door, ranges: [...door.ranges], keys: systems?.keys ?? [], trail }
})

export const changeDoor = serve('PUT /api/providers/:id/door', async ({ front, params, body, actor }) => ({
  version: await transaction(front.db, async (tx) => {
    known(await providerById(tx, params.id))
    const version = await saveDoor(tx, params.id, body, actor(), front.clock.now())
    if (version === null) throw new Trouble('state.conflict', { provider: params.id })
    const { ranges, requestsPerDay } = body
    const line = {
      actor: actor(),
      subject: `provider:${params.id}`,
      body: { door: { ranges, requestsPerDay }, version },
    }
    await append(tx, { kind: 'provider.changed', ...line }, front.clock)
    return version
  }),
}))

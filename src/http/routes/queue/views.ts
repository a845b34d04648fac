import { transaction } from '../../../db/open.ts'
import { deleteQueueView, queueViews, writeQueueView } from '../../../db/queue-views.ts'
import { append } from '../../../ledger/append.ts'
import { known, serve } from '../../serve.ts'

export const showQueueViews = serve('GET /api/queue/views', async ({ front }) => ({
  views: await queueViews(front.db),
}))

export const saveQueueView = serve('PUT /api/queue/views/:id', async ({ front, params, body, actor }) => {
  const { db, clock } = front
  const by = actor()
  const version = await transaction(db, async (tx) => {
    const saved = await writeQueueView(tx, { id: params.id, ...body }, { by, at: clock.now() })
    const line = { name: body.name, search: body.search, version: saved }
    await append(tx, { kind: 'view.saved', actor: by, subject: `view:${params.id}`, body: line }, clock)
    return saved
  })
  return { version }
})

export const removeQueueView = serve('DELETE /api/queue/views/:id', async ({ front, params, actor }) => {
  const by = actor()
  await transaction(front.db, async (tx) => {
    const name = known(await deleteQueueView(tx, params.id))
    await append(tx, { kind: 'view.removed', actor: by, subject: `view:${params.id}`, body: { name } }, front.clock)
  })
  return { done: true as const }
})

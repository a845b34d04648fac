import { serve } from '../../serve.ts'

export const writeNote = serve('POST /api/notes', ({ front, body, actor }) =>
  front.work.memory.writeNote({ draft: body, by: actor() }),
)

export const removeNote = serve('POST /api/notes/:id/remove', async ({ front, params, body, actor }) => {
  await front.work.memory.removeNote({ id: params.id, alertId: body.alertId, by: actor() })
  return { done: true as const }
})

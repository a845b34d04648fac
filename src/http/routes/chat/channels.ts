import { serve } from '../../serve.ts'

export const listChannels = serve('GET /api/chat', async ({ front }) => ({ channels: await front.work.chat.cards() }))

export const saveChannel = serve('PUT /api/chat/:id', async ({ front, params, body, actor }) => ({
  version: await front.work.chat.save({ ...body, id: params.id }, actor()),
}))

export const removeChannel = serve('DELETE /api/chat/:id', async ({ front, params, actor }) => {
  await front.work.chat.remove(params.id, actor())
  return { done: true as const }
})

export const testChannel = serve('POST /api/chat/:id/test', ({ front, params, actor }) =>
  front.work.chat.test(params.id, actor()),
)

import { serve } from '../../serve.ts'

export const streamLive = serve('GET /api/live', async ({ request, reply, session }) => {
  await request.server.live.add(session(), reply)
  return reply
})

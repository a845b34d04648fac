import { serve } from '../../serve.ts'

export const showOpenApi = serve('GET /api/openapi.json', async ({ request, reply }) =>
  reply.send(request.server.swagger()),
)

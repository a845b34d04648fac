import { livingLink } from '../../links.ts'
import { serve } from '../../serve.ts'

export const lookAtLink = serve('POST /api/welcome', async ({ front, body }) => {
  const { purpose, payload, expiresAt } = await livingLink(front.db, front.clock, body.token)
  return { purpose, email: payload.email, role: payload.role, expiresAt }
})

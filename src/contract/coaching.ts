import { z } from 'zod'
import { TurningPoint } from '../model/triage.ts'
import { Done, endpoint } from './endpoint.ts'

export const coachingApi = {
  'GET /api/alerts/:id/turning-points': endpoint({
    permission: 'desk.see',
    says: 'Which open questions would change what is proposed, and by which answer; the next best question first',
    params: z.object({ id: z.uuid() }),
    answer: z.object({ points: z.array(TurningPoint) }),
  }),
  'POST /api/me/coaching': endpoint({
    permission: 'self.manage',
    says: 'Switch the explanations on the pages on or off, for me',
    body: z.object({ on: z.boolean() }),
    answer: Done,
  }),
} as const

import { teach } from '../../../playbooks/teaching.ts'
import { serve } from '../../serve.ts'

export const teachReader = serve('POST /api/teach/:id', async ({ front, params, body }) =>
  teach(front.db, params.id, body),
)

import { keepReader } from '../../../playbooks/teaching.ts'
import { serve } from '../../serve.ts'

export const saveReader = serve('PUT /api/readers/:id', async ({ front, params, body, actor }) => ({
  version: await keepReader(front, { id: params.id, ...body }, actor()),
}))

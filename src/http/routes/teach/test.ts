import { testYaml } from '../../../playbooks/teaching.ts'
import { serve } from '../../serve.ts'

export const testReader = serve('POST /api/teach/:id/test', async ({ front, params, body }) =>
  testYaml(front.db, params.id, body.yaml),
)

import { serve } from '../../serve.ts'

export const removePlaybook = serve('DELETE /api/playbooks/:id', async ({ front, params, actor }) => {
  await front.work.playbooks.remove({ id: params.id, by: actor() })
  return { done: true as const }
})

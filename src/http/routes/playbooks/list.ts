import { serve } from '../../serve.ts'

export const showPlaybooks = serve('GET /api/playbooks', async ({ front }) => ({
  playbooks: [...(await front.work.playbooks.list())],
}))

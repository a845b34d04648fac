import { serve } from '../../serve.ts'

export const importPlaybook = serve('POST /api/playbooks', async ({ front, body, actor }) => ({
  id: await front.work.playbooks.importText({ text: body.text, by: actor() }),
}))

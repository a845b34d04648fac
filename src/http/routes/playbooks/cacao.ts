import { serve } from '../../serve.ts'

/** A download: the document may hold anything, so no browser opens it as a page. */
export const exportCacao = serve('GET /api/playbooks/:id/cacao', async ({ front, params, reply }) => {
  const text = await front.work.playbooks.cacao(params.id)
  const name = params.id.replaceAll(/[^a-z0-9-]/g, '_')
  return reply
    .header('content-type', 'application/octet-stream')
    .header('content-disposition', `attachment; filename="${name}.cacao.json"`)
    .header('x-content-type-options', 'nosniff')
    .send(text)
})

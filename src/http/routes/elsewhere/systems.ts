import { serve } from '../../serve.ts'

export const listSystems = serve('GET /api/elsewhere', ({ front }) => front.work.elsewhere.cards())

export const saveSystem = serve('PUT /api/elsewhere/:id', async ({ front, params, body, actor }) => ({
  version: await front.work.elsewhere.save({ ...body, id: params.id }, actor()),
}))

export const removeSystem = serve('DELETE /api/elsewhere/:id', async ({ front, params, actor }) => {
  await front.work.elsewhere.remove(params.id, actor())
  return { done: true as const }
})

export const testSystem = serve('POST /api/elsewhere/:id/test', ({ front, params, actor }) =>
  front.work.elsewhere.test(params.id, actor()),
)

export const reconcileSystem = serve('POST /api/elsewhere/:id/reconcile', ({ front, params, body, actor }) =>
  front.work.elsewhere.reconcile(params.id, { mend: body.mend, by: actor() }),
)

import { serve } from '../../serve.ts'

export const retireExpectation = serve('POST /api/expectations/:id/retire', async ({ front, params, body, actor }) => {
  await front.work.memory.retire({ id: params.id, by: actor(), reason: body.reason })
  return { done: true as const }
})

export const renewExpectation = serve('POST /api/expectations/:id/renew', async ({ front, params, body, actor }) => {
  await front.work.memory.renew({ id: params.id, by: actor(), days: body.days })
  return { done: true as const }
})

export const letExpectationDecide = serve(
  'POST /api/expectations/:id/decides',
  async ({ front, params, body, session, actor }) => {
    await front.work.memory.letDecide({ id: params.id, by: actor(), userId: session().user.id, decides: body.decides })
    return { done: true as const }
  },
)

export const changeExpectation = serve('POST /api/expectations/:id/change', ({ front, params, body, actor }) =>
  front.work.memory.changeCondition({ id: params.id, by: actor(), ...body }),
)

import { serve } from '../../serve.ts'

export const mailThePack = serve('POST /api/packs/:id/:version/mail', async ({ front, params, actor }) => ({
  egressId: await front.work.pack.mail(params.id, params.version, actor()),
}))

export const withdrawPackMail = serve('POST /api/egress/:id/withdraw', async ({ front, params, actor }) => {
  await front.work.pack.withdraw(params.id, actor())
  return { done: true as const }
})

export const settlePackMail = serve('POST /api/egress/:id/settle', async ({ front, params, body, actor }) => {
  await front.work.pack.settle(params.id, body.arrived, body.reason, actor())
  return { done: true as const }
})

import { previewOf } from '../../../playbooks/memory/expectations.ts'
import { tuningNow } from '../../../playbooks/memory/tuning-now.ts'
import { known, serve } from '../../serve.ts'

export const showTuning = serve('GET /api/tuning', async ({ front }) => ({
  rows: [...(await tuningNow(front.db, 'all', front.clock.now()))],
}))

export const sayOfTuning = serve('POST /api/tuning/:id/state', async ({ front, params, body, actor }) => {
  const { state, note, dueAt } = body
  const due = dueAt === null ? null : new Date(dueAt)
  await front.work.memory.sayOfTuning({ id: params.id, state, note, dueAt: due, by: actor() })
  return { done: true as const }
})

export const tryTuningChange = serve('POST /api/tuning/:id/try', ({ front, params, body }) =>
  front.work.memory.tryChange(params.id, body),
)

export const proposeTuningChange = serve('POST /api/tuning/:id/change', ({ front, params, body, actor }) =>
  front.work.memory.proposeChange({ id: params.id, change: body, by: actor() }),
)

export const previewTuning = serve('GET /api/tuning/:id/preview', async ({ front, params }) => {
  const now = front.clock.now()
  const request = known((await tuningNow(front.db, { id: params.id }, now))[0])
  const { providerId: provider, rule, entity: host, sample } = request
  const scope = { provider, rule, host, account: null, range: null }
  return previewOf(front.db, { scope, condition: '', outcome: 'tune' }, sample, now)
})

import { serve } from '../../serve.ts'

export const snoozeAlerts = serve('POST /api/queue/snooze', async ({ front, body, actor }) => {
  const until = body.until === null ? null : new Date(body.until)
  await front.work.arrange.snooze({ ...body, until, by: actor() })
  return { done: true as const }
})

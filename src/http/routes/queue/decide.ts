import { serve } from '../../serve.ts'
import { summaryOf } from '../../summary.ts'

export const previewDecisions = serve('POST /api/queue/decide/preview', async ({ front, body }) => ({
  alerts: (await front.work.decideMany.preview(body)).map((one) => ({
    ...one,
    cites: one.cites.map((finding) => ({ id: finding.id, kind: finding.kind, says: summaryOf(finding) })),
  })),
}))

export const decideAlerts = serve('POST /api/queue/decide', async ({ front, body, actor }) =>
  front.work.decideMany.decide({ ...body, by: actor() }),
)

export const undoDecisions = serve('POST /api/queue/decide/undo', async ({ front, body, actor }) => ({
  undone: await front.work.decideMany.undo({ batchId: body.batchId, by: actor() }),
}))

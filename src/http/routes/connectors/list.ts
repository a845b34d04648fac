import { connectorCounts } from '../../../db/house-front.ts'
import { questions, rungTitles } from '../../../model/question.ts'
import { serve } from '../../serve.ts'

export const showConnectors = serve('GET /api/connectors', async ({ front }) => {
  const [connectors, counts] = await Promise.all([front.work.connectors(), connectorCounts(front.db)])
  return {
    connectors: connectors.map(({ connector, health }) => {
      const count = counts.get(connector.id)
      return {
        id: connector.id,
        title: connector.title,
        scope: connector.scope,
        answers: connector.answers.map((question) => ({
          question,
          title: questions[question].title,
          rung: rungTitles[questions[question].rung],
        })),
        limits: {
          ...connector.limits,
          perMinute: Number.isFinite(connector.limits.perMinute) ? connector.limits.perMinute : null,
        },
        state: health.state,
        says: health.says,
        // What was answered is the news; a list that was imported long ago answers today.
        lastSuccess: count?.lastSuccess ?? health.lastSuccess,
        asked: count?.asked ?? 0,
        failed: count?.failed ?? 0,
      }
    }),
  }
})

import { rungs, rungTitles } from '../../../model/question.ts'
import { serve } from '../../serve.ts'

export const showConnectors = serve('GET /api/connectors', async ({ front }) => ({
  connectors: await front.work.connectors.cards(),
  rungs: rungs.map((rung) => ({ rung, title: rungTitles[rung] })),
}))

export const showConnectorKinds = serve('GET /api/connector-kinds', async ({ front }) => ({
  kinds: [...front.work.connectors.kinds],
}))

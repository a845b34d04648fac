import { detectionsLooked, ruleStates } from '../../../db/detections.ts'
import { serve } from '../../serve.ts'

/** From the record, so that it can be read while the log engine is away. */
export const showDetections = serve('GET /api/lake/detections', async ({ front }) => ({
  looked: await detectionsLooked(front.db),
  everyMinutes: front.settings.config.lake.detectEveryMinutes,
  rules: await ruleStates(front.db),
}))

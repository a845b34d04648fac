import { Trouble } from '../../../kit/errors.ts'
import { serve } from '../../serve.ts'

/** A dry run holds its request while the sources answer: up to a minute for each step. */
const atOnceMax = 4
let walking = 0

export const dryRunPlaybook = serve('POST /api/playbooks/:id/dry-run', async ({ front, params, body }) => {
  if (walking >= atOnceMax) throw new Trouble('house.busy', { dryRuns: walking })
  walking++
  try {
    return { runId: await front.work.playbooks.dryRun(params.id, body.alert) }
  } finally {
    walking--
  }
})

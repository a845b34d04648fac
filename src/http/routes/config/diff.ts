import type { ConfigDifference } from '../../../contract/config.ts'
import { type Difference, diffConfig } from '../../../playbooks/config-files.ts'
import { serve } from '../../serve.ts'

export const diffConfigFile = serve('POST /api/config/diff', async ({ front, body }) =>
  shownDifference(await diffConfig(front.db, body.yaml)),
)

export function shownDifference({ base, changes, stays }: Difference): ConfigDifference {
  return { base, changes: [...changes], stays: [...stays] }
}

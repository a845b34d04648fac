import { feedStates } from '../../../db/cves.ts'
import { scanSources } from '../../../db/vulnerability-front.ts'
import { serve } from '../../serve.ts'

export const showVulnerabilitySources = serve('GET /api/vulnerabilities/sources', async ({ front }) => ({
  scans: await scanSources(front.db),
  feeds: await feedStates(front.db),
}))

import { scannedMachines } from '../../../db/vulnerabilities.ts'
import { loadDecisionTable } from '../../../playbooks/decision-table.ts'
import { serve } from '../../serve.ts'
import { findingsOf } from '../../vulnerability-view.ts'

export const showMachineVulnerabilities = serve(
  'GET /api/vulnerabilities/machines/:name',
  async ({ front, params }) => {
    const machines = await scannedMachines(front.db, params.name)
    const { found, more } = await findingsOf(front.db, await loadDecisionTable(), machines, null, front.clock.now())
    const heads = machines.map(({ source, key, scannedAt, byLogin, lookedFor, matchedBy }) => ({
      source,
      key,
      scannedAt,
      byLogin,
      lookedFor,
      matchedBy,
    }))
    return { name: params.name, machines: heads, found, more }
  },
)

import { openPage } from '../../../db/vulnerability-front.ts'
import { loadDecisionTable } from '../../../playbooks/decision-table.ts'
import { serve } from '../../serve.ts'

export const showVulnerabilities = serve('GET /api/vulnerabilities', async ({ front, query }) => {
  const { timelines } = await loadDecisionTable()
  // A check that names no CVE has no timeline; neither has one of a table that was changed since it was counted.
  const titleOf = (id: string): string | null => timelines.find((timeline) => timeline.id === id)?.title ?? null
  const { rows, ...page } = await openPage(front.db, query, front.clock.now())
  return {
    ...page,
    rows: rows.map(({ due, ...row }) => {
      const [certain, earliest] = [titleOf(due.certain), titleOf(due.earliest)]
      return { ...row, due: certain === null || earliest === null ? null : { ...due, certain, earliest } }
    }),
  }
})

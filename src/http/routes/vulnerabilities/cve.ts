import { feedStates } from '../../../db/cves.ts'
import { cveKnowledge, machinesById } from '../../../db/vulnerabilities.ts'
import { hostsWithCve, vexAbout, wordsOfCve } from '../../../db/vulnerability-front.ts'
import { loadDecisionTable } from '../../../playbooks/decision-table.ts'
import { serve } from '../../serve.ts'
import { findingsOf } from '../../vulnerability-view.ts'

/** Machines that the page of a CVE lists. */
const machinesMax = 200

export const showCve = serve('GET /api/vulnerabilities/cves/:cve', async ({ front, params }) => {
  const { cve } = params
  const ids = await hostsWithCve(front.db, cve, machinesMax + 1)
  const machines = await machinesById(front.db, ids.slice(0, machinesMax))
  const [{ found, more }, knowledge, vex, words, feeds] = await Promise.all([
    findingsOf(front.db, await loadDecisionTable(), machines, cve, front.clock.now()),
    cveKnowledge(front.db, [cve]),
    vexAbout(front.db, cve),
    wordsOfCve(front.db, cve),
    feedStates(front.db),
  ])
  const known = knowledge.get(cve) ?? null
  return { cve, known, found, more: more || ids.length > machinesMax, vex, words, feeds }
})

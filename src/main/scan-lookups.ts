import type { ScanLookups } from '../connectors/scanner-reports/index.ts'
import type { Db } from '../db/open.ts'
import { vendorOnMachine, vendorsOn } from '../db/vex.ts'
import {
  cveKnowledge,
  foundOnMachines,
  isTestedFor,
  lastScan,
  scannedMachines,
  wordsAbout,
} from '../db/vulnerabilities.ts'
import type { DecisionTable } from '../model/vulnerability.ts'
import { dueOf } from '../triage/deadline.ts'

/** What the connector `scanner-reports` looks things up with. */
export function scanLookups(db: Db, table: DecisionTable): ScanLookups {
  return {
    lastScan: () => lastScan(db),
    machines: (asset) => scannedMachines(db, asset),
    found: (hostIds, cve) => foundOnMachines(db, hostIds, cve),
    knowledge: (cves) => cveKnowledge(db, cves),
    isTestedFor: (scanners, cve) => isTestedFor(db, scanners, cve),
    words: (cves, at) => wordsAbout(db, cves, at),
    vendors: (found, now) => vendorsOn(db, found, now),
    vendorOn: (asset, hostIds, cve, now) => vendorOnMachine(db, asset, hostIds, cve, now),
    deadline: (found, exposed, knowledge) => {
      const due =
        found.fixedAt === null
          ? dueOf(table, { ...found, exposed, cves: found.cves.map((cve) => knowledge.get(cve)) })
          : null
      if (due === null) return {}
      return {
        deadline: due.certainBy ?? due.certain.title,
        deadlineEarliest: due.earliestBy ?? due.earliest.title,
        deadlineUnknown: [...due.unknown],
      }
    },
  }
}

import type { Connector } from '../model/connector.ts'
import { type AssetLookups, assetList } from './asset-list/index.ts'
import { businessCalendar, type CalendarLookups } from './business-calendar/index.ts'
import { type IntelligenceLookups, intelligence } from './intelligence/index.ts'
import { type LogLakeLookups, logLake } from './log-lake/index.ts'
import { type NetworkLookups, ownNetworks } from './own-networks/index.ts'
import { type PastLookups, pastAlerts } from './past-alerts/index.ts'
import { type PeopleLookups, peopleList } from './people-list/index.ts'
import { type PersonLookups, person } from './person/index.ts'
import { type ScanLookups, scannerReports } from './scanner-reports/index.ts'

/** What the connectors of the house look things up with; main.ts ties them to the store. */
export type Lookups = {
  readonly assets: AssetLookups
  readonly people: PeopleLookups
  readonly networks: NetworkLookups
  readonly calendar: CalendarLookups
  readonly past: PastLookups
  readonly person: PersonLookups
  readonly intelligence: IntelligenceLookups
  readonly scans: ScanLookups
  /** null: this installation has no log lake, and nobody is asked about logs. */
  readonly lake: LogLakeLookups | null
}

/** Every connector there is, in the order of the settings page. A new one is a folder and a line here; a new REST source is a YAML file. */
export function makeConnectors(lookups: Lookups, setUp: readonly Connector[]): readonly Connector[] {
  return [
    assetList(lookups.assets),
    peopleList(lookups.people),
    ownNetworks(lookups.networks),
    businessCalendar(lookups.calendar),
    pastAlerts(lookups.past),
    person(lookups.person),
    intelligence(lookups.intelligence),
    scannerReports(lookups.scans),
    ...(lookups.lake === null ? [] : [logLake(lookups.lake)]),
    ...setUp,
  ]
}

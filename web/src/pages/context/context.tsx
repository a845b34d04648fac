import { useParams } from '@tanstack/react-router'
import { type PagePart, PartedPage } from '../../parts/parted-page.tsx'
import { AssetsPart } from './assets.tsx'
import { CalendarPart } from './calendar.tsx'
import { ExpectationsPart } from './expectations.tsx'
import { IntelligencePart } from './intelligence.tsx'
import { ListsPart } from './lists.tsx'
import { NetworksPart } from './networks.tsx'
import { PacksPart } from './packs.tsx'
import { PeoplePart } from './people.tsx'
import { SourcesPart } from './sources.tsx'
import { TuningPart } from './tuning.tsx'
import { VulnerabilitiesPart } from './vulnerabilities.tsx'
import './context.css'

/** What the house knows besides the alert. A new part is a line here. */
const parts: readonly PagePart[] = [
  { id: 'assets', title: 'Assets', needs: 'house.see', show: AssetsPart },
  { id: 'people', title: 'People', needs: 'house.see', show: PeoplePart },
  { id: 'networks', title: 'Networks and sites', needs: 'house.see', show: NetworksPart },
  { id: 'calendar', title: 'Calendar', needs: 'house.see', show: CalendarPart },
  { id: 'vulnerabilities', title: 'Vulnerabilities', needs: 'house.see', show: VulnerabilitiesPart },
  { id: 'expectations', title: 'Expectations', needs: 'desk.see', show: ExpectationsPart },
  { id: 'tuning', title: 'Tuning requests', needs: 'desk.see', show: TuningPart },
  { id: 'packs', title: 'Context packs', needs: 'house.see', show: PacksPart },
  { id: 'lists', title: 'Import lists', needs: 'house.see', show: ListsPart },
  { id: 'sources', title: 'Order of sources', needs: 'house.see', show: SourcesPart },
  { id: 'intelligence', title: 'Intelligence', needs: 'house.see', show: IntelligencePart },
]

export function ContextPage() {
  const { part } = useParams({ from: '/desk/context/$part' })
  return <PartedPage title="Context" to="/context/$part" parts={parts} part={part} wide />
}

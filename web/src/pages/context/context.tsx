import { useParams } from '@tanstack/react-router'
import { type PagePart, PartedPage } from '../../parts/parted-page.tsx'
import { ListsPart } from './lists.tsx'
import { PacksPart } from './packs.tsx'

/** What the house knows besides the alert. A new part is a line here. */
const parts: readonly PagePart[] = [
  { id: 'lists', title: 'Import lists', needs: 'house.see', show: ListsPart },
  { id: 'packs', title: 'Context packs', needs: 'house.see', show: PacksPart },
]

export function ContextPage() {
  const { part } = useParams({ from: '/desk/context/$part' })
  return <PartedPage title="Context" to="/context/$part" parts={parts} part={part} />
}

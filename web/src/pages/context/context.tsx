import { useParams } from '@tanstack/react-router'
import { type PagePart, PartedPage } from '../../parts/parted-page.tsx'
import { ListsPart } from './lists.tsx'

/** What the house knows besides the alert. A new part is a line here. */
const parts: readonly PagePart[] = [{ id: 'lists', title: 'Import lists', needs: 'house.see', show: ListsPart }]

export function ContextPage() {
  const { part } = useParams({ from: '/desk/context/$part' })
  return <PartedPage title="Context" to="/context/$part" parts={parts} part={part} />
}

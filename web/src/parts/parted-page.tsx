import { Link } from '@tanstack/react-router'
import { type ComponentType, useEffect, useRef } from 'react'
import type { Permission } from '../../../src/contract/permissions.ts'
import { useMay } from '../me.ts'
import { EmptyState } from './states.tsx'
import './parted-page.css'

/** One part of such a page: its place in the address, its title, who may see it, and what it shows. */
export type PagePart = {
  readonly id: string
  readonly title: string
  readonly needs: Permission
  readonly show: ComponentType
}

/** A page of several parts: their list at the side, the one of the address beside it. */
export function PartedPage({
  title,
  to,
  parts,
  part,
  wide = false,
}: {
  readonly title: string
  readonly to: '/settings/$part' | '/context/$part'
  readonly parts: readonly PagePart[]
  readonly part: string
  /** Tables take all the room there is; forms read better in a column. */
  readonly wide?: boolean
}) {
  const may = useMay()
  const allowed = parts.filter((one) => may(one.needs))
  const current = allowed.find((one) => one.id === part)
  const list = useRef<HTMLElement>(null)
  // Where the list is a strip that scrolls, the part that is open is in it.
  useEffect(() => {
    const [strip, open] = [list.current, list.current?.querySelector<HTMLElement>(`[href$="/${part}"]`)]
    if (strip === null || open == null) return
    strip.scrollLeft = open.offsetLeft - strip.offsetLeft - (strip.clientWidth - open.offsetWidth) / 2
  }, [part])
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
      </div>
      <div className={wide ? 'parted-grid wide' : 'parted-grid'}>
        <nav className="parted-nav" aria-label={title} ref={list}>
          {allowed.map((one) => (
            <Link key={one.id} to={to} params={{ part: one.id }} className="nav-link">
              {one.title}
            </Link>
          ))}
        </nav>
        <div className="stack">
          {current === undefined ? (
            <EmptyState title="This is not for your role." proof="An administrator sees it." />
          ) : (
            <current.show />
          )}
        </div>
      </div>
    </>
  )
}

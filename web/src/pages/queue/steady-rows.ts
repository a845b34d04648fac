import { useRef, useState } from 'react'
import type { QueueRow } from '../../../../src/contract/desk.ts'

/**
 * Rows that never move under the reader: what is shown keeps its place and is brought up to date in it, what is gone goes, and
 * what arrives waits behind "3 new" until somebody asks for it. A new filter (`key`) starts afresh; null: still the old answer.
 */
export function useSteadyRows(latest: readonly QueueRow[], key: string | null) {
  const order = useRef<{ key: string | null; ids: string[] }>({ key: null, ids: [] })
  const [, again] = useState(0)
  if (key !== null && (order.current.key !== key || order.current.ids.length === 0)) {
    order.current = { key, ids: latest.map((row) => row.id) }
  }
  const byId = new Map(latest.map((row) => [row.id, row]))
  const rows = order.current.ids.flatMap((id) => byId.get(id) ?? [])
  const shown = new Set(order.current.ids)
  const fresh = latest.filter((row) => !shown.has(row.id)).length
  const showFresh = () => {
    order.current = { key: order.current.key, ids: latest.map((row) => row.id) }
    again((n) => n + 1)
  }
  return { rows, fresh, showFresh }
}

import { useState } from 'react'
import type { QueueRow } from '../../../../src/contract/desk.ts'

type Order = { readonly key: string | null; readonly ids: readonly string[] }

/**
 * Rows that never move under the reader: what is shown keeps its place and is brought up to date in it, what is gone goes, and
 * what arrives waits behind "3 new" until somebody asks for it. A new filter (`key`) starts afresh; null: still the old answer.
 */
export function useSteadyRows(latest: readonly QueueRow[], key: string | null) {
  const [kept, setKept] = useState<Order>({ key: null, ids: [] })
  const now = (of: string | null): Order => ({ key: of, ids: latest.map((row) => row.id) })
  const afresh = key !== null && (kept.key !== key || (kept.ids.length === 0 && latest.length > 0))
  const order = afresh ? now(key) : kept
  if (afresh) setKept(order)
  const byId = new Map(latest.map((row) => [row.id, row]))
  const rows = order.ids.flatMap((id) => byId.get(id) ?? [])
  const shown = new Set(order.ids)
  const fresh = latest.filter((row) => !shown.has(row.id)).length
  return { rows, fresh, showFresh: () => setKept(now(order.key)) }
}

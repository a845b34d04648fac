import { useState } from 'react'

/** Which rows are selected; a row that is gone is selected no more. */
export function useSelection(ids: readonly string[]) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [last, setLast] = useState<string | null>(null)
  const selected = new Set(ids.filter((id) => chosen.has(id)))
  return {
    selected,
    clear: () => setChosen(new Set()),
    toggle: (id: string) => {
      const next = new Set(selected)
      if (!next.delete(id)) next.add(id)
      setChosen(next)
      setLast(id)
    },
    /** From the row that was selected last up to this one. */
    upTo: (id: string) => {
      const [from, to] = [ids.indexOf(last ?? id), ids.indexOf(id)].toSorted((a, b) => a - b) as [number, number]
      setChosen(new Set([...selected, ...ids.slice(Math.max(from, 0), to + 1)]))
      setLast(id)
    },
  }
}

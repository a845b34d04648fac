import type { ReactNode } from 'react'
import type { Highlight } from '../../../../src/contract/desk.ts'

type Props = {
  readonly text: string
  readonly highlights: readonly Highlight[]
  readonly on: string | null
  readonly keyOf: (one: Highlight) => string
  /** A place was pointed at, by mouse or by keyboard. */
  readonly point: (one: Highlight) => void
}

const rank = { field: 0, observable: 1, evidence: 2 } as const

/**
 * A text with its places marked. Places may overlap: the text is cut at every edge, and each piece shows the most telling of
 * what covers it. Text only, never HTML.
 */
export function Marked({ text, highlights, on, keyOf, point }: Props) {
  const places = highlights.filter((one) => one.start < one.end && one.end <= text.length)
  const edges = [...new Set([0, text.length, ...places.flatMap((one) => [one.start, one.end])])].sort((a, b) => a - b)
  const pieces: ReactNode[] = []
  const active: Highlight[] = []
  const queue = [...places].sort((a, b) => a.start - b.start)
  for (const [index, start] of edges.entries()) {
    const end = edges[index + 1]
    if (end === undefined) break
    for (let i = active.length - 1; i >= 0; i--) if ((active[i]?.end ?? 0) <= start) active.splice(i, 1)
    while (queue[0] !== undefined && queue[0].start <= start) active.push(queue.shift() as Highlight)
    const piece = text.slice(start, end)
    const best = active.toSorted((a, b) => rank[a.kind] - rank[b.kind])[0]
    if (best === undefined) {
      pieces.push(piece)
      continue
    }
    const isOn = active.some((one) => keyOf(one) === on)
    pieces.push(
      <mark
        key={start}
        className={isOn ? `m-${best.kind} on` : `m-${best.kind}`}
        title={active.map((one) => one.label).join(', ')}
        tabIndex={0}
        onMouseEnter={() => point(best)}
        onFocus={() => point(best)}
        data-at={`${best.part}|${best.start}`}
      >
        {piece}
      </mark>,
    )
  }
  return <>{pieces}</>
}

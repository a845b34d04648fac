import type { SourceStatus } from '../../../../src/model/lake.ts'
import { useNow, utc } from '../../parts/time.tsx'
import { msWords, plural } from '../../words.ts'

const weekMs = 7 * 86_400_000
/** Narrower than this nobody sees it: a gap of half an hour is drawn as one and a half. */
const widthMin = 0.9

/** The last seven days as a strip, holes where nothing came. */
export function Week({ status }: { readonly status: SourceStatus }) {
  const now = useNow()
  const from = now - weekMs
  const begun = status.first === null ? now : Math.max(from, Date.parse(status.first))
  const place = (at: number): number => Math.max(0, Math.min(100, ((at - from) / weekMs) * 100))
  const longest = status.gaps[0]
  const says =
    status.first === null
      ? 'No line yet'
      : longest === undefined
        ? 'No gap in seven days'
        : `${plural(status.gaps.length, 'gap')} in seven days, the longest ${msWords(Date.parse(longest.to) - Date.parse(longest.from))} from ${utc(longest.from)}`
  return (
    <svg className="week" viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label={says}>
      <title>{says}</title>
      <rect className="before" x={0} y={3} width={100} height={4} />
      <rect className="there" x={place(begun)} y={0} width={100 - place(begun)} height={10} />
      {status.gaps.map((gap) => {
        const x = place(Date.parse(gap.from))
        const width = Math.max(widthMin, place(Date.parse(gap.to)) - x)
        const at = Math.min(x, 100 - width)
        return (
          <g key={gap.from} className="gap">
            <rect x={at} y={0} width={width} height={10} />
            <rect className="floor" x={at} y={8} width={width} height={2} />
          </g>
        )
      })}
    </svg>
  )
}

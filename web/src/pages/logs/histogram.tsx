import { useRef, useState } from 'react'
import type { LogHistogram } from '../../../../src/contract/logs.ts'
import { plural } from '../../words.ts'

type Props = {
  readonly histogram: LogHistogram
  readonly zoom: (from: string, to: string) => void
  readonly stale: boolean
}

const at = (histogram: LogHistogram, slot: number): string =>
  new Date(Date.parse(histogram.from) + slot * histogram.stepMs).toISOString()

/** "11-22 14:05", with seconds where slots are shorter than a minute. */
const label = (iso: string, stepMs: number): string =>
  stepMs >= 86_400_000 ? iso.slice(0, 10) : `${iso.slice(5, 10)} ${iso.slice(11, stepMs < 60_000 ? 19 : 16)}`

/** Ticks below the bars; more would run into each other on a phone. */
const ticks = 5

/**
 * Events over time. Dragging over bars, or clicking one, zooms there; with the keyboard the arrows move over the bars, Shift extends,
 * Enter zooms, Escape lets go.
 */
export function Histogram({ histogram, zoom, stale }: Props) {
  const { slots, stepMs } = histogram
  const [range, setRange] = useState<{ readonly first: number; readonly last: number } | null>(null)
  const dragging = useRef(false)
  const most = Math.max(1, ...slots)
  const count = slots.length
  const low = range === null ? 0 : Math.min(range.first, range.last)
  const high = range === null ? 0 : Math.max(range.first, range.last)
  const zoomIn = () => {
    if (range !== null) zoom(at(histogram, low), at(histogram, high + 1))
    setRange(null)
  }
  const slotAt = (event: React.PointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.getBoundingClientRect()
    return Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - box.left) / box.width) * count)))
  }
  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key]
    if (step !== undefined) {
      event.preventDefault()
      const from = range ?? { first: step > 0 ? -1 : count, last: step > 0 ? -1 : count }
      const last = Math.max(0, Math.min(count - 1, from.last + step))
      setRange({ first: event.shiftKey && range !== null ? from.first : last, last })
    } else if (event.key === 'Enter') {
      event.preventDefault()
      zoomIn()
    } else if (event.key === 'Escape') setRange(null)
  }
  const events = range === null ? 0 : slots.slice(low, high + 1).reduce((sum, n) => sum + n, 0)
  const said =
    range === null
      ? `${plural(
          slots.reduce((sum, n) => sum + n, 0),
          'event',
        )}. Drag over the bars to zoom in.`
      : `${label(at(histogram, low), stepMs)} to ${label(at(histogram, high + 1), stepMs)} UTC: ${plural(events, 'event')}`
  return (
    <div className={stale ? 'histogram stale' : 'histogram'}>
      <div className="histogram-says dim">
        <span>{said}</span>
        <span className="num">
          {most.toLocaleString('en')} at most in {stepWords(stepMs)}
        </span>
      </div>
      <div
        className="histogram-bars"
        role="slider"
        tabIndex={0}
        aria-label="Events over time. Arrows move, Shift extends, Enter zooms in."
        aria-valuemin={0}
        aria-valuemax={Math.max(0, count - 1)}
        aria-valuenow={range === null ? 0 : range.last}
        aria-valuetext={said}
        onKeyDown={onKeyDown}
        onBlur={() => !dragging.current && setRange(null)}
        onPointerDown={(event) => {
          if (event.button !== 0) return
          event.currentTarget.setPointerCapture(event.pointerId)
          dragging.current = true
          setRange({ first: slotAt(event), last: slotAt(event) })
        }}
        onPointerMove={(event) => {
          const last = slotAt(event)
          setRange(dragging.current && range !== null ? { first: range.first, last } : { first: last, last })
        }}
        onPointerLeave={() => !dragging.current && setRange(null)}
        onPointerUp={() => {
          if (dragging.current) zoomIn()
          dragging.current = false
        }}
        onPointerCancel={() => {
          dragging.current = false
          setRange(null)
        }}
      >
        <Bars slots={slots} chosen={range === null ? null : { low, high }} />
      </div>
      <div className="histogram-ticks dim" aria-hidden="true">
        {Array.from({ length: ticks }, (_, tick) => (
          <span key={tick}>{label(at(histogram, Math.round((tick / (ticks - 1)) * count)), stepMs)}</span>
        ))}
      </div>
    </div>
  )
}

function stepWords(ms: number): string {
  if (ms < 60_000) return `${ms / 1000} s`
  if (ms < 3_600_000) return `${ms / 60_000} min`
  if (ms < 86_400_000) return `${ms / 3_600_000} h`
  return `${ms / 86_400_000} d`
}

function Bars({
  slots,
  chosen,
}: {
  readonly slots: readonly number[]
  readonly chosen: { readonly low: number; readonly high: number } | null
}) {
  const most = Math.max(1, ...slots)
  return (
    <svg
      viewBox={`0 0 ${Math.max(1, slots.length)} 100`}
      preserveAspectRatio="none"
      aria-hidden="true"
      focusable="false"
    >
      {chosen !== null && (
        <rect className="chosen" x={chosen.low} width={chosen.high - chosen.low + 1} y={0} height={100} />
      )}
      {slots.map(
        (n, slot) =>
          n > 0 && (
            <rect
              // Slots have no name but their place.
              key={slot}
              x={slot + 0.08}
              width={0.84}
              // One event among a million is still to be seen.
              y={100 - Math.max(3, (n / most) * 100)}
              height={Math.max(3, (n / most) * 100)}
            />
          ),
      )}
    </svg>
  )
}

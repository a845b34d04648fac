import type { ClockView } from '../../../../src/contract/tickets.ts'
import { utc } from '../../parts/time.tsx'
import { clockSays, clockTone, clockWords } from './ticket-words.ts'

/** A clock as a tag: what it says, and on hover what it counts and when it comes due. */
export function ClockTag({ clock, short = false }: { readonly clock: ClockView | null; readonly short?: boolean }) {
  if (clock === null) return <span className="dim">nothing owed</span>
  const due = clock.dueAt === null ? clock.because : utc(clock.dueAt)
  return (
    <span
      className={`tag ${clockTone[clock.state]}`}
      title={`${clockWords[clock.clock]} · ${clockSays(clock)}${due === '' ? '' : ` · ${due}`}`}
    >
      {short && clock.state === 'met' ? 'in time' : short && clock.state === 'missed' ? 'late' : clockSays(clock)}
    </span>
  )
}

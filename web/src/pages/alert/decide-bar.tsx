import { useEffect, useState } from 'react'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import type { Outcome } from '../../../../src/model/triage.ts'
import { useMay } from '../../me.ts'
import { outcomeShort } from '../../words.ts'
import type { DraftDecision } from './draft-decision.ts'
import { choices, isFalseAlarm } from './rail.tsx'

/** The decision card, or what stands in its place once it is decided. */
const target = '#decide .choices, #decide .standing'

/**
 * Where the rail stands below the story, the decision is as near as beside it: the same verbs at the foot of the screen, each
 * opening the rail. It takes room at the end of the page, so that it covers nothing, and is gone while the rail itself is in sight.
 */
export function DecideBar({
  page,
  draft,
  early,
}: {
  readonly page: AlertPage
  readonly draft: DraftDecision
  readonly early: boolean
}) {
  const may = useMay()
  const standing = page.decisions.find((decision) => decision.undoneAt === null)
  const inSight = useInSight(`${standing?.id ?? 'open'} ${early}`)
  if (!may('alert.decide')) return null
  return (
    <section className={inSight ? 'decide-bar in-sight' : 'decide-bar'} aria-label="Decide this alert">
      {standing === undefined ? (
        choices.map(({ outcome, label }) => {
          const chosen = draft.outcome === outcome || (isFalseAlarm(outcome) && isFalseAlarm(draft.outcome))
          return (
            <button
              key={outcome}
              type="button"
              aria-pressed={chosen}
              onClick={() => {
                if (!chosen) draft.choose(outcome)
                show(outcome)
              }}
            >
              {label}
            </button>
          )
        })
      ) : (
        <button type="button" className="clip" onClick={() => show(null)}>
          Decided: {outcomeShort[standing.outcome].toLowerCase()} · show
        </button>
      )}
    </section>
  )
}

/** Scrolls to the rail's own buttons; the focus goes along, without the keyboard of a phone coming up over them. */
function show(outcome: Outcome | null): void {
  document.querySelector(target)?.scrollIntoView({ block: 'start' })
  if (outcome === null) return
  document.querySelector<HTMLElement>(`#decide [data-outcome="${outcome}"]`)?.focus({ preventScroll: true })
}

function useInSight(of: string): boolean {
  const [inSight, setInSight] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the card is another once the evidence is in, or it is decided
  useEffect(() => {
    const card = document.querySelector(target)
    if (card === null) return
    const watch = new IntersectionObserver((entries) => setInSight(entries.at(-1)?.isIntersecting ?? false))
    watch.observe(card)
    return () => watch.disconnect()
  }, [of])
  return inSight
}

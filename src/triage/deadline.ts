import type { CveKnowledge, DeadlineFacts, DecisionTable, Timeline } from '../model/vulnerability.ts'

const dayMs = 86_400_000

/** By when a vulnerability has to be gone. Where something is not known there are two answers, and the house names both. */
export type DeadlineRange = {
  /** Holds whatever is not known. */
  readonly certain: Timeline
  /** Holds if all that is not known is the worse. */
  readonly earliest: Timeline
  /** What would have to be known for one answer; only what makes a difference. */
  readonly unknown: readonly ('exposed' | 'automatable' | 'impact')[]
}

/** Looks the facts up in the table. Never guesses: what is not known keeps every row that it could be. Pure. */
export function deadlineRange(table: DecisionTable, facts: DeadlineFacts): DeadlineRange {
  const rankOf = (id: string): number => table.timelines.findIndex((timeline) => timeline.id === id)
  const ranks = (known: DeadlineFacts): number[] =>
    table.rows
      .filter(
        (row) =>
          row.kev === known.kev &&
          (known.exposed === null || row.exposed === known.exposed) &&
          (known.automatable === null || row.automatable === known.automatable) &&
          (known.impact === null || row.impact === known.impact),
      )
      .map((row) => rankOf(row.timeline))
  const all = ranks(facts)
  const [low, high] = [Math.min(...all), Math.max(...all)]
  const unknown = (['exposed', 'automatable', 'impact'] as const).filter((name) => facts[name] === null)
  return {
    certain: table.timelines[low] as Timeline,
    earliest: table.timelines[high] as Timeline,
    unknown: low === high ? [] : unknown,
  }
}

/** By when, as days (YYYY-MM-DD); null: no day, on the next upgrade. */
export type Due = {
  readonly certainBy: string | null
  readonly earliestBy: string | null
  readonly certain: Timeline
  readonly earliest: Timeline
  readonly unknown: DeadlineRange['unknown']
}

type Known = Pick<CveKnowledge, 'kevAdded' | 'automatable' | 'impact'>
const nothingKnown: Known = { kevAdded: null, automatable: null, impact: null }

/**
 * By when something that was first seen on that day has to be gone: of several CVEs the soonest. One that came into the catalogue later counts as
 * exploited from that day on, and as before until then. null: it names no CVE, and the table says nothing. Pure; db/vulnerability-count.ts
 * says the same in SQL for the whole list.
 */
export function dueOf(
  table: DecisionTable,
  found: {
    readonly firstSeen: string
    readonly exposed: boolean | null
    readonly cves: readonly (Known | undefined)[]
  },
): Due | null {
  const first = Date.parse(found.firstSeen)
  const ranges = found.cves.flatMap((cve) => {
    const { kevAdded, automatable, impact } = cve ?? nothingKnown
    const starts = kevAdded === null ? [] : [{ kev: true, at: Math.max(first, Date.parse(kevAdded)) }]
    return [{ kev: false, at: first }, ...starts].map(({ kev, at }) => ({
      at,
      range: deadlineRange(table, { kev, exposed: found.exposed, automatable, impact }),
    }))
  })
  const soonest = (pick: 'certain' | 'earliest') =>
    ranges
      .map(({ at, range }) => ({
        timeline: range[pick],
        due: range[pick].days === null ? Number.POSITIVE_INFINITY : at + range[pick].days * dayMs,
      }))
      // Of two that are due on one day, the stricter one (3 days, and forensics).
      .toSorted((a, b) => a.due - b.due || table.timelines.indexOf(b.timeline) - table.timelines.indexOf(a.timeline))[0]
  const [certain, earliest] = [soonest('certain'), soonest('earliest')]
  if (certain === undefined || earliest === undefined) return null
  const day = (ms: number): string | null => (Number.isFinite(ms) ? new Date(ms).toISOString().slice(0, 10) : null)
  return {
    certainBy: day(certain.due),
    earliestBy: day(earliest.due),
    certain: certain.timeline,
    earliest: earliest.timeline,
    unknown: [...new Set(ranges.flatMap(({ range }) => range.unknown))],
  }
}

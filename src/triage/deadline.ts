import type { DeadlineFacts, DecisionTable, Timeline } from '../model/vulnerability.ts'

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

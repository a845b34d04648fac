import type { SigmaRun } from '../../lake/sigma/run.ts'
import type { LogEvent } from '../../model/lake.ts'
import { shownText } from '../shown-text.ts'

/** Reasons with this many rules or fewer name them all. */
const namedMax = 5
const rawCharsMax = 160

/** A run for people: a paragraph for each hit, worst first, then what could not look and why. */
export function wordsOfRun(run: SigmaRun): string {
  const worst = ['critical', 'high', 'medium', 'low', 'informational', null]
  const hits = run.hits.toSorted(
    (a, b) => worst.indexOf(a.rule.level) - worst.indexOf(b.rule.level) || b.count - a.count,
  )
  const parts = hits.map(({ rule, count, first, last, events, groups }) =>
    [
      `${(rule.level ?? 'no level').padEnd(13)} ${rule.title}`,
      `  ${count.toLocaleString('en')} ${count === 1 ? 'time' : 'times'}, ${first}${first === last ? '' : ` to ${last}`}  (${rule.at.file})`,
      ...groups
        .map(
          ({ values }) =>
            `  ${Object.entries(values)
              .map(([field, value]) => `${field} ${shownText(value)}`)
              .join(', ')}`,
        )
        .slice(0, namedMax),
      ...events.map((event) => `  ${event.time} ${event.source}  ${inOneLine(event)}`),
    ].join('\n'),
  )
  const reasons = new Map<string, string[]>()
  for (const { rule, why } of run.notRun) reasons.set(why, [...(reasons.get(why) ?? []), rule.title])
  const blind = [...reasons].map(([why, titles]) =>
    titles.length <= namedMax ? `  ${why}: ${titles.join('; ')}` : `  ${why}: ${titles.length} rules`,
  )
  const sum = `${run.eventsInWindow.toLocaleString('en')} events in this time; ${run.hits.length} rules have hits, ${run.notRun.length} could not look.`
  return [...parts, ...(blind.length === 0 ? [] : ['Could not look:', ...blind]), sum, ''].join('\n')
}

/** Lines come from outside: what would move the cursor is not printed. */
function inOneLine({ raw }: LogEvent): string {
  const plain = raw.replaceAll(/\p{C}+/gu, ' ')
  return plain.length <= rawCharsMax ? plain : `${plain.slice(0, rawCharsMax)}…`
}

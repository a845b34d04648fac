import type { AlertRecord } from '../../db/alerts.ts'
import { type Match, type StandingExpectation, saveMatches, standingFor } from '../../db/expectations.ts'
import { addJob } from '../../db/jobs.ts'
import { notesFor } from '../../db/notes.ts'
import type { Db } from '../../db/open.ts'
import { answeredBefore, dropDraftedAnswer } from '../../db/repeats.ts'
import type { Finding } from '../../model/finding.ts'
import type { Note } from '../../model/note.ts'
import type { Sign } from '../../triage/signs.ts'
import { matchOf } from './match.ts'
import { tuningNow } from './tuning-now.ts'

/** What the house remembers that fits an alert. `signs` go into the judgement, with who said so. */
export type Recalled = {
  readonly matches: readonly (Match & { readonly expectation: StandingExpectation })[]
  readonly signs: readonly Sign[]
}

/** Job that acts on what was recalled (act.ts). */
export const rememberJob = 'remember'

/** Holds an alert against everything that is remembered. Reads only. */
export async function recall(db: Db, record: AlertRecord, findings: readonly Finding[], now: Date): Promise<Recalled> {
  const standing = await standingFor(db, record.alert, now)
  const matches = standing.flatMap((expectation) => {
    const matched = matchOf(expectation, record, findings)
    return matched === null ? [] : [{ expectationId: expectation.id, ...matched, expectation }]
  })
  const knownGood = (await notesFor(db, record.alert, now)).filter((note) => note.knownGood).map(knownGoodSign)
  const signs = matches
    .filter(({ kind, expectation }) => kind === 'holds' && expectation.against === 0)
    .map(({ expectation }): Sign => {
      const says = `Expected until ${expectation.expiresAt.slice(0, 10)} (E-${expectation.number}, ${expectation.owner.name}): ${oneLine(expectation.reason)}`
      return { towards: expectation.outcome, strength: 4, positive: true, findingId: null, says }
    })
  return { matches, signs: [...signs, ...knownGood] }
}

/** A hint under its author's name: it makes no proposal by itself, lowers no risk, and explains no high risk away. */
function knownGoodSign({ about, text, byName, at }: Note): Sign {
  const says = `Known good: ${about}, ${byName}, ${at.slice(0, 10)}: ${oneLine(text)}`
  return { towards: 'false-alarm-benign', strength: 1, positive: false, findingId: null, says }
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}

/** Writes down what an alert was held against, in the transaction of its judgement; what follows from it is a job of its own. */
export async function keepRecalled(tx: Db, { alert }: AlertRecord, recalled: Recalled, now: Date): Promise<void> {
  const { matches } = recalled
  await saveMatches(tx, alert.id, matches, now)
  if (alert.state !== 'open') return
  if (await isRemembered(tx, alert, matches, now))
    // Before the runs: it is short, and whoever opens the alert finds the draft.
    await addJob(tx, rememberJob, { alertId: alert.id }, { key: `${rememberJob}:${alert.id}`, priority: -1 })
  else await dropDraftedAnswer(tx, alert.id)
}

/** The same rule about the same thing was there before, an expectation holds, or a tuning request was to end it: there is something to do. */
async function isRemembered(
  tx: Db,
  alert: AlertRecord['alert'],
  matches: Recalled['matches'],
  now: Date,
): Promise<boolean> {
  return (
    matches.some(({ kind }) => kind === 'holds') ||
    (await answeredBefore(tx, alert.id)) !== null ||
    (await tuningNow(tx, { fitting: alert.id }, now)).length > 0
  )
}

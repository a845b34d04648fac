import { z } from 'zod'
import { type AlertRecord, getAlert } from '../../db/alerts.ts'
import { decisionsOf, standingDecision } from '../../db/decisions.ts'
import { type StandingExpectation, setMatchEnd } from '../../db/expectations.ts'
import { countedFindingsOf } from '../../db/findings.ts'
import { notify } from '../../db/live.ts'
import { transaction } from '../../db/open.ts'
import { reviewFrom } from '../../model/expectation.ts'
import { rungTitles } from '../../model/question.ts'
import { lockSeen } from '../arrange.ts'
import { decideIn } from '../decide.ts'
import type { House } from '../house.ts'
import type { Tasks } from '../worker.ts'
import { citesFor, draftRemembered } from './drafted.ts'
import { reviewExpectation, reviewJob } from './expectations.ts'
import { type Recalled, recall, rememberJob } from './recall.ts'
import { followUpLapses } from './tuning.ts'

const Payload = z.object({ alertId: z.uuid() })

const Review = z.object({ expectationId: z.uuid() })

export function memoryTasks(house: House): Tasks {
  return {
    [rememberJob]: async (payload) => {
      const { alertId } = Payload.parse(payload)
      await actOnMemory(house, alertId)
      await followUpLapses(house, alertId)
    },
    [reviewJob]: (payload) => reviewExpectation(house, Review.parse(payload).expectationId),
  }
}

/**
 * Drafts the answer that is remembered, and lets an expectation decide whose owner said so, under the alert's lock and on the evidence as it is
 * now. Whatever speaks against it, could not be looked at or is not there yet leaves the decision to a person, and the reason is written beside
 * the match.
 */
export async function actOnMemory(house: Pick<House, 'db' | 'clock' | 'draftReply'>, alertId: string): Promise<void> {
  await transaction(house.db, async (tx) => {
    const record = await getAlert(tx, alertId, { lock: true })
    if (record === null || record.alert.state !== 'open') return
    if ((await standingDecision(tx, alertId)) !== null) return
    const [seen] = await lockSeen(house, tx, [{ id: alertId, version: record.version }])
    if (seen?.mergedInto != null) return
    const findings = await countedFindingsOf(tx, alertId)
    const recalled = await recall(tx, record, findings, house.clock.now())
    await draftRemembered(house, tx, record, findings, recalled)
    await notify(tx, `alert:${alertId}`)
    const deciding = recalled.matches.find(({ kind, expectation }) => kind === 'holds' && expectation.decides)
    if (deciding === undefined) return
    const { expectation } = deciding
    const match = { expectationId: expectation.id, alertId }
    const by = `expectation:${expectation.id}`
    const undone = (await decisionsOf(tx, alertId)).some((decision) => decision.by === by)
    const held = undone
      ? 'A person took its decision back.'
      : (whyNotYet(expectation, house.clock.now()) ?? whyNot(record, recalled))
    if (held !== null) {
      await setMatchEnd(tx, match, { decided: false, held })
      return
    }
    const cites = citesFor(expectation.condition, findings)
    await decideIn(house, tx, {
      ...{ alertId, outcome: expectation.outcome, cites, withoutEvidence: cites.length === 0, version: record.version },
      reason:
        `Expected (E-${expectation.number} of ${expectation.owner.name}, until ${expectation.expiresAt.slice(0, 10)}): ${expectation.reason}`.slice(
          0,
          4000,
        ),
      by,
    })
    await setMatchEnd(tx, match, { decided: true, held: '' })
  })
}

/** Whose owner has to look at it again decides nothing meanwhile. */
function whyNotYet(expectation: StandingExpectation, now: Date): string | null {
  return reviewFrom(expectation) > now ? null : 'Its review is due: it only proposes until it is renewed.'
}

/** Why no expectation decides this alert now; null where one may. */
function whyNot({ judgement, filledAt }: AlertRecord, { matches }: Recalled): string | null {
  const holding = matches.filter(({ kind }) => kind === 'holds')
  const against = holding.find(({ expectation }) => expectation.against > 0)
  if (against !== undefined)
    return `E-${against.expectation.number} held for an alert that a person decided as harm: it decides nothing any more.`
  if (new Set(holding.map(({ expectation }) => expectation.outcome)).size > 1)
    return 'Two expectations say different things.'
  const doubtful = matches.find(({ kind }) => kind !== 'holds')
  if (doubtful !== undefined) return `E-${doubtful.expectation.number} is about it as well: ${doubtful.why}`
  if (judgement === null || filledAt === null) return 'The evidence is still coming in.'
  const failed = judgement.ladder.find(({ state }) => state === 'failed')
  if (failed !== undefined) return `Could not look: ${rungTitles[failed.rung]}.`
  const contradicts = judgement.proposal.contradicts[0]
  if (contradicts !== undefined) return `The evidence speaks against it: ${contradicts.says}`
  return null
}

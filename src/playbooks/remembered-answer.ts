import { getAlert } from '../db/alerts.ts'
import { insertFindings } from '../db/findings.ts'
import type { Db } from '../db/open.ts'
import { rememberedYes } from '../db/person-questions.ts'
import type { Clock } from '../kit/clock.ts'
import { append } from '../ledger/append.ts'
import { wakeSleeping } from './arrange.ts'
import { rejudge } from './rejudge.ts'

/** Whatever a playbook says: what somebody did a month ago says nothing of today. */
const rememberMsMax = 30 * 24 * 60 * 60_000

export type Remembered = {
  readonly answer: 'yes'
  readonly by: string
  readonly at: string
  readonly findingId: string
  /** Number of the alert that it was said about. */
  readonly rememberedFrom: number
}

/**
 * The "yes, that was me" of this person about the same thing (rule, provider, host, account and source address alike) not longer ago
 * than `forMs`; null when there is none, or when the last word was another. It becomes evidence of this alert that says whence it comes.
 */
export async function takeRemembered(
  house: { readonly clock: Clock },
  tx: Db,
  asked: { readonly alertId: string; readonly runId: string; readonly email: string; readonly what: string },
  take: { readonly forMs: number; readonly findingId: string; readonly actor: string },
): Promise<Remembered | null> {
  const { alertId, runId, email, what } = asked
  const { findingId, actor } = take
  const now = house.clock.now()
  // The alert before anything else of it: the one order in which all lock.
  await getAlert(tx, alertId, { lock: true })
  const since = new Date(now.getTime() - Math.min(take.forMs, rememberMsMax))
  const said = await rememberedYes(tx, { alertId, email, since })
  if (said === null) return null
  const { alertNumber, comment, answeredAt } = said
  await insertFindings(tx, [
    {
      ...{ id: findingId, alertId, runId, question: 'was-this-you', connector: 'person', kind: 'found', why: '' },
      ask: { email, what, alertId },
      answer: { answer: 'yes', comment, by: email, at: answeredAt },
      query: `remembered: ${email} said so about A-${alertNumber} (same rule, host, account and source address), and was not asked again`,
      ...{ windowFrom: null, windowTo: null, aroundMinutes: null, costMs: 0, askedAt: now.toISOString() },
    },
  ])
  const body = {
    findingId,
    runId,
    question: 'was-this-you',
    connector: 'person',
    kind: 'found',
    rememberedFrom: alertNumber,
  }
  await append(tx, { kind: 'finding.recorded', actor, subject: `alert:${alertId}`, body }, house.clock)
  await rejudge(house, tx, alertId, { full: false })
  await wakeSleeping(house, tx, alertId, 'evidence')
  return { answer: 'yes', by: email, at: answeredAt, findingId, rememberedFrom: alertNumber }
}

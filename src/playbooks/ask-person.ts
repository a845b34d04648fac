import { lockAlert } from '../db/alerts.ts'
import { notifyAll } from '../db/live.ts'
import { transaction } from '../db/open.ts'
import { insertPersonQuestion } from '../db/person-questions.ts'
import { newSecret } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import type { House } from './house.ts'

/** A link that a person was given by chat works for a day: long enough for a shift, too short to be found in a channel next month. */
export const personLinkHours = 24

/**
 * A one-time link to the question "was this you?", for whoever asks to hand over by chat or at the next desk. The link is told once and kept
 * as a digest; its answer becomes evidence under the address it was made for. Throws Trouble('not.found') for an alert that is not there.
 */
export async function askPersonByLink(
  house: Pick<House, 'db' | 'clock' | 'answerUrl'>,
  asking: { readonly alertId: string; readonly email: string; readonly what: string; readonly by: string },
): Promise<{ readonly url: string; readonly expiresAt: string }> {
  const { alertId, email, what, by } = asking
  const now = house.clock.now()
  const expiresAt = new Date(now.getTime() + personLinkHours * 3_600_000).toISOString()
  const token = newSecret()
  await transaction(house.db, async (tx) => {
    if (!(await lockAlert(tx, alertId))) throw new Trouble('not.found', { alertId })
    const question = { alertId, runId: null, stepPath: null, findingId: null, email, name: null, what }
    await insertPersonQuestion(tx, token, { ...question, askedAt: now.toISOString(), expiresAt })
    const body = { email, by: 'link', expiresAt }
    await append(tx, { kind: 'person.asked', actor: by, subject: `alert:${alertId}`, body }, house.clock)
    await notifyAll(tx, [`alert:${alertId}`])
  })
  return { url: house.answerUrl(token), expiresAt }
}

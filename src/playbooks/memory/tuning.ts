import { notify, notifyAll } from '../../db/live.ts'
import { transaction } from '../../db/open.ts'
import { changeTuning, lockTuning, setFollowed } from '../../db/tuning.ts'
import { Trouble } from '../../kit/errors.ts'
import { append } from '../../ledger/append.ts'
import type { TuningRequest, TuningState } from '../../model/tuning.ts'
import type { House } from '../house.ts'
import { tuningNow } from './tuning-now.ts'

type Desk = Pick<House, 'db' | 'clock'>

/** A person writes down what the provider says of a request, and when it is due. */
export async function sayOfTuning(
  house: Desk,
  said: {
    readonly id: string
    readonly state: TuningState
    readonly note: string
    readonly dueAt: Date | null
    readonly by: string
  },
): Promise<void> {
  const { id, state, note, dueAt, by } = said
  const at = house.clock.now()
  await transaction(house.db, async (tx) => {
    if (!(await changeTuning(tx, id, { state, note, dueAt, by, at }))) throw new Trouble('not.found', { id })
    const body = { state, note, dueAt: dueAt?.toISOString() ?? null }
    await append(tx, { kind: 'tuning.changed', actor: by, subject: `tuning:${id}`, body }, house.clock)
    await notify(tx, 'tuning')
  })
}

/**
 * An alert came that a tuning request was to end: its follow-up is drafted in the thread of the request, for a person to release. Once for each
 * lapse: the next one begins when the follow-up has left, and its time has run out as well.
 */
export async function followUpLapses(
  house: Pick<House, 'db' | 'clock' | 'draftReply'>,
  alertId: string,
): Promise<void> {
  const now = house.clock.now()
  for (const seen of await tuningNow(house.db, { fitting: alertId }, now)) {
    if (seen.measured !== 'lapsed' || seen.alert.id === alertId) continue
    await transaction(house.db, async (tx) => {
      const followed = await lockTuning(tx, seen.id)
      const [request] = await tuningNow(tx, { id: seen.id }, now)
      if (request?.measured !== 'lapsed' || request.lastReplyId === null) return
      if (followed === request.lastReplyId || request.followUp !== null) return
      const text = followUpText(request, now)
      const { replyId } = await house.draftReply(
        tx,
        request.alert.id,
        text,
        false,
        `follow-up of ${request.lastReplyId}`,
      )
      await setFollowed(tx, request.id, request.lastReplyId)
      const body = { replyId, after: request.lastReplyId, since: request.since }
      await append(
        tx,
        { kind: 'tuning.followed-up', actor: 'system', subject: `tuning:${request.id}`, body },
        house.clock,
      )
      await notifyAll(tx, ['tuning', 'queue', `alert:${request.alert.id}`])
    })
  }
}

function followUpText(request: TuningRequest, now: Date): string {
  const { asked, since, rule, number } = request
  const days = asked === null ? 0 : Math.floor((now.getTime() - Date.parse(asked.at)) / 86_400_000)
  const promised =
    request.state === 'accepted'
      ? 'You told us that it was done.'
      : request.state === 'acknowledged'
        ? 'You told us that you would look at it.'
        : 'We have not heard what became of it.'
  return [
    'Hello,',
    `${days} days ago, on ${asked?.at.slice(0, 10) ?? ''}, we asked you to tune the rule "${rule}" (our TR-${number}). ${promised}`,
    `Since then ${since === 1 ? 'one more alert' : `${since} more alerts`} of this rule about the same subject came, the last on ${request.lastAt?.slice(0, 10) ?? ''}.`,
    `What we ask of you: please tell us what was changed, and when; or, if you will not change it, why.`,
    'The same in machine-readable form is attached (counterfoil.json).',
    '',
  ].join('\n\n')
}

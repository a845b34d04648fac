import { lockAlert } from '../../db/alerts.ts'
import { approvalById, openApprovals, seatsOf } from '../../db/approvals.ts'
import { addJob } from '../../db/jobs.ts'
import { type Db, transaction } from '../../db/open.ts'
import { systemClock } from '../../kit/clock.ts'
import { wordsOf } from '../../kit/errors.ts'
import { awayAmong } from '../away.ts'
import type { House } from '../house.ts'
import type { Tasks } from '../worker.ts'
import { type ApprovalHouse, askWhoIsDue, openPlaces } from './ask-place.ts'

const watchJob = 'watch-absences'
/** How late a deputy may be asked; absences begin on the hour, and approvals wait for hours. */
const everyMs = 60_000
/** Open approvals that are looked at in one go, the soonest end first. A large house has some dozens. */
const approvalsMax = 500

/** The job: looks, and looks again. What stops it is logged, and it looks at the next turn. */
export function absenceTasks(house: ApprovalHouse & Pick<House, 'log'>): Tasks {
  return {
    [watchJob]: async () => {
      try {
        await standInForAway(house)
      } catch (error) {
        house.log.warn({ error: wordsOf(error) }, 'absences could not be looked at; they are at the next turn')
      }
      await queueNext(house.db, new Date(systemClock.now().getTime() + everyMs))
    },
  }
}

/** Called at each start: absences are looked at soon, and from then on by themselves. */
export async function scheduleAbsences(db: Db): Promise<void> {
  await queueNext(db, systemClock.now())
}

/** Jobs begin by the database's clock, whatever time the house is told it is. */
async function queueNext(db: Db, runAt: Date): Promise<void> {
  await addJob(db, watchJob, {}, { key: watchJob, runAt })
}

/** Who became absent after they were asked is stood in for as somebody who was absent then. Safe to run twice. */
export async function standInForAway(house: ApprovalHouse): Promise<void> {
  const now = house.clock.now()
  for (const { id, alertId } of await openApprovals(house.db, now, approvalsMax)) {
    const waiting = (await seatsOf(house.db, id)).filter((seat) => seat.askedAt !== null && seat.verdict === null)
    const people = waiting.map(({ userId, email, name }) => ({ id: userId, email, name }))
    if ((await awayAmong(house.db, people, now)).size === 0) continue
    await transaction(house.db, async (tx) => {
      await lockAlert(tx, alertId)
      const approval = await approvalById(tx, id, { lock: true })
      if (approval === null || approval.state !== 'open' || now >= new Date(approval.expiresAt)) return
      for (const place of openPlaces(approval, await seatsOf(tx, id))) await askWhoIsDue(house, tx, approval, place)
    })
  }
}

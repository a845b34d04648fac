import { getAlert, lockAlert } from '../db/alerts.ts'
import { type Approval, approvalsOfRun, seatsOf } from '../db/approvals.ts'
import { notifyAll } from '../db/live.ts'
import { type Db, transaction } from '../db/open.ts'
import { personQuestionOfStep } from '../db/person-questions.ts'
import { countNudge, putAside, reopenRun, skipLine } from '../db/run-mending.ts'
import { journalLine, runState, runUnderWay } from '../db/runs.ts'
import { openReleaseOfAlert } from '../db/second-releases.ts'
import { Trouble } from '../kit/errors.ts'
import { stableId } from '../kit/stable-id.ts'
import { append } from '../ledger/append.ts'
import type { JournalLine } from '../model/playbook.ts'
import { openPlaces } from './approvals/ask-place.ts'
import { answerersAt } from './approvals/due.ts'
import type { House } from './house.ts'
import { queueRun } from './wake.ts'

type Mending = { readonly runId: string; readonly path: string; readonly reason: string; readonly by: string }
type Held = {
  readonly alertId: string
  readonly playbookId: string
  readonly state: string
  readonly line: JournalLine
}

/** One hour: a reminder is read at the next cup of coffee, or it is noise. */
export const nudgeEveryMs = 3_600_000

/** Takes the alert and the run, in the one order in which all lock. Trouble('not.found') for a run or step that is not there. */
async function holdStep(tx: Db, runId: string, path: string): Promise<Held> {
  const seen = await runState(tx, runId)
  if (seen === null) throw new Trouble('not.found', { runId })
  await lockAlert(tx, seen.alertId)
  const run = await runState(tx, runId, { lock: true })
  const line = await journalLine(tx, runId, path)
  if (run === null || line === null) throw new Trouble('not.found', { runId, path })
  if (run.dryRun) throw new Trouble('state.conflict', { runId, state: 'a dry run changes nothing and is over' })
  return { ...run, line }
}

async function tell(tx: Db, runId: string, alertId: string): Promise<void> {
  await notifyAll(tx, [`run:${runId}`, `alert:${alertId}`, 'queue'])
}

/**
 * A person has a run go on again from a step. What stood in the journal from there on is put aside, not lost; a mail that the step sends is
 * sent again, for that is what was asked. Throws Trouble('state.conflict') while the run walks, or while another run of the same playbook is
 * under way for the alert.
 */
export async function retryFrom(
  house: Pick<House, 'db' | 'clock'>,
  { runId, path, reason, by }: Mending,
): Promise<void> {
  await transaction(house.db, async (tx) => {
    const { alertId, playbookId, state, line } = await holdStep(tx, runId, path)
    if (state === 'running') throw new Trouble('state.conflict', { runId, state })
    const other = await runUnderWay(tx, alertId, playbookId)
    if (other !== null && other !== runId) throw new Trouble('state.conflict', { runId, underWay: other })
    const lines = await putAside(tx, runId, path, { by, at: house.clock.now(), reason })
    await reopenRun(tx, runId)
    await queueRun(tx, runId)
    const body = { alertId, path, step: line.kind, was: line.state, attempt: line.attempt, putAside: lines, reason }
    await append(tx, { kind: 'run.retried', actor: by, subject: `run:${runId}`, body }, house.clock)
    await tell(tx, runId, alertId)
  })
}

/** A person skips a step that is under way, waits or failed; the run goes on behind it. Throws Trouble('state.conflict') for any other. */
export async function skipStep(
  house: Pick<House, 'db' | 'clock'>,
  { runId, path, reason, by }: Mending,
): Promise<void> {
  await transaction(house.db, async (tx) => {
    const { alertId, state, line } = await holdStep(tx, runId, path)
    const ended = state === 'done' || state === 'cancelled'
    if (ended || !(await skipLine(tx, runId, path, { by, at: house.clock.now(), reason })))
      throw new Trouble('state.conflict', { runId, path, state: line.state })
    await reopenRun(tx, runId)
    await queueRun(tx, runId)
    const body = { alertId, path, step: line.kind, was: line.state, reason }
    await append(tx, { kind: 'run.step-skipped', actor: by, subject: `run:${runId}`, body }, house.clock)
    await tell(tx, runId, alertId)
  })
}

/**
 * Reminds whoever a step waits for, by mail, at most once an hour. Throws Trouble('state.conflict') when it waits for nobody or was reminded
 * of just now, 'input.invalid' when nobody is configured for the role, and what mailing throws. The addresses that it goes to.
 */
export async function nudge(
  house: Pick<House, 'db' | 'clock' | 'people' | 'mailNotice'>,
  { runId, path, reason, by }: Mending,
): Promise<readonly string[]> {
  return transaction(house.db, async (tx) => {
    const { alertId, line } = await holdStep(tx, runId, path)
    const times = await countNudge(tx, runId, path, house.clock.now(), nudgeEveryMs)
    if (times === null) throw new Trouble('state.conflict', { runId, path, state: line.state })
    const record = await getAlert(tx, alertId)
    if (record === null) throw new Trouble('not.found', { alertId })
    const { number, title } = record.alert
    const to = await waitedFor(house, tx, { runId, alertId, line })
    if (to.length === 0) throw new Trouble('input.invalid', { fields: { path: 'Nobody is configured for this role' } })
    const until = line.deadline === null ? '' : ` until ${line.deadline.slice(0, 16).replace('T', ' ')} UTC`
    const where =
      line.waitingFor === 'answer'
        ? `Your one-time link is in the mail "Was this you? (A-${number})".`
        : line.waitingFor === 'approval'
          ? `Your one-time link is in the mail "Your approval is asked (A-${number})"; signed in, you find it under My approvals.`
          : `Open A-${number} on the desk.`
    await house.mailNotice(tx, {
      id: stableId('nudge', runId, path, String(line.attempt), String(times)),
      kind: 'notify',
      to,
      about: { alertId },
      subject: `Waiting for you: ${line.title} (A-${number})`.replace(/\s+/g, ' '),
      text: `"${title}" waits for you${until}: ${line.title}.\n\n${reason}\n\n${where}\n`,
    })
    const body = { alertId, path, waitingFor: line.waitingFor, to, times, reason }
    await append(tx, { kind: 'run.nudged', actor: by, subject: `run:${runId}`, body }, house.clock)
    await notifyAll(tx, [`run:${runId}`])
    return to
  })
}

/** Mail addresses of those who are asked and have not answered. */
async function askedAt(tx: Db, approval: Approval): Promise<readonly string[]> {
  const seats = await seatsOf(tx, approval.id)
  const open = openPlaces(approval, seats).flatMap((place) => answerersAt(approval, seats, place))
  return [...new Set(open.flatMap((seat) => (seat.askedAt === null ? [] : [seat.email])))]
}

/** Whose turn it is: the person who was asked, or the people of the role. */
async function waitedFor(
  { people }: Pick<House, 'people'>,
  tx: Db,
  { runId, alertId, line }: { readonly runId: string; readonly alertId: string; readonly line: JournalLine },
): Promise<readonly string[]> {
  switch (line.waitingFor) {
    case 'answer': {
      const asked = await personQuestionOfStep(tx, runId, line.path)
      return asked === null ? [] : [asked.email]
    }
    case 'approval': {
      const approval = (await approvalsOfRun(tx, runId, line.path)).at(-1)
      return approval?.state === 'open' ? askedAt(tx, approval) : []
    }
    case 'release': {
      // One person released it: it waits for those who are asked to do so as well.
      const second = await openReleaseOfAlert(tx, alertId)
      if (second !== null) return askedAt(tx, second)
      return people['approver'] ?? people['lead'] ?? people['analyst'] ?? []
    }
    default:
      return people['analyst'] ?? people['lead'] ?? []
  }
}

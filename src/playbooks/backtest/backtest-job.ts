import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import {
  beginBacktest,
  endBacktest,
  getBacktest,
  insertBacktest,
  keepBacktestRows,
  setBacktestTotal,
} from '../../db/backtests.ts'
import { addJob } from '../../db/jobs.ts'
import { notify } from '../../db/live.ts'
import { transaction } from '../../db/open.ts'
import { Trouble, wordsOf } from '../../kit/errors.ts'
import { append } from '../../ledger/append.ts'
import { Expectation } from '../../model/expectation.ts'
import { scopeWords } from '../../model/expectation-words.ts'
import { Playbook } from '../../model/playbook.ts'
import { ReaderDescription } from '../../model/reader.ts'
import { readerOf } from '../../providers/described.ts'
import type { House } from '../house.ts'
import type { JobInfo, Tasks } from '../worker.ts'
import { expectationLookBack, type TriedExpectation } from './expectation-backtest.ts'
import { playbookLookBack } from './playbook-backtest.ts'
import { type BacktestWalk, backtestPlaybook, backtestReader } from './run-backtest.ts'

const jobName = 'run-backtest'
/** Kills count as tries; one that fails three times by itself is put down as failed before that. */
const jobAttemptsMax = 20
const failedTriesMax = 3
const dayMs = 86_400_000
/** Years back, for a house that keeps everything. */
export const daysMax = 1100

export type Candidate =
  | { readonly kind: 'playbook'; readonly playbook: Playbook }
  | { readonly kind: 'reader'; readonly description: ReaderDescription }
  | { readonly kind: 'expectation'; readonly expectation: TriedExpectation }

/** A person asks for a look back; its id. It is walked by a job, one at a time, and changes nothing but its own list. */
export async function askBacktest(
  house: Pick<House, 'db' | 'clock'>,
  asked: { readonly candidate: Candidate; readonly days: number; readonly by: string },
): Promise<string> {
  const { candidate, days, by } = asked
  const id = randomUUID()
  const about = aboutOf(candidate)
  await transaction(house.db, async (tx) => {
    await insertBacktest(tx, { id, kind: candidate.kind, ...about, days, askedBy: by, askedAt: house.clock.now() })
    const body = { what: candidate.kind, subject: about.subject, days }
    await append(tx, { kind: 'backtest.asked', actor: by, subject: `backtest:${id}`, body }, house.clock)
    // One queue: a second look back waits for the first, so that the desk keeps its breath.
    await addJob(tx, jobName, { backtestId: id }, { key: `backtest:${id}`, attemptsMax: jobAttemptsMax, priority: 10 })
    await notify(tx, 'backtests')
  })
  return id
}

function aboutOf(candidate: Candidate): { subject: string; title: string; candidate: unknown } {
  switch (candidate.kind) {
    case 'playbook':
      return { subject: candidate.playbook.id, title: candidate.playbook.title, candidate: candidate.playbook }
    case 'reader':
      return { subject: candidate.description.id, title: candidate.description.title, candidate: candidate.description }
    case 'expectation': {
      const { id, number, scope } = candidate.expectation
      return { subject: id, title: `E-${number}: ${scopeWords(scope)}`, candidate: candidate.expectation }
    }
  }
}

/** What of an expectation was kept to be tried. */
const Tried = Expectation.pick({
  id: true,
  number: true,
  scope: true,
  condition: true,
  outcome: true,
  reason: true,
  decides: true,
})

/** A person ends a look back. Throws Trouble('not.found') when there is none, 'state.conflict' when it is over. */
export async function cancelBacktest(
  house: Pick<House, 'db' | 'clock'>,
  { id, by }: { readonly id: string; readonly by: string },
): Promise<void> {
  await transaction(house.db, async (tx) => {
    if ((await getBacktest(tx, id)) === null) throw new Trouble('not.found', { id })
    if (!(await endBacktest(tx, id, { state: 'cancelled', at: house.clock.now() })))
      throw new Trouble('state.conflict', { id })
    await append(tx, { kind: 'backtest.cancelled', actor: by, subject: `backtest:${id}`, body: {} }, house.clock)
    await notify(tx, 'backtests')
  })
}

const Payload = z.object({ backtestId: z.uuid() })

/** Thrown out of a walk whose look back a person ended. */
class Ended extends Error {}

export function backtestTasks(house: House): Tasks {
  // Within one process one at a time; a second job waits here, which costs nothing.
  let turn: Promise<void> = Promise.resolve()
  return {
    [jobName]: async (payload, job) => {
      const { backtestId } = Payload.parse(payload)
      const mine = turn.then(() => walkOne(house, backtestId, job))
      turn = mine.catch(() => undefined)
      await mine
    },
  }
}

async function walkOne(house: House, id: string, job: JobInfo): Promise<void> {
  const begun = await transaction(house.db, (tx) => beginBacktest(tx, id))
  if (begun === null) return
  let done = 0
  const walk: BacktestWalk = {
    from: new Date(begun.asked_at.getTime() - begun.days * dayMs),
    to: begun.asked_at,
    signal: job.signal,
    onTotal: (total) => setBacktestTotal(house.db, id, total),
    onRows: async (rows) => {
      if (!(await transaction(house.db, (tx) => keepBacktestRows(tx, id, done, rows)))) throw new Ended()
      done += rows.length
      house.tell(['backtests'])
    },
  }
  try {
    const summary =
      begun.kind === 'playbook'
        ? await backtestPlaybook(house.db, playbookLookBack(Playbook.parse(begun.candidate), house.library), walk)
        : begun.kind === 'expectation'
          ? await backtestPlaybook(house.db, expectationLookBack(Tried.parse(begun.candidate)), walk)
          : await backtestReader(house.db, readerOf(ReaderDescription.parse(begun.candidate)), walk)
    await endBacktest(house.db, id, { state: 'done', at: house.clock.now(), summary })
  } catch (error) {
    if (error instanceof Ended) return
    if (job.signal.aborted || job.tries < failedTriesMax) throw error
    house.log.error({ backtestId: id, error: wordsOf(error) }, 'a look back failed')
    await endBacktest(house.db, id, { state: 'failed', at: house.clock.now(), error: wordsOf(error) })
  }
  house.tell(['backtests'])
}

import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { readlinkSync } from 'node:fs'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type JobHelpers, type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker'
import type { Pool as Connections } from 'pg'
import { z } from 'zod'
import { quietLogger } from '../db/graphile-log.ts'
import {
  capBackoff,
  freeForgottenJobs,
  freeJobsOfDeadNodes,
  freeJobsOfDeadProcesses,
  heartbeat,
  removeNode,
} from '../db/nodes.ts'
import { type Database, openDatabase, openPool } from '../db/open.ts'
import { cancelAbandonedDryRuns, strandedRuns } from '../db/runs.ts'
import { sumUpTally } from '../db/tally.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import { wordsOf } from '../kit/errors.ts'
import { isAlive, stampOf } from '../kit/process-lock.ts'
import { remindOfApproval } from './approvals/ask-place.ts'
import { wakeByClock } from './arrange.ts'
import type { House, Log } from './house.ts'
import { continueRun } from './interpreter.ts'
import { readMessage } from './read-message.ts'
import { queueRun, wakeExpired } from './wake.ts'

/** What a job is told about itself. `tries` counts from 1; kills count too. */
export type JobInfo = { readonly tries: number; readonly signal: AbortSignal }
export type Tasks = Readonly<Record<string, (payload: unknown, job: JobInfo) => Promise<void>>>

/** Every node says that it lives this often. */
export const heartbeatMs = 2000
/** One that was silent for this long is dead: with a sweep every two seconds another takes over within 13 s (15 s promised). */
export const silentMsMax = 10_000
/** Jobs at once. They wait for the database and for connectors most of the time; two cores are busy with 16. */
export const concurrencyDefault = 16
/** A job that failed is tried again within this time. */
const backoffMsMax = 30_000
/** A job that ended but whose end could not be written (the database was away) is freed after this. */
const forgottenMs = 30_000
/** Runs without a job must not exist; looked for this seldom, because it should find nothing. */
const strandedEveryMs = 30_000
/** A dry run takes seconds; an hour is for somebody who stopped it in a debugger. */
const dryRunMsMax = 3_600_000
/** Ends of jobs are written together when they come within this. */
const batchMs = 5
/** A runner with a free hand looks for jobs every second. One that did not between so many heartbeats, while the database answers them, is replaced. */
const beatsWithoutLookMax = 3
/** On stopping, work under way may end by itself for this long; then it is given back. */
const stopGraceMs = 2000
/** A runner that does not end within this is left behind: its jobs are given back all the same. */
const stopMsMax = 15_000

export type Worker = {
  /** Node id, as it stands in journals. */
  readonly node: string
  /** Stops taking jobs, lets those under way end or gives them back, signs off. */
  readonly stop: () => Promise<void>
}

/** "host:pid:start:random": tells this process from every other there ever was. */
export function newNodeId(): string {
  return `${os.hostname()}:${process.pid}:${stampOf(process.pid).startedAt ?? '0'}:${randomBytes(4).toString('hex')}`
}

/** Only processes of one machine and one process namespace can look at each other's pids. */
function hostName(): string {
  try {
    return `${os.hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return os.hostname()
  }
}

/** The engine's own tasks. `main.ts` adds those of the outbox. */
export function houseTasks(house: House): Tasks {
  const Run = z.object({ runId: z.uuid() })
  const Message = z.object({ messageId: z.string() })
  const Alert = z.object({ alertId: z.uuid() })
  const Reminder = z.object({ approvalId: z.uuid(), place: z.int(), n: z.int() })
  return {
    'read-message': async (payload, { tries }) => readMessage(house, Message.parse(payload).messageId, tries),
    'continue-run': async (payload, { tries, signal }) => {
      await continueRun(house, Run.parse(payload).runId, { resumed: tries > 1, signal })
    },
    'remind-approval': async (payload) => remindOfApproval(house, Reminder.parse(payload)),
    'wake-alert': async (payload) => wakeByClock(house, Alert.parse(payload).alertId),
  }
}

export type WorkerOptions = {
  readonly url: string
  /** Decides when a wait has expired; the machine's own when absent. */
  readonly clock?: Clock
  readonly node: string
  readonly log: Log
  readonly tasks: Tasks
  readonly concurrency?: number
}

/** Works on the jobs of this database until it is stopped; comes back by itself when the database was away. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  // Connections of its own, so that a heartbeat never waits behind the work.
  const own = await openDatabase(options.url, { poolMax: 2 })
  const pool = new Pool(options)
  await freeJobsOfDeadProcesses(own.db, hostName(), aliveByStart)
  await pool.start()
  const stopping = new AbortController()
  const beating = beat(own, pool, options, stopping.signal)
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await pool.stop()
    stopping.abort()
    await beating
    try {
      if (pool.id !== null) await freeForgottenJobs(own.db, pool.id, [], 0)
      await removeNode(own.db, options.node)
    } catch (error) {
      options.log.warn({ error: wordsOf(error) }, 'this node could not sign off; its silence will do')
    }
    await own.close()
  }
  return {
    node: options.node,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

/** A node id holds the start of its process, so a later process with the same pid does not keep it alive. */
function aliveByStart(node: { readonly id: string; readonly pid: number }): boolean {
  const startedAt = node.id.split(':').at(-2) ?? null
  return isAlive(node.pid, startedAt === '0' ? null : startedAt)
}

/** Says that this node lives, and frees what dead ones held. Trouble with the database is logged and tried again: the beat goes on. */
async function beat(own: Database, pool: Pool, options: WorkerOptions, signal: AbortSignal): Promise<void> {
  const host = hostName()
  let nextStranded = Date.now() + strandedEveryMs
  while (!signal.aborted) {
    try {
      if (pool.id !== null) {
        await heartbeat(own.db, { id: options.node, host, pid: process.pid, workerPool: pool.id })
        await freeForgottenJobs(own.db, pool.id, pool.inHand(), forgottenMs)
        await pool.replaceIfItStoppedLooking()
      }
      const freed =
        (await freeJobsOfDeadNodes(own.db, silentMsMax)) + (await freeJobsOfDeadProcesses(own.db, host, aliveByStart))
      if (freed > 0) options.log.warn({ jobs: freed }, 'took over the jobs of a node that is gone')
      await capBackoff(own.db, backoffMsMax)
      await wakeExpired(own.db, (options.clock ?? systemClock).now())
      if (Date.now() > nextStranded) {
        nextStranded = Date.now() + strandedEveryMs
        await sumUpTally(own.db)
        await cancelAbandonedDryRuns(own.db, new Date(Date.now() - dryRunMsMax))
        for (const runId of await strandedRuns(own.db, new Date(Date.now() - strandedEveryMs))) {
          options.log.error({ runId }, 'a run had no job to go on with; it has one now')
          await queueRun(own.db, runId)
        }
      }
    } catch (error) {
      options.log.warn({ error: wordsOf(error) }, 'no heartbeat: the database does not answer')
    }
    await sleep(heartbeatMs, undefined, { signal }).catch(() => undefined)
  }
}

/**
 * graphile-worker's runner, replaced by a new one with a new pool id whenever it gives up (it does when it cannot write that a job ended),
 * and when it has stopped looking for jobs without a word. graphile-worker 0.18 does that in two ways that were seen: a first look that
 * fails is kept as the answer to all later ones (taskIdentifiers.js), and a shutdown of its own, when the database goes away in the
 * middle of several jobs, can wait for ever for what it has already ended (9 kills of PostgreSQL were enough).
 */
class Pool {
  id: string | null = null
  readonly #options: WorkerOptions
  readonly #concurrency: number
  readonly #active = new Map<string, number>()
  #runner: Runner | null = null
  #connections: Connections | null = null
  #stopping = false
  /** Looks for jobs that were answered, and how many there were at the last beat. */
  #looks = 0
  #looksAtBeat = 0
  #beatsWithoutLook = 0

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#concurrency = options.concurrency ?? concurrencyDefault
  }

  inHand(): readonly string[] {
    return [...this.#active.keys()]
  }

  async start(): Promise<void> {
    const { url, tasks, log } = this.#options
    const events = new EventEmitter() as WorkerEvents
    events.on('pool:create', ({ workerPool }) => {
      this.id = workerPool.id
    })
    const connections = openPool(url, 6, 'counterfoil-worker')
    this.#connections = connections
    const runner = await run({
      pgPool: connections,
      taskList: this.#taskList(tasks),
      parsedCronItems: [],
      noHandleSignals: true,
      logger: quietLogger,
      events,
      preset: {
        worker: {
          concurrentJobs: this.#concurrency,
          pollInterval: 1000,
          completeJobBatchDelay: batchMs,
          failJobBatchDelay: batchMs,
          gracefulShutdownAbortTimeout: stopGraceMs,
        },
      },
    })
    this.#runner = runner
    this.#beatsWithoutLook = 0
    const looked = (): void => {
      if (this.#runner === runner) this.#looks += 1
    }
    events.on('worker:getJob:empty', looked)
    events.on('job:start', looked)
    runner.promise.then(
      () => this.#replace(runner, connections, 'it ended'),
      (error: unknown) => this.#replace(runner, connections, wordsOf(error)),
    )
    log.debug({ pool: this.id }, 'working')
  }

  /** Call it while the database answers: a runner with a free hand looks every second. */
  async replaceIfItStoppedLooking(): Promise<void> {
    const hasFreeHand = this.#active.size < this.#concurrency
    this.#beatsWithoutLook = hasFreeHand && this.#looks === this.#looksAtBeat ? this.#beatsWithoutLook + 1 : 0
    this.#looksAtBeat = this.#looks
    if (this.#beatsWithoutLook < beatsWithoutLookMax || this.#runner === null || this.#connections === null) return
    await this.#replace(this.#runner, this.#connections, 'it stopped looking for jobs')
  }

  /** Lets go of a runner and starts another, once for each of them, however many reasons there are. */
  async #replace(runner: Runner, connections: Connections, why: string): Promise<void> {
    if (this.#runner !== runner) return
    this.#runner = null
    void this.#letGo(runner, connections)
    if (this.#stopping) return
    this.#options.log.warn({ why }, 'the worker gave up and starts anew')
    for (let waitMs = 100; !this.#stopping; waitMs = Math.min(waitMs * 2, 5000)) {
      try {
        await this.start()
        return
      } catch (problem) {
        void this.#connections?.end().catch(() => undefined)
        this.#options.log.warn({ error: wordsOf(problem) }, 'the worker cannot start yet')
        await sleep(waitMs)
      }
    }
  }

  /** Ends what is left of a runner. Nobody waits for it: it may never end. */
  async #letGo(runner: Runner, connections: Connections): Promise<void> {
    await this.#endRunner(runner)
    await connections
      .end()
      .catch((problem: unknown) => this.#options.log.warn({ error: wordsOf(problem) }, 'connections did not close'))
  }

  #taskList(tasks: Tasks): TaskList {
    const list: TaskList = {}
    for (const [name, task] of Object.entries(tasks)) {
      list[name] = async (payload: unknown, helpers: JobHelpers): Promise<void> => {
        const { id, attempts } = helpers.job
        this.#active.set(String(id), attempts)
        try {
          await task(payload, { tries: attempts, signal: helpers.abortSignal })
        } catch (error) {
          this.#options.log.warn(
            { job: name, payload, tries: attempts, error: wordsOf(error) },
            'a job failed and is tried again',
          )
          throw error
        } finally {
          this.#active.delete(String(id))
        }
      }
    }
    return list
  }

  async stop(): Promise<void> {
    this.#stopping = true
    const [runner, connections] = [this.#runner, this.#connections]
    this.#runner = null
    if (runner !== null && connections !== null)
      await Promise.race([this.#letGo(runner, connections), sleep(stopMsMax, undefined, { ref: false })])
  }

  async #endRunner(runner: Runner): Promise<void> {
    try {
      await runner.stop()
    } catch (error) {
      this.#options.log.debug({ error: wordsOf(error) }, 'the worker had stopped already')
    }
  }
}

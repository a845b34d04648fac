import { Worker } from 'node:worker_threads'
import { Trouble, wordsOf } from '../../kit/errors.ts'

/** A thread is up in 0.1 s; on a machine that is busy all over, this much is let pass before it counts as dead. */
const startMsMax = 60_000

/** Jobs that wait for a thread. Whoever reads mail takes a few at a time; more than this is a leak, not a load. */
const waitingMax = 10_000

/** A job took too long, or its worker died over it. */
export class Killed extends Error {
  constructor(why: string) {
    super(why)
    this.name = 'Killed'
  }
}

/** Messages between the pool and its worker. `ask` is a question of the worker to the main thread, such as a DNS look-up. */
export type ToWorker =
  | { readonly kind: 'job'; readonly id: number; readonly job: unknown }
  | { readonly kind: 'answer'; readonly ask: number; readonly value?: unknown; readonly error?: unknown }
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly id: number; readonly result?: unknown; readonly error?: unknown }
  | { readonly kind: 'ask'; readonly id: number; readonly ask: number; readonly question: unknown }

export type PoolOptions = {
  readonly script: URL
  readonly workersMax: number
  /** Jobs one worker has at the same time. Above one, a job that waits for the network does not hold up the others. */
  readonly inFlightMax: number
  readonly timeoutMs: number
  /** Heap of one worker; beyond it the worker dies and not the process. Bytes of mails live outside the heap. */
  readonly heapMegabytesMax: number
  /** Answers a worker's question for the job it belongs to. The answer, or what was thrown, goes back as plain data. */
  readonly answer?: (job: unknown, question: unknown) => Promise<unknown>
}

type Task = {
  readonly job: unknown
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  alone: boolean
  timer: NodeJS.Timeout | null
}
type Seat = { readonly worker: Worker; readonly tasks: Map<number, Task>; dead: boolean; ready: boolean }

/**
 * Worker threads that can be killed in the middle of a loop. A job over its time takes its worker with it; the others that were in
 * that worker are run again, each alone, because one that blocks the thread makes all of them late.
 */
export class KillablePool {
  private readonly options: PoolOptions
  private readonly seats: Seat[] = []
  private readonly waiting: Task[] = []
  private nextId = 1
  private closed = false

  constructor(options: PoolOptions) {
    this.options = options
  }

  run(job: unknown): Promise<unknown> {
    if (this.closed) return Promise.reject(new Killed('the workers are closed'))
    if (this.waiting.length >= waitingMax) return Promise.reject(new Trouble('rate.limited', { waiting: waitingMax }))
    return new Promise((resolve, reject) => {
      this.waiting.push({ job, resolve, reject, alone: false, timer: null })
      this.dispatch()
    })
  }

  async close(): Promise<void> {
    this.closed = true
    for (const task of this.waiting.splice(0)) task.reject(new Killed('the workers are closed'))
    await Promise.all(this.seats.splice(0).map((seat) => this.kill(seat, new Killed('the workers are closed'))))
  }

  private dispatch(): void {
    while (this.waiting.length > 0) {
      const task = this.waiting[0] as Task
      const seat = this.freeSeat(task.alone)
      if (seat === null) return
      this.waiting.shift()
      this.give(seat, task)
    }
  }

  /** The least busy seat with room; a new one while there may be more and none is idle. A suspect gets a seat for itself. */
  private freeSeat(alone: boolean): Seat | null {
    const idle = this.seats.find((seat) => seat.tasks.size === 0)
    if (idle !== undefined) return idle
    if (this.seats.length < this.options.workersMax) return this.open()
    if (alone) return null
    const open = this.seats.filter(
      (seat) => seat.tasks.size < this.options.inFlightMax && ![...seat.tasks.values()].some((task) => task.alone),
    )
    return open.sort((a, b) => a.tasks.size - b.tasks.size)[0] ?? null
  }

  private open(): Seat {
    const worker = new Worker(this.options.script, {
      resourceLimits: { maxOldGenerationSizeMb: this.options.heapMegabytesMax },
      // A process begun with -e hands its code down, and the thread would run that instead of its script.
      execArgv: [],
    })
    const seat: Seat = { worker, tasks: new Map(), dead: false, ready: false }
    worker.on('message', (message: FromWorker) => this.hear(seat, message))
    worker.on('error', (error) => void this.lose(seat, `the worker died: ${wordsOf(error)}`))
    worker.on('exit', () => void this.lose(seat, 'the worker ended'))
    worker.unref()
    this.seats.push(seat)
    return seat
  }

  private give(seat: Seat, task: Task): void {
    const id = this.nextId++
    seat.tasks.set(id, task)
    // An idle pool lets the process end; a busy one keeps it.
    seat.worker.ref()
    this.time(seat, task)
    seat.worker.postMessage({ kind: 'job', id, job: task.job } satisfies ToWorker)
  }

  /** A job's time begins when its thread is up, not while it is being loaded. */
  private time(seat: Seat, task: Task): void {
    if (task.timer !== null) clearTimeout(task.timer)
    const ms = seat.ready ? this.options.timeoutMs : startMsMax
    task.timer = setTimeout(() => void this.lose(seat, `took longer than ${ms} ms`), ms)
  }

  private hear(seat: Seat, message: FromWorker): void {
    if (message.kind === 'ready') {
      seat.ready = true
      for (const task of seat.tasks.values()) this.time(seat, task)
      return
    }
    const task = seat.tasks.get(message.id)
    if (task === undefined) return
    if (message.kind === 'ask') {
      void this.answer(seat, task, message)
      return
    }
    seat.tasks.delete(message.id)
    if (task.timer !== null) clearTimeout(task.timer)
    if (seat.tasks.size === 0) seat.worker.unref()
    if (message.error === undefined) task.resolve(message.result)
    else task.reject(message.error)
    this.dispatch()
  }

  private async answer(seat: Seat, task: Task, message: FromWorker & { kind: 'ask' }): Promise<void> {
    let reply: ToWorker
    try {
      const value = await this.options.answer?.(task.job, message.question)
      reply = { kind: 'answer', ask: message.ask, value }
    } catch (error) {
      reply = {
        kind: 'answer',
        ask: message.ask,
        error: { code: (error as { code?: unknown }).code, message: wordsOf(error) },
      }
    }
    if (!seat.dead) seat.worker.postMessage(reply)
  }

  /** A seat is given up: its suspects fail or get one more try alone. */
  private async lose(seat: Seat, why: string): Promise<void> {
    if (seat.dead) return
    const at = this.seats.indexOf(seat)
    if (at >= 0) this.seats.splice(at, 1)
    // A thread that never came up is a fault of the house, not of the mail it was given.
    await this.kill(seat, seat.ready ? new Killed(why) : new Error(`the thread did not start: ${why}`))
    this.dispatch()
  }

  private async kill(seat: Seat, error: Error): Promise<void> {
    if (seat.dead) return
    seat.dead = true
    const tasks = [...seat.tasks.values()]
    seat.tasks.clear()
    for (const task of tasks) {
      if (task.timer !== null) clearTimeout(task.timer)
      if (this.closed || task.alone || tasks.length === 1) task.reject(error)
      else this.waiting.unshift({ ...task, alone: true, timer: null })
    }
    await seat.worker.terminate()
  }
}

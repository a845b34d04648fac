import { Worker } from 'node:worker_threads'
import { wordsOf } from '../../kit/errors.ts'
import type { Done, MappingTask, Task } from './mapping-worker.ts'

/** A mapping of a full response took 20 ms here; ten times that is one that does not end. The first one waits for the worker to start. */
const mappingMsMax = 500
const startMsMax = 5_000
/** Responses are a few MB at most; expressions that grow beyond this are a mistake. */
const heapMbMax = 128

type Waiting = { readonly task: MappingTask; readonly done: (done: Done) => void }

/** Maps responses in a worker, one after the other, and kills it when one takes too long. All HTTP/JSON connectors share one. */
export class Mapper {
  #worker: Worker | null = null
  #current: (Waiting & { readonly timer: NodeJS.Timeout }) | null = null
  readonly #waiting: Waiting[] = [] // Bounded by the concurrency of the connectors: each waits for its own.
  #tasks = 0

  run(task: Task): Promise<Done> {
    return new Promise((done) => {
      this.#tasks += 1
      this.#waiting.push({ task: { ...task, id: this.#tasks }, done })
      this.#next()
    })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #next(): void {
    if (this.#current !== null) return
    const next = this.#waiting.shift()
    if (next === undefined) {
      this.#worker?.unref()
      return
    }
    const starting = this.#worker === null
    this.#worker ??= this.#start()
    this.#worker.ref()
    const limitMs = starting ? startMsMax : mappingMsMax
    const timer = setTimeout(() => this.#kill(`the mapping took longer than ${limitMs} ms`), limitMs)
    this.#current = { ...next, timer }
    this.#worker.postMessage(next.task)
  }

  #start(): Worker {
    const worker = new Worker(new URL('./mapping-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
    })
    worker.on('message', (said: { id: number; done: Done }) => {
      if (said.id === this.#current?.task.id) this.#settle(said.done)
    })
    worker.on('error', (error) => this.#kill(`the mapping broke: ${wordsOf(error)}`, worker))
    return worker
  }

  #kill(why: string, worker = this.#worker): void {
    if (worker !== this.#worker) return
    this.#worker = null
    // Its end is awaited by nobody: whatever it still does, its answer is not taken any more.
    void worker?.terminate()
    this.#settle({ kind: 'failed', why })
  }

  #settle(done: Done): void {
    const current = this.#current
    this.#current = null
    if (current !== null) {
      clearTimeout(current.timer)
      current.done(done)
    }
    this.#next()
  }
}

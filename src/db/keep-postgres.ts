import { setTimeout as sleep } from 'node:timers/promises'
import { wordsOf } from '../kit/errors.ts'
import { isAlive, stampOf } from '../kit/process-lock.ts'
import { type LaunchOptions, startPostgres } from './launcher.ts'
import { leave } from './leave.ts'

/** How soon an end is noticed: a start after a crash takes 100 ms, so that doors answer 4xx for less than a second. */
const lookEveryMs = 500
/** A start that fails (the disk is full, memory is short) is tried again, at last this seldom. */
const tryAgainMsMax = 10_000

export type KeptPostgres = {
  readonly url: string
  /** Stops it, unless somebody else uses it; in both cases looks after it no more. */
  readonly letGo: () => Promise<void>
}

/**
 * Starts the embedded PostgreSQL as `startPostgres` does, and again whenever it has ended by itself: killed for memory, or given up
 * because it could not write to a full disk. Its address stays the same, so that pools find it again without being told.
 */
export async function keepPostgres(options: LaunchOptions): Promise<KeptPostgres> {
  let postgres = await startPostgres(options)
  const letting = new AbortController()
  const keep = async (): Promise<void> => {
    let stamp = stampOf(postgres.pid)
    for (let waitMs = lookEveryMs; !letting.signal.aborted; ) {
      await sleep(waitMs, undefined, { signal: letting.signal }).catch(() => undefined)
      if (letting.signal.aborted || isAlive(stamp.pid, stamp.startedAt)) continue
      options.log.warn({ pid: stamp.pid }, 'PostgreSQL has ended by itself; it is started again')
      try {
        postgres = await startPostgres(options)
        stamp = stampOf(postgres.pid)
        waitMs = lookEveryMs
        options.log.warn({ pid: stamp.pid }, 'PostgreSQL runs again')
      } catch (error) {
        waitMs = Math.min(waitMs * 2, tryAgainMsMax)
        options.log.warn({ error: wordsOf(error), waitMs }, 'PostgreSQL does not start; it is tried again')
      }
    }
  }
  const keeping = keep()
  return {
    url: postgres.url,
    letGo: async () => {
      letting.abort()
      await keeping
      await leave(postgres)
    },
  }
}

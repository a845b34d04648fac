import type { Kysely } from 'kysely'
import { notifyAll } from '../db/live.ts'
import type { Tables } from '../db/tables.ts'
import { wordsOf } from '../kit/errors.ts'
import type { Log } from './house.ts'

/** A person sees no difference below a tenth of a second. */
const gatherMs = 40

/**
 * Says on all nodes that something changed. Not in the transaction of the change: PostgreSQL commits transactions with a NOTIFY one
 * after the other, each with its own flush to disk, and the steps of a hundred runs a second would queue up there. Gathered and without
 * doubles instead. A page that misses one (the process died just then) sees it with the next.
 */
export function makeTeller(
  db: Kysely<Tables>,
  log: Log,
): { readonly tell: (topics: readonly string[]) => void; readonly close: () => Promise<void> } {
  const waiting = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let telling: Promise<void> = Promise.resolve()
  const flush = (): void => {
    timer = undefined
    if (waiting.size === 0) return
    const topics = [...waiting]
    waiting.clear()
    telling = telling
      .then(() => notifyAll(db, topics))
      .catch((error: unknown) => log.debug({ error: wordsOf(error) }, 'news could not be told'))
  }
  return {
    tell: (topics) => {
      for (const topic of topics) waiting.add(topic)
      timer ??= setTimeout(flush, gatherMs)
    },
    close: async () => {
      clearTimeout(timer)
      flush()
      await telling
    },
  }
}

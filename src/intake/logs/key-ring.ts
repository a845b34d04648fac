import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../kit/clock.ts'
import type { LogSource } from '../../model/lake.ts'
import type { LogPostDoor } from '../../model/log-post.ts'

/** A key that was taken back is refused after this at the latest. */
const freshMs = 2_000
/** While the list cannot be read (the engine starts again), the last one stands for this long: lines go on coming meanwhile. */
const staleMsMax = 5 * 60_000
const digestBytes = 32

type Ring = { readonly readAt: number; readonly keys: readonly { readonly digest: Buffer; readonly source: string }[] }

/**
 * Says whose key it is, by digest and in constant time; null: nobody's. Throws Trouble of `listSources` where it cannot be known.
 */
export function makeSourceOfKey(options: {
  readonly listSources: () => Promise<readonly LogSource[]>
  readonly clock: Clock
}): LogPostDoor['sourceOfKey'] {
  const { listSources, clock } = options
  let ring: Ring | null = null
  let reading: Promise<Ring> | null = null
  const read = async (): Promise<Ring> => {
    const sources = await listSources()
    const keys = sources.flatMap(({ id, keys }) =>
      keys.map(({ digest }) => ({ digest: Buffer.from(digest, 'hex'), source: id })),
    )
    return { readAt: clock.now().getTime(), keys: keys.filter(({ digest }) => digest.length === digestBytes) }
  }
  const current = async (): Promise<Ring> => {
    const age = ring === null ? Number.POSITIVE_INFINITY : clock.now().getTime() - ring.readAt
    if (ring !== null && age <= freshMs) return ring
    try {
      reading ??= read().finally(() => {
        reading = null
      })
      ring = await reading
      return ring
    } catch (error) {
      if (ring === null || age > staleMsMax) throw error
      return ring
    }
  }
  return async (key) => {
    const { keys } = await current()
    const asked = createHash('sha256').update(key).digest()
    let source: string | null = null
    // All of them, so that the time does not say which one it was.
    for (const one of keys) if (timingSafeEqual(one.digest, asked)) source = one.source
    return source
  }
}

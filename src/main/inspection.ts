import { KillablePool } from '../intake/mail/killable-pool.ts'
import { wordsOf } from '../kit/errors.ts'
import type { Inspect, Inspected } from '../model/attachment.ts'

export type InspectionJob = { readonly name: string; readonly bytes: Uint8Array }

/** A document of 10 MB is looked into in 1 s. */
const timeoutMs = 20_000
/** What it unpacks is bounded to 32 MB; its text, twice as characters and once more in pieces, stays below this. */
const heapMegabytesMax = 512

/** Looks into files in a thread of its own, which is killed over one that takes too long or too much: that one is blocked, and says why. */
export function makeInspect(): Inspect & { readonly close: () => Promise<void> } {
  const pool = new KillablePool({
    script: new URL('./inspection-worker.ts', import.meta.url),
    ...{ workersMax: 1, inFlightMax: 1, timeoutMs, heapMegabytesMax },
  })
  const inspect: Inspect = async (name, bytes) => {
    try {
      // The thread is ours, and runs inspectFile.
      return (await pool.run({ name, bytes: new Uint8Array(bytes) } satisfies InspectionJob)) as Inspected
    } catch (error) {
      const why = error instanceof Error ? wordsOf(error) : (error as { readonly message: string }).message
      return {
        kind: 'blocked',
        why: `It could not be looked into: ${why}.`,
        next: 'Attach what they need of it as text or CSV.',
      }
    }
  }
  return Object.assign(inspect, { close: () => pool.close() })
}

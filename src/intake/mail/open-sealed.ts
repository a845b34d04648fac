import type { Opened, OpenSealed, SealedSeen } from '../../model/doors.ts'
import { mailBytesMax } from '../../model/message.ts'
import { isCompoundFile } from './compound-file.ts'
import { KillablePool, Killed } from './killable-pool.ts'
import type { MailJob } from './mail-worker.ts'
import { isSealed } from './sealed-mail.ts'

/** A mail of 25 MB opens in a second; what takes longer was made to. */
const timeoutMsDefault = 10_000
/** The structure of a mail of 25 MB is held three times over while it is read. */
const heapMegabytesMax = 512

const asItCame: Opened = { bytes: null, seen: null }

/** Opens mail that is encrypted to us and checks signatures over content, in a thread of its own (sealed-mail.ts). Keys are asked for where it is needed only. */
export function makeOpenSealed(
  options: { readonly timeoutMs?: number } = {},
): OpenSealed & { readonly close: () => Promise<void> } {
  const pool = new KillablePool({
    script: new URL('./mail-worker.ts', import.meta.url),
    workersMax: 1,
    inFlightMax: 1,
    timeoutMs: options.timeoutMs ?? timeoutMsDefault,
    heapMegabytesMax,
  })
  const open: OpenSealed = async (bytes, keysNow) => {
    if (bytes.length > mailBytesMax || isCompoundFile(bytes) || !isSealed(bytes)) return asItCame
    const keys = await keysNow()
    try {
      return (await pool.run({ kind: 'open', bytes: new Uint8Array(bytes), keys } satisfies MailJob)) as Opened
    } catch (error) {
      // A thread that does not start is a fault of the house: the message is tried again, and not read without its verdict.
      if (error instanceof Error && !(error instanceof Killed)) throw error
      const problem = error instanceof Killed ? error.message : (error as { message: string }).message
      return { bytes: null, seen: { ...unlooked, problem } }
    }
  }
  return Object.assign(open, { close: () => pool.close() })
}

const unlooked: Omit<SealedSeen, 'problem'> = {
  ...{ method: 'smime', encrypted: 'no', signature: 'unchecked', signer: null, signedAt: null, vouchers: [] },
}

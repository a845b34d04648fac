import type { TroubleCode } from '../../kit/errors.ts'
import { isTrouble, Trouble } from '../../kit/errors.ts'
import type { Parse } from '../../model/doors.ts'
import type { Letter } from '../../model/letter.ts'
import { mailBytesMax } from '../../model/message.ts'
import { isCompoundFile } from './compound-file.ts'
import { KillablePool, Killed } from './killable-pool.ts'
import type { MailJob } from './mail-worker.ts'
import { readHead } from './read-letter.ts'

/** A mail is read in 1 ms, the worst of the hostile ones tried in 0.6 s. */
const timeoutMsDefault = 5000
/** The text of one letter is at most 16 M characters, which with its copies stays below 200 MB. */
const heapMegabytesMax = 384

export type ParseOptions = { readonly workers?: number; readonly timeoutMs?: number }

/** What the thread says of an error, as plain data. */
type Refused = {
  readonly message: string
  readonly trouble: { readonly code: TroubleCode; readonly details: Record<string, unknown> } | null
}

/** The Letter of a mail that could not be read in time: its header only, and a warning. The message itself is never lost. */
function headerOnly(bytes: Uint8Array, why: string): Letter {
  return readHead(bytes, `only the header was read: ${why}`)
}

/**
 * Bytes of a mail, or of an Outlook .msg, to Letters in threads of their own, which are killed when one takes longer than `timeoutMs` (default 5 s). Rejects with
 * Trouble('input.invalid') for what is no mail and Trouble('input.too-large') over 25 MiB.
 */
export function makeParse(options: ParseOptions = {}): Parse & { readonly close: () => Promise<void> } {
  const pool = new KillablePool({
    script: new URL('./mail-worker.ts', import.meta.url),
    workersMax: options.workers ?? 1,
    inFlightMax: 1,
    timeoutMs: options.timeoutMs ?? timeoutMsDefault,
    heapMegabytesMax,
  })
  const parse: Parse = async (bytes) => {
    if (bytes.length > mailBytesMax)
      throw new Trouble('input.too-large', { bytes: bytes.length, bytesMax: mailBytesMax })
    try {
      // The thread is ours and runs readLetter, whose result is a Letter by its type; checking 16 MB of text again would cost more than reading it.
      return (await pool.run({
        kind: isCompoundFile(bytes) ? 'read-msg' : 'read',
        bytes: new Uint8Array(bytes),
      } satisfies MailJob)) as Letter
    } catch (error) {
      if (error instanceof Killed) return headerOnly(bytes, error.message)
      if (isTrouble(error)) throw error
      if (error instanceof Error) throw new Trouble('internal', { problem: 'the mail thread does not start' }, error)
      const refused = error as Refused
      if (refused.trouble !== null) throw new Trouble(refused.trouble.code, refused.trouble.details)
      return headerOnly(bytes, refused.message)
    }
  }
  return Object.assign(parse, { close: () => pool.close() })
}

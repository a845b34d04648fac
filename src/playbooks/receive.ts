import type { Kysely } from 'kysely'
import { addJob } from '../db/jobs.ts'
import { insertMessage, insertMessageAgain } from '../db/messages.ts'
import { transaction } from '../db/open.ts'
import type { Tables } from '../db/tables.ts'
import type { Clock } from '../kit/clock.ts'
import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import { append } from '../ledger/append.ts'
import type { Receipt, Receive } from '../model/message.ts'
import { runJobAttemptsMax } from './wake.ts'

/** Three times the largest provider mail we have seen; the doors announce the same limit. */
export const messageBytesMax = 25 * 1024 * 1024

/**
 * The one way in. Puts the bytes, the ledger line and the job that reads them down in one transaction; when it returns, the
 * message is kept for ever, and not before: a door says its 250 after that. The same bytes again are counted, not kept twice.
 * Throws Trouble('input.too-large'), 'database.unreachable' or 'disk.full': the door then refuses for now, and nothing is lost.
 */
export function makeReceive(house: {
  readonly db: Kysely<Tables>
  readonly clock: Clock
  /** Everything that comes in is marked as sample data. */
  readonly sample?: boolean
}): Receive {
  return async (raw): Promise<Receipt> => {
    const sizeBytes = raw.bytes.byteLength
    if (sizeBytes === 0) throw new Trouble('input.invalid', { problem: 'an empty message' })
    if (sizeBytes > messageBytesMax) throw new Trouble('input.too-large', { sizeBytes, most: messageBytesMax })
    const id = sha256Hex(raw.bytes)
    const now = house.clock.now()
    const about = { channel: raw.channel, origin: raw.origin, sourceAddress: raw.sourceAddress, sizeBytes }
    const fresh = await transaction(house.db, async (tx) => {
      const fresh = await insertMessage(tx, id, raw, now, house.sample ?? false)
      if (!fresh) await insertMessageAgain(tx, id, raw, now)
      const kind = fresh ? 'message.received' : 'message.duplicate'
      await append(tx, { kind, actor: 'system', subject: `message:${id}`, body: about }, house.clock)
      if (fresh)
        await addJob(tx, 'read-message', { messageId: id }, { key: `read:${id}`, attemptsMax: runJobAttemptsMax })
      return fresh
    })
    return { id, fresh }
  }
}

import type { Db } from '../../db/open.ts'
import { replyByMessageId } from '../../db/threads.ts'
import type { Letter } from '../../model/letter.ts'

/** What stands below the header, with one kind of line end and without blank lines at its end: those change on the way. */
function bodyOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1').replaceAll('\r\n', '\n')
  const gap = text.indexOf('\n\n')
  return gap === -1 ? '' : text.slice(gap + 2).trimEnd()
}

/**
 * True when these bytes hold the very body that was released. A Message-ID proves nothing: it stands in the References of every
 * mail that follows, so that whoever was sent the thread can write it. Servers add header fields on the way, so the header does not count.
 */
export function isCopyOf(came: Uint8Array, released: Uint8Array | null): boolean {
  if (released === null) return false
  const body = bodyOf(released)
  return body !== '' && bodyOf(came) === body
}

/** The reply of ours that this mail is a true copy of; null when it only says so. */
export async function ownCopyIn(
  db: Db,
  bytes: Uint8Array,
  letter: Letter | null,
): Promise<{ readonly replyId: string; readonly alertId: string } | null> {
  if (letter?.messageId == null) return null
  const reply = await replyByMessageId(db, [letter.messageId])
  return reply !== null && isCopyOf(bytes, reply.bytes) ? reply : null
}

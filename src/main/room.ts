import { statfs } from 'node:fs/promises'
import { Trouble } from '../kit/errors.ts'
import type { Receive } from '../model/message.ts'

/**
 * Kept free for the work on what was taken in already. PostgreSQL that cannot write its log ends itself at once (a segment is 16 MiB,
 * and it may want two): no mail is worth that.
 */
export const reservedBytes = 64 * 1024 * 1024
/** A mail is written twice: to the log and to its table. */
const writtenTimes = 2

/** Whether there is room for so many more bytes on the disk of the embedded database. */
export type HasRoom = (bytes: number) => Promise<boolean>

export function roomOn(folder: string): HasRoom {
  return async (bytes) => {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize - bytes * writtenTimes >= reservedBytes
  }
}

/** Refuses with Trouble('disk.full') before the disk is full to the brim: doors answer 4xx, and what was taken in is worked on. */
export function whileRoom(receive: Receive, hasRoom: HasRoom): Receive {
  return async (raw) => {
    if (!(await hasRoom(raw.bytes.byteLength))) throw new Trouble('disk.full', { reservedBytes })
    return receive(raw)
  }
}

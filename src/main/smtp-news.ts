import type { Clock } from '../kit/clock.ts'
import { isTrouble } from '../kit/errors.ts'
import type { Receive } from '../model/message.ts'
import type { HasRoom } from './room.ts'

export const diskFullSays =
  'The disk is full: mail is refused with 452, so that senders keep it and try again; nothing is lost. Free some space, and it goes on by itself.'

export type SmtpNews = {
  readonly receive: Receive
  readonly now: () => Promise<{ readonly state: string; readonly says: string; readonly lastSuccess: string | null }>
}

/** What the SMTP door says of itself: that it listens, or that it must refuse. `changed` is called when that may have changed. */
export function smtpNews(parts: {
  readonly receive: Receive
  readonly clock: Clock
  /** Null where the database is not on a disk of ours: then only its own refusal tells. */
  readonly hasRoom: HasRoom | null
  readonly listens: () => string
  readonly changed: () => void
}): SmtpNews {
  let lastSuccess: string | null = null
  let isFull = false
  const become = (full: boolean): void => {
    const changed = full !== isFull
    isFull = full
    if (changed) parts.changed()
  }
  return {
    receive: async (raw) => {
      try {
        const receipt = await parts.receive(raw)
        lastSuccess = parts.clock.now().toISOString()
        become(false)
        return receipt
      } catch (error) {
        if (isTrouble(error, 'disk.full')) become(true)
        throw error
      }
    },
    now: async () => {
      if (parts.hasRoom !== null) isFull = !(await parts.hasRoom(0))
      return { state: isFull ? 'failing' : 'active', says: isFull ? diskFullSays : parts.listens(), lastSuccess }
    },
  }
}

import type { ChannelRecord } from '../../db/chat.ts'
import { unseal } from '../../kit/seal.ts'
import type { ChatKind, ChatMessage } from '../../model/chat.ts'
import type { Called } from '../../model/elsewhere.ts'
import type { House } from '../house.ts'
import type { ReplyDesk } from '../replies/desk.ts'

/** What the work on chats is handed: the record, the time, the channels as functions, the key of secrets, and where we are. */
export type ChatDesk = Pick<House, 'db' | 'clock' | 'log'> &
  Pick<ReplyDesk, 'lists' | 'ownDomains'> & {
    readonly sealKey: Uint8Array
    /** A message as this kind of channel takes it. */
    readonly bytesOf: (kind: ChatKind, message: ChatMessage) => Uint8Array
    /** Opens the way to a channel; it is closed by whoever opened it. */
    readonly open: (
      channel: ChannelRecord,
      url: string,
    ) => {
      readonly post: (entryId: string, bytes: Uint8Array) => Promise<Called<null>>
      readonly close: () => Promise<void>
    }
    /** The page of an alert, for links from there to here. */
    readonly alertUrl: (alertId: string) => string
    /** The desk itself, for what is about no alert. */
    readonly deskUrl: string
  }

/** What a sealed address is for: nothing of one channel opens in another. */
export function placeOfChannel(id: string): string {
  return `chat:${id}`
}

export function urlOf(desk: Pick<ChatDesk, 'sealKey'>, channel: ChannelRecord): string {
  return unseal(desk.sealKey, channel.sealed, placeOfChannel(channel.id))
}

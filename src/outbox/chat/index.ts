import type { Clock } from '../../kit/clock.ts'
import type { ChatKind, ChatMessage, ChatSettings } from '../../model/chat.ts'
import type { Called } from '../../model/elsewhere.ts'
import { CallOut, nothingToRead } from '../call-out.ts'
import { type OutsideEntryOf, passOutside } from '../gate.ts'
import { slackBody } from './slack.ts'
import { teamsBody } from './teams.ts'

/** A webhook answers in a second; whoever waits for a person to be told does not wait longer. */
const timeoutMs = 15_000

const bodies = { slack: slackBody, teams: teamsBody } as const

/** The bytes of a message, as this kind of channel takes them. */
export function chatBytes(kind: ChatKind, message: ChatMessage): Uint8Array {
  return Buffer.from(JSON.stringify(bodies[kind](message)))
}

/** The way to a channel. Never rejects but at the gate. */
export type ChatDoor = {
  /** Posts bytes that have an entry in what left, once. */
  readonly post: (entryId: string, bytes: Uint8Array) => Promise<Called<null>>
  readonly close: () => Promise<void>
}

export function openChat(
  channel: { readonly id: string; readonly kind: ChatKind; readonly settings: ChatSettings },
  url: string,
  parts: { readonly clock: Clock; readonly entryOf: OutsideEntryOf },
): ChatDoor {
  const { allowAddresses, ca } = channel.settings
  const out = new CallOut({ allowAddresses, ca, timeoutMs }, parts.clock)
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  return {
    post: async (entryId, bytes) => {
      const knocking = { way: channel.kind, place: channel.id, bytes, asItIs: true }
      const pass = await passOutside(parts.entryOf, entryId, knocking)
      return nothingToRead(await out.tell(pass, { method: 'POST', url, headers, body: bytes }))
    },
    close: () => out.close(),
  }
}

import { sha256Hex } from '../kit/digest.ts'
import { Trouble } from '../kit/errors.ts'
import type { Egress } from '../model/egress.ts'

/** Reads an entry of the egress ledger as it is committed; null when there is none. */
export type EntryOf = (id: string) => Promise<Egress | null>

/** What is about to leave by a door. */
export type Knocking = {
  readonly channel: Egress['channel']
  readonly bytes: Uint8Array
  readonly to: readonly string[]
}

/**
 * The one gate towards providers: every door asks here at the last moment, and sends only what it answers. It looks the entry up itself,
 * so that nobody can bring one along. Throws Trouble('internal') with the problem unless a person released exactly these bytes for exactly
 * these recipients by this channel, and the record says that they are leaving now.
 */
export async function passGate(entryOf: EntryOf, entryId: string, knocking: Knocking): Promise<Egress> {
  const refuse = (problem: string): never => {
    throw new Trouble('internal', { problem, entryId })
  }
  const entry = (await entryOf(entryId)) ?? refuse('nobody released this: it has no entry in the egress ledger')
  if (!/^(?:user|person):./.test(entry.releasedBy)) refuse('no person released this')
  if (entry.rule === '') refuse('it was released under no rule')
  if (entry.state !== 'leaving') refuse(`it is not leaving now: it is ${entry.state}`)
  if (entry.channel !== knocking.channel) refuse('it was released for another way out')
  if (sha256Hex(knocking.bytes) !== entry.sha256) refuse('the bytes are not those that were released')
  if (knocking.bytes.byteLength !== entry.sizeBytes) refuse('the bytes are not those that were released')
  if (knocking.to.length === 0 || knocking.to.join('\n') !== entry.recipients.join('\n'))
    refuse('the recipients are not those it was released for')
  return entry
}

/** What leaves by another way than mail, as it is committed in what left. */
export type OutsideEntry = {
  readonly way: string
  readonly place: string
  readonly sha256: string
  readonly state: string
  readonly agreedBy: string
}
export type OutsideEntryOf = (id: string) => Promise<OutsideEntry | null>

/**
 * The same gate for chats: no person releases each message, whoever set the channel up agreed to what goes there. Throws Trouble('internal')
 * unless these very bytes stand in what left, for this place, as leaving now.
 */
export async function passOutside(
  entryOf: OutsideEntryOf,
  entryId: string,
  knocking: { readonly way: string; readonly place: string; readonly bytes: Uint8Array },
): Promise<void> {
  const refuse = (problem: string): never => {
    throw new Trouble('internal', { problem, entryId })
  }
  const entry = (await entryOf(entryId)) ?? refuse('it has no entry in what left')
  if (!/^user:./.test(entry.agreedBy)) refuse('nobody agreed that it leaves')
  if (entry.state !== 'leaving') refuse(`it is not leaving now: it is ${entry.state}`)
  if (entry.way !== knocking.way || entry.place !== knocking.place) refuse('it was meant for another place')
  if (sha256Hex(knocking.bytes) !== entry.sha256) refuse('the bytes are not those that were written down')
}

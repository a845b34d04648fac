import type { Json } from '../kit/canonical-json.ts'
import { bytesTold } from '../model/bytes-told.ts'
import type { TicketSystemBehind } from '../model/elsewhere.ts'
import { type OutsideEntryOf, type Pass, passOutside } from './gate.ts'

/**
 * The door to a system of tickets: whoever tells it something names an entry in what left, and the gate holds the very words against it before
 * the system's own code gets them. That code cannot tell anything by itself: what it calls out with wants what the gate gives.
 */
export function ticketDoor(
  system: TicketSystemBehind<Pass>,
  place: { readonly way: string; readonly place: string },
  entryOf: OutsideEntryOf,
): TicketSystemBehind<string> {
  const pass = (entryId: string, what: Json | Uint8Array): Promise<Pass> =>
    passOutside(entryOf, entryId, { ...place, bytes: bytesTold(what), asItIs: false })
  return {
    ...system,
    create: async (entry, out) => system.create(await pass(entry, out), out),
    update: async (entry, id, out) => system.update(await pass(entry, out), id, out),
    setStatus: async (entry, id, status, ends) => system.setStatus(await pass(entry, { status }), id, status, ends),
    comment: async (entry, id, comment) => system.comment(await pass(entry, { text: comment.text }), id, comment),
    attach: async (entry, id, file) => system.attach(await pass(entry, file.bytes), id, file),
  }
}

import type { SystemRecord } from '../../db/elsewhere-systems.ts'
import type { SystemSettings, TicketSystemBehind } from '../../model/elsewhere.ts'
import type { House } from '../house.ts'

/** Of a line in what left, as it is committed. */
export type EntryId = string

/** What the work on tickets elsewhere is handed: the record, the time, the systems as functions, the key of secrets, and where we are. */
export type ElsewhereDesk = Pick<House, 'db' | 'clock' | 'log' | 'node' | 'cannotMail' | 'mailNotice'> & {
  readonly sealKey: Uint8Array
  /** Opens the way to a system; it is closed by whoever opened it. */
  readonly open: (
    system: Pick<SystemRecord, 'id' | 'kind'> & { readonly settings: SystemSettings },
    secret: string,
  ) => TicketSystemBehind<EntryId>
  /** The page of an alert, for links from there to here. */
  readonly alertUrl: (alertId: string) => string
}

/** What a sealed secret is for: nothing of one system opens in another. */
export function placeOfSystem(id: string): string {
  return `elsewhere:${id}`
}

/** The same for the secret that it signs its webhooks with. */
export function placeOfHook(id: string): string {
  return `elsewhere-hook:${id}`
}

/** Who did it, where it was done over there: as it stands in the ledger. */
export function actorOf(systemId: string): string {
  return `elsewhere:${systemId}`
}

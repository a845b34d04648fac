import type { Field, Severity } from '../model/alert.ts'
import type { MessageKind } from '../model/message.ts'
import type { Sighting } from '../model/observable.ts'
import type { Matter } from './matter.ts'

/**
 * What a provider's reader says beyond what the generic one finds. Undefined: nothing to add. Null would be a claim that the
 * message does not say it, so readers leave out what they do not know.
 */
export type Pieces = {
  readonly ticket?: Field | undefined
  readonly rule?: Field | undefined
  readonly severity?: Severity | undefined
  readonly severityText?: Field | undefined
  readonly status?: Field | undefined
  readonly title?: string | undefined
  readonly summary?: string | undefined
  readonly occurredAt?: string | null | undefined
  readonly raisedAt?: string | null | undefined
  readonly source?: Field | undefined
  readonly destination?: Field | undefined
  readonly host?: Field | undefined
  readonly account?: Field | undefined
  readonly portalUrl?: Field | undefined
  readonly kind?: { readonly kind: MessageKind; readonly because: string } | undefined
  /** True where the shape alone shows an alert of this provider. */
  readonly sure?: boolean | undefined
}

/** One provider's format. `recognise` says how sure it is (0..1); above `sureEnough` it is taken without being asked for. */
export type Reader = {
  readonly id: string
  readonly title: string
  readonly recognise: (matter: Matter) => number
  readonly read: (matter: Matter, sightings: readonly Sighting[]) => Pieces
}

/** Below this a reader only reads what its own provider sent. */
export const sureEnough = 0.6

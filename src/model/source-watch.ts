import { z } from 'zod'

/** What may fall silent. */
export const SourceKind = z.enum(['provider', 'door', 'logs', 'connector', 'feed'])
export type SourceKind = z.infer<typeof SourceKind>

/** A source with its last sign of life. What could not be asked has no row: that it is silent is not known. */
export type SourceSign = {
  /** "provider:acme", "door:soc", "logs:firewall", "connector:ldap", "feed:misp". */
  readonly id: string
  readonly kind: SourceKind
  readonly title: string
  /** What counts as a sign: "a message", "a look into the mailbox"... */
  readonly sign: string
  /** ISO 8601; null: never heard. */
  readonly lastAt: string | null
  /** After how long it is called silent; null: nobody watches it. */
  readonly limitMinutes: number | null
  /** Since when it is watched, where that is known. */
  readonly watchedSince: string | null
}

/** Fewer waits than these are no rhythm. */
const waitsMin = 8
/** A limit is so many times the usual long wait: what happens once a month must not ring. */
const roomFactor = 1.5
/** Of many waits the longest may have been an outage; it is passed over. */
const usualShare = 0.95
const manyWaits = 20
/** Limits as a person would set them. */
const steps = [15, 30, 60, 120, 180, 240, 360, 480, 720, 1440, 2880, 4320, 7200, 10_080, 20_160, 43_200]

/** A limit that its own waits (minutes) suggest, and the wait it is derived from; null: too little is known. Pure. */
export function proposedLimit(
  waits: readonly number[],
): { readonly minutes: number; readonly usualLongest: number } | null {
  if (waits.length < waitsMin) return null
  const sorted = waits.toSorted((a, b) => a - b)
  const at = sorted.length < manyWaits ? sorted.length - 1 : Math.ceil(sorted.length * usualShare) - 1
  const usualLongest = sorted[at] ?? 0
  const wanted = usualLongest * roomFactor
  return {
    minutes: steps.find((step) => step >= wanted) ?? (steps.at(-1) as number),
    usualLongest: Math.round(usualLongest),
  }
}

/** Since when a source is silent (ISO 8601); null: it is not, or nobody watches it. Pure. */
export function silentSince(sign: SourceSign, now: Date): string | null {
  if (sign.limitMinutes === null) return null
  // What was never heard counts from the day on which somebody began to wait for it.
  const since = sign.lastAt ?? sign.watchedSince
  if (since === null) return null
  return now.getTime() - Date.parse(since) > sign.limitMinutes * 60_000 ? since : null
}

/** "90 minutes", "6 hours", "2 days". */
export function spanWords(minutes: number): string {
  const [n, unit] =
    minutes >= 2880 && minutes % 1440 === 0
      ? [minutes / 1440, 'day']
      : minutes >= 120
        ? [Math.round(minutes / 6) / 10, 'hour']
        : [minutes, 'minute']
  return `${n} ${unit}${n === 1 ? '' : 's'}`
}

import type { Clock } from '../../../kit/clock.ts'
import { Trouble } from '../../../kit/errors.ts'
import { manualSource } from '../../../model/merged-facts.ts'

/** The source that a single fact is put under. What people enter by hand has its own way in, with its history. */
export function sourceOfPut(source: string): string {
  if (source.toLowerCase() === manualSource)
    throw new Trouble('input.invalid', { fields: { source: 'This name is kept for what people enter by hand' } })
  return source
}

/** When a fact was true; now where it is not said. */
export function asOfWithin(asOf: string | undefined, clock: Clock): Date {
  const now = clock.now()
  if (asOf === undefined) return now
  if (Date.parse(asOf) > now.getTime())
    throw new Trouble('input.invalid', { fields: { asOf: 'This lies in the future' } })
  return new Date(asOf)
}

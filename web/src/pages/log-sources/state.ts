import type { SourceStatus } from '../../../../src/model/lake.ts'

/** How a source is doing, in a word. Silence is only an alarm where somebody said how long it may be. */
export function stateOf(status: SourceStatus, now: number): { readonly word: string; readonly tone: string } {
  if (status.last === null && status.lastReceived === null)
    return { word: 'Never sent', tone: status.silent ? 'bad' : 'warn' }
  if (status.silent) return { word: 'Silent', tone: 'bad' }
  const at = Date.parse(status.lastReceived ?? status.last ?? '')
  return now - at > 86_400_000 ? { word: 'Quiet', tone: '' } : { word: 'Receiving', tone: 'good' }
}

/** What keeping a source for so many days costs on disk, at the rate of the last week. */
export function costOfDays(status: SourceStatus | undefined, days: number): number {
  return (status?.diskBytesPerDay ?? 0) * days
}

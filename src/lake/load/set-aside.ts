import type { LogSource } from '../../model/lake.ts'
import { loadsIn, readSegment, removeSegment } from './segment.ts'
import { writersMax } from './writer-folder.ts'

const dayMs = 24 * 60 * 60 * 1000

/** A segment that went, once for each source that it had lines of. */
export type SetAsideRemoved = {
  readonly source: string
  readonly because: 'days'
  /** When its first line came. */
  readonly received: string
  readonly setAsideBytes: number
}

/**
 * Removes segments that the engine refused, when none of their sources keeps lines that old: what was set aside is as personal as the rest.
 * One with lines of a source that keeps for ever, or that nobody knows, stays. Safe to repeat.
 */
export async function removeSetAside(
  folder: string,
  sources: readonly LogSource[],
  now: Date,
): Promise<readonly SetAsideRemoved[]> {
  const keepDays = new Map(sources.map((source) => [source.id, source.keepDays]))
  const removed: SetAsideRemoved[] = []
  for (const { load, ending } of await loadsIn(folder).catch(orNone)) {
    if (ending === 'open') continue
    const segment = await readSegment(folder, load, ending)
    // A load's number begins with the time of its first line, in hundredths of a second.
    const receivedMs = Math.floor(load / writersMax) * 10
    const keepMs = [...segment.sources.keys()].map((id) => (keepDays.get(id) ?? Infinity) * dayMs)
    if (now.getTime() - receivedMs <= Math.max(...keepMs)) continue
    await removeSegment(segment)
    for (const [source, setAsideBytes] of segment.sources)
      removed.push({ source, because: 'days', received: new Date(receivedMs).toISOString(), setAsideBytes })
  }
  return removed
}

function orNone(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return []
  throw error
}

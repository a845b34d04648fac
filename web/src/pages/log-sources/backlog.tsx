import type { LakePage } from '../../../../src/contract/logs.ts'
import { useNow, When } from '../../parts/time.tsx'
import { bytesWords, plural } from '../../words.ts'

/** A backlog younger than this is the loader at its work. */
const usualMs = 30_000

/** What waits between the doors and the engine, where it waits longer than usual, and what the engine refused. */
export function Backlog({ lake }: { readonly lake: LakePage }) {
  const { backlog, disk } = lake
  const now = useNow()
  const late = backlog.oldest !== null && now - Date.parse(backlog.oldest) > usualMs
  const full = disk !== null && disk.freeBytes <= disk.keepFreeBytes
  return (
    <>
      {full && (
        <p className="problem" role="alert">
          The disk is full up to what must stay free: lines are refused until there is room, and senders that can wait
          do. Free some space, or keep less.
        </p>
      )}
      {late && backlog.oldest !== null && (
        <p className="notice">
          {plural(backlog.segments, 'piece')} of what came in ({bytesWords(backlog.bytes)}) wait to be loaded, the
          oldest since <When at={backlog.oldest} ago />. They are safe on disk, and not yet found by a search.
        </p>
      )}
      {backlog.failedSegments > 0 && (
        <p className="problem" role="alert">
          {plural(backlog.failedSegments, 'piece')} of what came in ({bytesWords(backlog.failedBytes)}) could not be
          loaded, and no search finds it. The lines are kept as they came, in the folder <code>lake/failed</code> of the
          data folder.
        </p>
      )}
    </>
  )
}

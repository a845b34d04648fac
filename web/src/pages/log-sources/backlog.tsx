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
      {backlog.failed.length > 0 && (
        <details className="problem-list">
          <summary>
            {plural(backlog.failed.length, 'piece')} of what came in could not be loaded. The lines are kept in the
            folder <code>lake/failed</code> of the data folder.
          </summary>
          <ul>
            {backlog.failed.map((one) => (
              <li key={one.name}>
                <span className="mono">{one.name}</span> {bytesWords(one.bytes)}
                {one.at !== null && (
                  <>
                    {' '}
                    <When at={one.at} ago />
                  </>
                )}
                <span className="dim"> {one.why}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  )
}

import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { SourceStatus } from '../../../../src/model/lake.ts'
import { useMay } from '../../me.ts'
import { utc, When } from '../../parts/time.tsx'
import { bytesWords, msWords, plural } from '../../words.ts'
import { unreadQuery } from '../logs/query-words.ts'
import type { Editing } from './edit.tsx'
import { Keys } from './keys.tsx'
import { costOfDays } from './state.ts'

/** Below this the files' own overhead says more than how well lines pack. */
const ratioFromBytes = 10 * 1024 * 1024
/** Gaps that are told one by one. */
const gapsShown = 5

export function SourceDetail({
  status,
  edit,
}: {
  readonly status: SourceStatus
  readonly edit: (editing: Editing) => void
}) {
  const { source } = status
  const may = useMay()
  const { id, keys: _keys, ...seen } = source
  return (
    <div className="source-detail">
      <section>
        <h2 className="section-title">{source.title === '' ? source.id : source.title}</h2>
        <dl className="kv">
          <dt>Events</dt>
          <dd>
            {status.events.toLocaleString('en')}
            {status.unread > 0 && `, of which ${status.unread.toLocaleString('en')} no parser read`}
          </dd>
          <dt>Kept since</dt>
          <dd>{status.first === null ? 'nothing is kept yet' : <When at={status.first} ago />}</dd>
          <dt>Last received</dt>
          <dd>{status.lastReceived === null ? 'never' : <When at={status.lastReceived} ago />}</dd>
          <dt>Read by</dt>
          <dd>{source.parser ?? 'whichever parser knows the line'}</dd>
          <dt>Times without a zone</dt>
          <dd>{source.timeZone}</dd>
          <dt>Alarm</dt>
          <dd>
            {source.silentAfterMinutes === null
              ? 'none: silence is normal here'
              : `when silent for ${msWords(source.silentAfterMinutes * 60_000)}`}
            {status.silent && <strong className="sev high"> It is silent now.</strong>}
          </dd>
          <dt>Disk</dt>
          <dd>
            {bytesWords(status.diskBytes)} for {bytesWords(status.rawBytes)} of lines
            {status.rawBytes > ratioFromBytes && ` (${Math.round((status.diskBytes / status.rawBytes) * 100)} %)`},{' '}
            {bytesWords(status.diskBytesPerDay)} more a day
          </dd>
          <dt>Kept for</dt>
          <dd>
            {source.keepDays === null
              ? 'no limit in days'
              : `${plural(source.keepDays, 'day')}: about ${bytesWords(costOfDays(status, source.keepDays))} at the rate of the last week`}
            {source.keepBytes !== null && `; the oldest go beyond ${bytesWords(source.keepBytes)}`}
          </dd>
        </dl>
        <div className="row wrap source-acts">
          {may('logs.search') && (
            <Button
              size="compact-sm"
              variant="default"
              component={Link}
              to="/logs"
              search={{ q: '', source: id } as never}
            >
              Search its lines
            </Button>
          )}
          {may('logs.search') && status.unread > 0 && (
            <Button
              size="compact-sm"
              variant="default"
              component={Link}
              to="/logs"
              search={{ q: unreadQuery, source: id, from: '-7d' } as never}
            >
              Lines that no parser read
            </Button>
          )}
          {may('log-source.change') && (
            <Button size="compact-sm" variant="default" onClick={() => edit({ id, seen })}>
              Change
            </Button>
          )}
        </div>
        <Gaps gaps={status.gaps} />
      </section>
      <Keys source={source} />
    </div>
  )
}

function Gaps({ gaps }: { readonly gaps: SourceStatus['gaps'] }) {
  if (gaps.length === 0) return null
  return (
    <>
      <h3 className="section-title">Without a line, in the last seven days</h3>
      <ul className="gaps">
        {gaps.slice(0, gapsShown).map((gap) => (
          <li key={gap.from}>
            {msWords(Date.parse(gap.to) - Date.parse(gap.from))}
            <span className="dim">
              {' '}
              {utc(gap.from)} to {utc(gap.to)}
            </span>
          </li>
        ))}
      </ul>
      {gaps.length > gapsShown && <p className="dim">and {gaps.length - gapsShown} shorter ones</p>}
    </>
  )
}

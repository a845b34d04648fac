import { Link } from '@tanstack/react-router'
import type { Queue } from '../../../../src/contract/desk.ts'
import { When } from '../../parts/time.tsx'
import { plural } from '../../words.ts'

/** Every message is accounted for, and the numbers add up on the screen. */
export function Reconciled({ queue }: { readonly queue: Queue }) {
  const { reconciliation: r, feed } = queue
  const known = r.known.reduce((sum, one) => sum + one.n, 0)
  return (
    <footer className="reconciled" aria-label="What became of every message">
      <span>
        <strong>{plural(r.received, 'message')}</strong> = {r.inAlerts} in {plural(r.alerts, 'alert')} +{' '}
        <span title={r.known.map((one) => `${one.n} ${one.kind}`).join(', ')}>{known} known for what they are</span> +{' '}
        <Link to="/quarantine">{r.quarantined} in quarantine</Link> + {r.waiting} being read
        {r.again > 0 && <span className="dim"> · {plural(r.again, 'duplicate')} recognised</span>}
      </span>
      {feed.silent.length > 0 && <Silent silent={feed.silent} />}
      <span className="dim">
        {feed.lastMessage === null ? (
          'No message yet'
        ) : (
          <>
            Last message <When at={feed.lastMessage.at} ago /> from {feed.lastMessage.from}
          </>
        )}
      </span>
    </footer>
  )
}

/** Sources from which nothing comes though something should: a short queue is no good news then. */
export function Silent({ silent }: { readonly silent: Queue['feed']['silent'] }) {
  return (
    <Link to="/settings/$part" params={{ part: 'sources' }} className="silent-sources">
      <span className="tag bad">Silent</span>{' '}
      {silent.slice(0, 3).map((one, at) => (
        <span key={one.source}>
          {at > 0 && ', '}
          {one.title} since <When at={one.since} ago />
        </span>
      ))}
      {silent.length > 3 && ` and ${silent.length - 3} more`}
    </Link>
  )
}

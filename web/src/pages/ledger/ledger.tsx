import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import type { LedgerRow } from '../../../../src/contract/house.ts'
import { call } from '../../api.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { plural } from '../../words.ts'
import './ledger.css'

export function LedgerPage() {
  const { subject = '' } = useSearch({ from: '/desk/ledger' })
  const ledger = useInfiniteQuery({
    queryKey: ['ledger', subject],
    queryFn: ({ pageParam }) => call('GET /api/ledger', { query: { subject, before: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (last) => (last.rows.length < 200 ? undefined : last.rows.at(-1)?.at),
  })
  if (ledger.data === undefined)
    return ledger.error === null ? <Loading /> : <ErrorState error={ledger.error} retry={() => void ledger.refetch()} />
  const rows = ledger.data.pages.flatMap((page) => page.rows)
  const head = ledger.data.pages[0]
  return (
    <>
      <div className="page-head">
        <h1>Ledger</h1>
        {subject !== '' && (
          <span className="tag accent">
            {subject} <Link to="/ledger">show all</Link>
          </span>
        )}
        <Link to="/ledger/left">What left</Link>
        <Link to="/ledger/audit">Auditor’s room</Link>
        <Button
          component="a"
          href="/api/ledger/export"
          download
          size="compact-sm"
          variant="default"
          className="ledger-export"
        >
          Export for verification
        </Button>
      </div>
      <div className="card ledger-head">
        <div>
          Append-only. <strong>{plural(head?.treeSize ?? 0, 'record')}</strong> under the last signed checkpoint
          {head?.rootHash != null && (
            <>
              , root <span className="mono">{head.rootHash.slice(0, 24)}…</span>
            </>
          )}
        </div>
        <div className="dim">
          Check an export offline, without this server: <code>counterfoil audit verify FILE</code>
        </div>
      </div>
      <div className="card ledger-card">
        {rows.length === 0 ? (
          <EmptyState
            title="Nothing is recorded here yet."
            proof="Every message, decision, run and reply adds a record in the same transaction."
          />
        ) : (
          <Rows rows={rows} />
        )}
        {ledger.hasNextPage && (
          <Button
            variant="default"
            fullWidth
            loading={ledger.isFetchingNextPage}
            onClick={() => void ledger.fetchNextPage()}
          >
            Show older records
          </Button>
        )}
      </div>
    </>
  )
}

function Rows({ rows }: { readonly rows: readonly LedgerRow[] }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Records">
      <table className="plain cards ledger">
        <thead>
          <tr>
            <th className="num">No.</th>
            <th>When</th>
            <th>What</th>
            <th>Who</th>
            <th>About</th>
            <th>Said</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <td className="num dim">{row.index === null ? 'next' : row.index}</td>
              <td data-label="When" title={utc(row.at)}>
                <When at={row.at} ago />
              </td>
              <td data-label="What">
                <strong>{row.kind}</strong>
              </td>
              <td data-label="Who" className="mono clip">
                {short(row.actor)}
              </td>
              <td data-label="About" className="mono clip">
                <Subject subject={row.subject} />
              </td>
              <td data-label="Said" className="dim clip mono" title={JSON.stringify(row.body, null, 2)}>
                {JSON.stringify(row.body)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Ids and digests at full length say no more to a person than their beginnings. */
const short = (name: string): string => name.replace(/([0-9a-f]{8})[0-9a-f-]{20,}/, '$1…')

function Subject({ subject }: { readonly subject: string }) {
  const [noun, id] = subject.split(':') as [string, string | undefined]
  if (noun === 'alert' && id !== undefined) {
    return (
      <Link to="/alerts/$id" params={{ id }} title={subject}>
        {short(subject)}
      </Link>
    )
  }
  if (noun === 'reply' && id !== undefined) {
    return (
      <Link to="/replies/$id" params={{ id }} title={subject}>
        {short(subject)}
      </Link>
    )
  }
  return <span title={subject}>{short(subject)}</span>
}

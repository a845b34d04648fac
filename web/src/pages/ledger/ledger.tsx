import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import type { LedgerRow } from '../../../../src/contract/house.ts'
import { call } from '../../api.ts'
import { Raw, useRaw } from '../../parts/records.tsx'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { plural } from '../../words.ts'
import './ledger.css'

export function LedgerPage() {
  const { subject = '' } = useSearch({ from: '/desk/ledger' })
  const { raw, button } = useRaw()
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
        <span className="row tight ledger-acts">
          {button}
          <Button component="a" href="/api/ledger/export" download size="compact-sm" variant="default">
            Export for verification
          </Button>
        </span>
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
          <Rows rows={rows} raw={raw} />
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

function Rows({ rows, raw }: { readonly rows: readonly LedgerRow[]; readonly raw: boolean }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Records">
      <table className="plain cards ledger">
        <thead>
          <tr>
            <th className="num">No.</th>
            <th>When</th>
            <th>Who</th>
            <th>What</th>
            <th>About</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <td className="num dim">{row.index === null ? 'next' : row.index}</td>
              <td data-label="When" title={utc(row.at)}>
                <When at={row.at} ago />
              </td>
              <td data-label="Who" className="clip" title={row.actor}>
                {row.by}
              </td>
              <td data-label="What" className={raw ? '' : 'clip'} title={row.says} dir="auto">
                {row.says}
                {raw && <Raw record={row} />}
              </td>
              <td data-label="About" className="clip" title={row.subject}>
                <About record={row} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** The thing itself where it has a page; else all that is recorded about it. */
function About({ record }: { readonly record: LedgerRow }) {
  const [noun, id = ''] = record.subject.split(':') as [string, string | undefined]
  if (noun === 'alert' || noun === 'reply')
    return (
      <Link to={noun === 'alert' ? '/alerts/$id' : '/replies/$id'} params={{ id }}>
        {record.about}
      </Link>
    )
  return (
    <Link to="/ledger" search={{ subject: record.subject }}>
      {record.about}
    </Link>
  )
}

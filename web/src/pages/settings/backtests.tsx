import { Button, Progress } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Backtest, BacktestRow, BacktestVerdict } from '../../../../src/model/backtest.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { outcomeWords, plural } from '../../words.ts'

/** Looks back that are shown; older ones are over the interface. */
const shownMax = 5
const isUnderWay = ({ state }: Backtest): boolean => state === 'queued' || state === 'running'

/** What playbooks and readers would have made of the past, newest first; every number opens the list behind it. */
export function Backtests({ kind }: { readonly kind?: Backtest['kind'] }) {
  const list = useQuery({
    queryKey: ['backtests'],
    queryFn: () => call('GET /api/backtests'),
    refetchInterval: ({ state }) => (state.data?.backtests.some(isUnderWay) === true ? 1_000 : false),
  })
  if (list.data === undefined) return list.error === null ? null : <ErrorState error={list.error} />
  return list.data.backtests
    .filter((one) => kind === undefined || one.kind === kind)
    .slice(0, shownMax)
    .map((one) => <BacktestCard key={one.id} backtest={one} />)
}

function BacktestCard({ backtest }: { readonly backtest: Backtest }) {
  const may = useMay()
  const client = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => call('POST /api/backtests/:id/cancel', { params: { id: backtest.id } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['backtests'] }),
  })
  const { done, total, summary, error } = backtest
  return (
    <section className="card">
      <div className="connector-head">
        <h2>
          {backtest.title} on the last {plural(backtest.days, 'day')}
        </h2>
        <span className="dim">
          asked <When at={backtest.askedAt} ago />
        </span>
      </div>
      {isUnderWay(backtest) && (
        <>
          <Progress
            value={total === null || total === 0 ? 0 : (100 * done) / total}
            aria-label={`${done} of ${total ?? 'not known how many'} looked at`}
          />
          <div className="row between">
            <span className="dim">
              {done} of {total ?? '…'} looked at
            </span>
            {may('playbook.run') && (
              <Button size="compact-sm" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
                End it
              </Button>
            )}
          </div>
          <Problem error={cancel.error} />
        </>
      )}
      {backtest.state === 'failed' && <p className="bad">It broke off: {error}</p>}
      {backtest.state === 'cancelled' && <p className="dim">It was ended after {done}.</p>}
      {summary !== null && <Summary backtest={backtest} summary={summary} />}
    </section>
  )
}

function Summary({
  backtest,
  summary,
}: {
  readonly backtest: Backtest
  readonly summary: NonNullable<Backtest['summary']>
}) {
  const [verdict, setVerdict] = useState<BacktestVerdict | null>(null)
  const numbers: readonly { readonly verdict: BacktestVerdict; readonly n: number; readonly words: string }[] = [
    { verdict: 'same', n: summary.same, words: 'same' },
    { verdict: 'different', n: summary.different, words: 'different' },
    { verdict: 'unknown', n: summary.unknown, words: 'cannot tell' },
    { verdict: 'not-concerned', n: summary.notConcerned, words: 'not concerned' },
  ]
  return (
    <>
      <div className="row wrap">
        <strong>{plural(summary.looked, backtest.kind === 'reader' ? 'message' : 'alert')}:</strong>
        {numbers.map((one) => (
          <Button
            key={one.verdict}
            size="compact-sm"
            variant={verdict === one.verdict ? 'filled' : 'default'}
            aria-pressed={verdict === one.verdict}
            disabled={one.n === 0}
            onClick={() => setVerdict(verdict === one.verdict ? null : one.verdict)}
          >
            {one.n.toLocaleString('en')} {one.words}
          </Button>
        ))}
      </div>
      {summary.decided > 0 && (
        <p className="dim">
          Of {plural(summary.decided, 'decided one')} its proposal agrees with the person in {summary.now.agrees} (
          {summary.was.agrees} as it was), differs in {summary.now.differs} ({summary.was.differs}).
        </p>
      )}
      {summary.withUnrecorded > 0 && (
        <p className="dim">
          In {summary.withUnrecorded} something is asked that nobody asked then: no recorded answer, which is not
          &ldquo;nothing&rdquo;.
        </p>
      )}
      {verdict !== null && <Rows id={backtest.id} verdict={verdict} />}
    </>
  )
}

function Rows({ id, verdict }: { readonly id: string; readonly verdict: BacktestVerdict }) {
  const page = useQuery({
    queryKey: ['backtests', id, verdict],
    queryFn: () => call('GET /api/backtests/:id/rows', { params: { id }, query: { verdict } }),
  })
  if (page.data === undefined)
    return page.error === null ? <Loading /> : <ErrorState error={page.error} retry={() => void page.refetch()} />
  return (
    <div style={{ overflowX: 'auto' }}>
      <table className="plain">
        <thead>
          <tr>
            <th>Alert</th>
            <th>What comes out differently</th>
            <th>Decided</th>
          </tr>
        </thead>
        <tbody>
          {page.data.rows.map((row) => (
            <Row key={row.alertId ?? row.messageId ?? row.title} row={row} />
          ))}
        </tbody>
      </table>
      {page.data.next !== null && (
        <p className="dim">The first {page.data.rows.length}; all of them: `counterfoil backtest --json`.</p>
      )}
    </div>
  )
}

function Row({ row }: { readonly row: BacktestRow }) {
  return (
    <tr>
      <td>
        {row.alertId === null ? (
          row.title
        ) : (
          <Link to="/alerts/$id" params={{ id: row.alertId }}>
            A-{row.number} {row.title}
          </Link>
        )}
      </td>
      <td>
        {row.changes.map(({ what, was, now }) => (
          <div key={what}>
            {what}: {was} → {now}
          </div>
        ))}
        {row.unrecorded.length > 0 && <div className="dim">no recorded answer: {row.unrecorded.join(', ')}</div>}
      </td>
      <td>{row.decision === null ? 'open' : outcomeWords[row.decision]}</td>
    </tr>
  )
}

import { useQuery } from '@tanstack/react-query'
import type { ConnectorCard } from '../../../../src/contract/connectors.ts'
import { call } from '../../api.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { plural } from '../../words.ts'

const words: Record<ConnectorCard['state'], readonly [string, string]> = {
  active: ['Active', 'good'],
  failing: ['Failing', 'bad'],
  warning: ['Warning', 'warn'],
  silent: ['Silent', 'warn'],
  'not-configured': ['Not configured', ''],
  off: ['Off', ''],
}

export function ConnectorsPart() {
  const list = useQuery({
    queryKey: ['connectors'],
    queryFn: () => call('GET /api/connectors'),
    refetchInterval: 30_000,
  })
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  const { connectors } = list.data
  if (connectors.length === 0) {
    return (
      <div className="card">
        <EmptyState
          title="Nothing can answer questions yet."
          proof="Import the asset list, or describe a source in YAML (docs/connectors.md)."
        />
      </div>
    )
  }
  return connectors.map((connector) => <Card key={connector.id} connector={connector} />)
}

function Card({ connector }: { readonly connector: ConnectorCard }) {
  const [word, tone] = words[connector.state]
  const rungs = [...new Set(connector.answers.map((one) => one.rungTitle))]
  return (
    <section className="card">
      <div className="connector-head">
        <h2>{connector.title}</h2>
        <span className={`tag ${tone}`}>{word}</span>
        <span className="dim">
          {connector.lastSuccess === null ? (
            'never answered'
          ) : (
            <>
              last answered <When at={connector.lastSuccess} ago />
            </>
          )}
          {' · '}
          {plural(connector.asked, 'question')}, {connector.failed} failed
        </span>
      </div>
      {connector.says !== '' && <p>{connector.says}</p>}
      <dl className="kv">
        <dt>Fills</dt>
        <dd>{rungs.join(', ')}</dd>
        <dt>Answers</dt>
        <dd>{connector.answers.map((one) => one.title).join(' ')}</dd>
        <dt>Can and cannot</dt>
        <dd>{connector.scope}</dd>
        <dt>Limits</dt>
        <dd>
          {connector.limits.perMinute === null ? 'as often as asked' : `${connector.limits.perMinute} a minute`},{' '}
          {connector.limits.concurrency} at once, {(connector.limits.timeoutMs / 1000).toFixed(0)} s each
        </dd>
      </dl>
    </section>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { AssetPage, LeaseRow, PastAlertRow } from '../../../../src/contract/context.ts'
import type { LeaseKind } from '../../../../src/model/context.ts'
import { call } from '../../api.ts'
import { BackIcon } from '../../parts/icons.tsx'
import { Notes } from '../../parts/notes.tsx'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { outcomeShort, plural } from '../../words.ts'
import { assetWords } from './fact-words.ts'
import { Age, Edits, FactsTable, ruleWords } from './facts-table.tsx'
import './context.css'

export function AssetRoute() {
  const { id } = useParams({ from: '/desk/context/assets/$id' })
  const page = useQuery({ queryKey: ['assets', id], queryFn: () => call('GET /api/assets/:id', { params: { id } }) })
  if (page.data === undefined)
    return page.error === null ? <Loading /> : <ErrorState error={page.error} retry={() => void page.refetch()} />
  return <AssetView page={page.data} />
}

function AssetView({ page }: { readonly page: AssetPage }) {
  const { asset, facts, entity } = page
  const conflicts = facts.filter((fact) => fact.conflict).length
  return (
    <>
      <div className="page-head">
        <Link to="/context/$part" params={{ part: 'assets' }} className="row tight dim">
          <BackIcon /> Assets
        </Link>
        <h1 className="clip" title={asset.name}>
          {asset.name}
        </h1>
        {conflicts > 0 && <span className="tag warn">{plural(conflicts, 'conflict')}</span>}
        <span className="dim">as of</span>
        <Age at={page.asOf} />
      </div>
      <div className="entity-grid">
        <div className="stack">
          <section className="card">
            <h2>What is known</h2>
            <FactsTable of={{ noun: 'assets', entity }} facts={facts} words={assetWords} />
            <p className="dim">
              {ruleWords}{' '}
              {page.precedence.length === 0 ? 'No order is set.' : `The order: ${page.precedence.join(', ')}.`}{' '}
              <Link to="/context/$part" params={{ part: 'sources' }}>
                Order of sources
              </Link>
            </p>
          </section>
          <Edits edits={page.edits} words={assetWords} />
        </div>
        <div className="stack">
          <section className="card" aria-label="Notes">
            <h2>Notes</h2>
            {page.notes.length === 0 && (
              <p className="dim">None yet. What is written here stands on every later alert about it.</p>
            )}
            <Notes named={page.noteNames} alertId={null} queryKey={['assets', entity]} notes={page.notes} />
          </section>
          <Alerts alerts={page.alerts} />
          <Leases leases={page.leases} now={asset.addresses} />
        </div>
      </div>
    </>
  )
}

function Alerts({ alerts }: { readonly alerts: readonly PastAlertRow[] }) {
  return (
    <section className="card">
      <h2>Alerts that name it</h2>
      {alerts.length === 0 && <p className="dim">No message of an alert names it or one of its addresses.</p>}
      {alerts.map((alert) => (
        <div key={alert.id} className="edit-line">
          <Link to="/alerts/$id" params={{ id: alert.id }} className="clip">
            A-{alert.number} {alert.title}
          </Link>
          <span className="dim">
            <When at={alert.receivedAt} ago /> · {alert.outcome === null ? 'not decided' : outcomeShort[alert.outcome]}
          </span>
        </div>
      ))}
    </section>
  )
}

function Leases({ leases, now }: { readonly leases: readonly LeaseRow[]; readonly now: readonly string[] }) {
  return (
    <section className="card">
      <h2>Addresses over time</h2>
      {now.length > 0 && (
        <p>
          Now, by the lists: <span className="mono">{now.join(', ')}</span>
        </p>
      )}
      {leases.length === 0 ? (
        <p className="dim">No lease names it. Import those of DHCP and VPN to know who had an address when.</p>
      ) : (
        <table className="plain cards">
          <thead>
            <tr>
              <th>Address</th>
              <th>From</th>
              <th>To</th>
              <th>Source</th>
            </tr>
          </thead>
          <tbody>
            {leases.map((lease) => (
              <tr key={`${lease.address} ${lease.from} ${lease.source}`}>
                <td className="mono">{lease.address}</td>
                <td data-label="From">{utc(lease.from).slice(0, 16)}</td>
                <td data-label="To">
                  {lease.to === null ? <span className="dim">no end known</span> : utc(lease.to).slice(0, 16)}
                </td>
                <td data-label="Source">
                  {lease.source} <span className="dim">{leaseWords[lease.kind]}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

const leaseWords: Record<LeaseKind, string> = { dhcp: 'DHCP', vpn: 'VPN', static: 'fixed address' }

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { call } from '../../api.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { plural } from '../../words.ts'
import { ContextTable, Fact } from './context-table.tsx'
import { Age } from './facts-table.tsx'

export function NetworksPart() {
  const page = useQuery({ queryKey: ['networks'], queryFn: () => call('GET /api/networks') })
  if (page.data === undefined)
    return page.error === null ? <Loading /> : <ErrorState error={page.error} retry={() => void page.refetch()} />
  const { networks, sites, more } = page.data
  if (networks.length === 0 && sites.length === 0)
    return (
      <EmptyState
        title="None of our ranges is known yet."
        proof="An alert then cannot say whether an address is ours."
        action={
          <Link to="/context/$part" params={{ part: 'lists' }}>
            Import a list
          </Link>
        }
      />
    )
  return (
    <>
      {sites.length > 0 && (
        <section className="card">
          <h2>Sites</h2>
          <div className="row wrap">
            {sites.map((one) => (
              <Link
                key={one.site}
                to="/context/$part"
                params={{ part: 'assets' }}
                search={{ site: one.site }}
                className="site-chip"
              >
                <strong>{one.site}</strong>
                <span className="dim">
                  {plural(one.assets, 'asset')}, {plural(one.networks, 'range')}
                </span>
              </Link>
            ))}
          </div>
        </section>
      )}
      <section className="card flush">
        <ContextTable
          label="Our ranges"
          columns={['Range', 'Name', 'Site', 'Zone', { number: 'Assets' }, 'Source', 'As of']}
        >
          {networks.map(({ network, source, asOf, assets }) => (
            <tr key={network.cidr}>
              <td className="mono">
                <Link to="/context/$part" params={{ part: 'assets' }} search={{ q: network.cidr }}>
                  {network.cidr}
                </Link>
              </td>
              <td data-label="Name" className="clip wide">
                {network.name}
              </td>
              <Fact label="Site">{network.site}</Fact>
              <Fact label="Zone">{network.zone}</Fact>
              <td data-label="Assets" className="num">
                {assets ?? ''}
              </td>
              <Fact label="Source">{source}</Fact>
              <td data-label="As of">
                <Age at={asOf} />
              </td>
            </tr>
          ))}
        </ContextTable>
        {more && <p className="dim pad">There are more ranges than are shown here; every one of them counts.</p>}
      </section>
    </>
  )
}

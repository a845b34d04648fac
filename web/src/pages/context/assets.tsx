import { Button, Select, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useRef } from 'react'
import type { AssetRow } from '../../../../src/contract/context.ts'
import { Level } from '../../../../src/model/question.ts'
import { call } from '../../api.ts'
import { useKeys } from '../../parts/keys.ts'
import { ShowMore } from '../../parts/show-more.tsx'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { plural, severityWords } from '../../words.ts'
import { ContextTable, Fact, sourceWords, Unknown } from './context-table.tsx'
import { Age } from './facts-table.tsx'
import { useContextSearch, useTyped } from './search.ts'

/** Addresses that fit into a row. */
const addressesShown = 2

export function AssetsPart() {
  const [search, setSearch] = useContextSearch()
  const { q = '', source = '', site = '' } = search
  const criticality = Level.safeParse(search['criticality']).data ?? ''
  const [typed, setTyped] = useTyped(q, (text) => setSearch({ q: text }))
  const box = useRef<HTMLInputElement>(null)
  useKeys({ '/': () => box.current?.focus() })
  const list = useInfiniteQuery({
    queryKey: ['assets', 'list', q, source, criticality, site],
    queryFn: ({ pageParam }) => call('GET /api/assets', { query: { q, source, criticality, site, after: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (before) => before,
  })
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? []
  const narrowed = [q, source, criticality, site].some((one) => one !== '')
  return (
    <>
      <div className="row wrap narrows context-filters">
        <TextInput
          ref={box}
          aria-label="Search assets"
          placeholder="Name, owner, role, address or range   /"
          className="grow"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Select
          aria-label="Source"
          placeholder="Any source"
          clearable
          data={list.data?.pages[0]?.sources ?? []}
          value={source === '' ? null : source}
          onChange={(value) => setSearch({ source: value ?? '' })}
        />
        <Select
          aria-label="Criticality"
          placeholder="Any criticality"
          clearable
          data={Level.options.map((value) => ({ value, label: severityWords[value] }))}
          value={criticality === '' ? null : criticality}
          onChange={(value) => setSearch({ criticality: value ?? '' })}
        />
        {site !== '' && (
          <Button variant="default" onClick={() => setSearch({ site: '' })}>
            Site {site}: show all
          </Button>
        )}
      </div>
      {list.data === undefined ? (
        list.error === null ? (
          <Loading />
        ) : (
          <ErrorState error={list.error} retry={() => void list.refetch()} />
        )
      ) : rows.length === 0 ? (
        <NoAssets narrowed={narrowed} clear={() => setSearch({ q: '', source: '', criticality: '', site: '' })} />
      ) : (
        <div className="card flush">
          <AssetTable rows={rows} />
          <ShowMore list={list} />
        </div>
      )}
    </>
  )
}

function NoAssets({ narrowed, clear }: { readonly narrowed: boolean; readonly clear: () => void }) {
  if (narrowed)
    return (
      <EmptyState
        title="No asset is like that."
        proof="A filter matches what any source says of an asset."
        action={<Button onClick={clear}>Show all assets</Button>}
      />
    )
  return (
    <EmptyState
      title="No asset is known yet."
      proof="An alert then cannot say whose machine it is about, nor how much it matters."
      action={
        <Link to="/context/$part" params={{ part: 'lists' }}>
          Import a list
        </Link>
      }
    />
  )
}

function AssetTable({ rows }: { readonly rows: readonly AssetRow[] }) {
  return (
    <ContextTable
      label="Assets"
      columns={['Asset', 'Addresses', 'Business role', 'Owner', 'Criticality', 'Site', 'Sources', 'As of']}
    >
      {rows.map(({ entity, asset, sources, asOf, conflicts }) => (
        <tr key={entity}>
          <td className="clip wide">
            <Link to="/context/assets/$id" params={{ id: entity }} title={asset.name}>
              {asset.name}
            </Link>
          </td>
          <td data-label="Addresses" className="mono clip">
            {asset.addresses.slice(0, addressesShown).join(', ')}
            {asset.addresses.length > addressesShown && ` +${asset.addresses.length - addressesShown}`}
          </td>
          <td data-label="Business role" className="clip wide" title={asset.role ?? ''}>
            {asset.role ?? <Unknown />}
          </td>
          <Fact label="Owner">{asset.owner ?? asset.ownerEmail}</Fact>
          <td data-label="Criticality">
            {asset.criticality === null ? (
              <Unknown />
            ) : (
              <span className={`sev ${asset.criticality}`}>{severityWords[asset.criticality]}</span>
            )}
          </td>
          <Fact label="Site">{asset.site}</Fact>
          <td data-label="Sources" className="clip">
            {sourceWords(sources)}
            {conflicts > 0 && <span className="tag warn">{plural(conflicts, 'conflict')}</span>}
          </td>
          <td data-label="As of">
            <Age at={asOf} />
          </td>
        </tr>
      ))}
    </ContextTable>
  )
}

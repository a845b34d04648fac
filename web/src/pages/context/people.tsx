import { TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useRef } from 'react'
import { call } from '../../api.ts'
import { useKeys } from '../../parts/keys.ts'
import { ShowMore } from '../../parts/show-more.tsx'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { utc } from '../../parts/time.tsx'
import { plural } from '../../words.ts'
import { ContextTable, Fact, sourceWords } from './context-table.tsx'
import { Age } from './facts-table.tsx'
import { useContextSearch, useTyped } from './search.ts'

export function PeoplePart() {
  const [{ q = '' }, setSearch] = useContextSearch()
  const [typed, setTyped] = useTyped(q, (text) => setSearch({ q: text }))
  const box = useRef<HTMLInputElement>(null)
  useKeys({ '/': () => box.current?.focus() })
  const list = useInfiniteQuery({
    queryKey: ['people', 'list', q],
    queryFn: ({ pageParam }) => call('GET /api/people', { query: { q, after: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (before) => before,
  })
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? []
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  return (
    <>
      <TextInput
        ref={box}
        aria-label="Search people"
        placeholder="Name, account, mail, department   /"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {rows.length === 0 ? (
        <EmptyState
          title={q === '' ? 'Nobody is known yet.' : 'Nobody is like that.'}
          proof={
            q === ''
              ? 'An alert then cannot say who is behind an account.'
              : 'All that any source says of a person is looked through.'
          }
          action={
            <Link to="/context/$part" params={{ part: 'lists' }}>
              Import a list
            </Link>
          }
        />
      ) : (
        <div className="card flush">
          <ContextTable
            label="People"
            columns={['Person', 'Accounts', 'Position', 'Department', 'Manager', 'Notes', 'Sources', 'As of']}
          >
            {rows.map(({ entity, person, sources, asOf, away, conflicts }) => (
              <tr key={entity}>
                <td className="clip wide">
                  <Link to="/context/people/$id" params={{ id: entity }}>
                    {person.name}
                  </Link>
                </td>
                <td data-label="Accounts" className="mono clip">
                  {person.accounts.slice(0, 2).join(', ')}
                </td>
                <Fact label="Position">{person.title}</Fact>
                <Fact label="Department">{person.department}</Fact>
                <Fact label="Manager">{person.manager}</Fact>
                <td data-label="Notes">
                  <span className="row tight">
                    {person.privileged === true && <span className="tag warn">Privileged</span>}
                    {away !== null && <span className="tag">Away until {utc(away.to).slice(0, 10)}</span>}
                    {conflicts > 0 && <span className="tag warn">{plural(conflicts, 'conflict')}</span>}
                  </span>
                </td>
                <Fact label="Sources">{sourceWords(sources)}</Fact>
                <td data-label="As of">
                  <Age at={asOf} />
                </td>
              </tr>
            ))}
          </ContextTable>
          <ShowMore list={list} />
        </div>
      )}
    </>
  )
}

import { Select, TextInput } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { TicketRow } from '../../../../src/contract/tickets.ts'
import { TicketState, TicketType } from '../../../../src/model/ticket.ts'
import { call } from '../../api.ts'
import { useKeys } from '../../parts/keys.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { plural, severityWords } from '../../words.ts'
import { ClockTag } from './clock.tsx'
import { mainClock, ticketStateWords, ticketTypeWords } from './ticket-words.ts'
import './tickets.css'

const states = [
  { value: 'open', label: 'Open' },
  ...TicketState.options.map((value) => ({ value, label: ticketStateWords[value] })),
  { value: 'all', label: 'All' },
]
const owners = [
  { value: 'me', label: 'Mine' },
  { value: 'nobody', label: "Nobody's" },
]
const clocks = [
  { value: 'ours-overdue', label: 'We are late' },
  { value: 'theirs-overdue', label: 'They are late' },
]

export function TicketsPage() {
  const search = useSearch({ from: '/desk/tickets' })
  const query = {
    state: search.state ?? 'open',
    type: search.type ?? ('' as const),
    owner: search.owner ?? '',
    clock: search.clock ?? ('' as const),
    q: search.q ?? '',
  }
  const list = useQuery({
    queryKey: ['queue', 'tickets', query],
    queryFn: () => call('GET /api/tickets', { query }),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  })
  if (list.data === undefined)
    return list.error === null ? (
      <Loading lines={18} />
    ) : (
      <ErrorState error={list.error} retry={() => void list.refetch()} />
    )
  const filtered = Object.keys(search).length > 0
  return (
    <>
      <div className="page-head">
        <h1>Tickets</h1>
        <span className="dim">{plural(list.data.open, 'open ticket')}</span>
        <Filters />
      </div>
      {list.data.rows.length === 0 ? (
        <div className="card">
          <EmptyState
            title={filtered ? 'No ticket is like that.' : 'No ticket is open.'}
            proof="Every alert has one, from the moment its mail is read. Closed ones are under Closed."
            action={
              filtered ? <Link to="/tickets">Show every open ticket</Link> : <Link to="/queue">Go to the queue</Link>
            }
          />
        </div>
      ) : (
        <List rows={list.data.rows} more={list.data.more} />
      )}
    </>
  )
}

function Filters() {
  const search = useSearch({ from: '/desk/tickets' })
  const navigate = useNavigate({ from: '/tickets' })
  const [text, setText] = useState(search.q ?? '')
  // The filter may change without the field: by "show all", by the way back.
  const [shown, setShown] = useState(search.q)
  if (shown !== search.q) {
    setShown(search.q)
    setText(search.q ?? '')
  }
  const set = (change: Record<string, string>) =>
    void navigate({
      search: (before) =>
        Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== '')),
      replace: true,
    })
  useKeys({ '/': () => document.querySelector<HTMLInputElement>('#ticket-filter')?.focus() })
  return (
    <form
      className="row wrap narrows"
      onSubmit={(event) => {
        event.preventDefault()
        set({ q: text })
      }}
    >
      <TextInput
        id="ticket-filter"
        size="xs"
        placeholder="Filter  ( / )"
        aria-label="Filter the tickets, Enter"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      <Select
        size="xs"
        aria-label="State"
        data={states}
        value={search.state ?? 'open'}
        allowDeselect={false}
        onChange={(state) => set({ state: state === 'open' ? '' : (state ?? '') })}
      />
      <Select
        size="xs"
        aria-label="Type"
        placeholder="All types"
        clearable
        data={TicketType.options.map((value) => ({ value, label: ticketTypeWords[value] }))}
        value={search.type ?? null}
        onChange={(type) => set({ type: type ?? '' })}
      />
      <Select
        size="xs"
        aria-label="Owner"
        placeholder="Everybody's"
        clearable
        data={owners}
        value={search.owner ?? null}
        onChange={(owner) => set({ owner: owner ?? '' })}
      />
      <Select
        size="xs"
        aria-label="Clock"
        placeholder="Any clock"
        clearable
        data={clocks}
        value={search.clock ?? null}
        onChange={(clock) => set({ clock: clock ?? '' })}
      />
    </form>
  )
}

function List({ rows, more }: { readonly rows: readonly TicketRow[]; readonly more: boolean }) {
  const navigate = useNavigate()
  const [cursor, setCursor] = useState(0)
  const at = Math.min(cursor, rows.length - 1)
  const open = (row: TicketRow | undefined) =>
    row !== undefined && void navigate({ to: '/alerts/$id', params: { id: row.alertId }, hash: 'ticket' })
  useKeys({
    j: () => setCursor(Math.min(at + 1, rows.length - 1)),
    k: () => setCursor(Math.max(at - 1, 0)),
    ArrowDown: () => setCursor(Math.min(at + 1, rows.length - 1)),
    ArrowUp: () => setCursor(Math.max(at - 1, 0)),
    Enter: () => open(rows[at]),
  })
  return (
    <div className="card ticket-list">
      <table className="plain cards queue">
        <thead>
          <tr>
            <th>Ticket</th>
            <th>What</th>
            <th>Type</th>
            <th>State</th>
            <th>Owner</th>
            <th>We owe</th>
            <th>They owe</th>
            <th>Tasks</th>
            <th className="num">Received</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr
              key={row.alertId}
              className={index === at ? 'cursor' : undefined}
              aria-current={index === at ? 'true' : undefined}
              onMouseDown={() => setCursor(index)}
              onDoubleClick={() => open(row)}
            >
              <td className="mono dim">T-{row.number}</td>
              <td className="what">
                <div className="clip">
                  <Link to="/alerts/$id" params={{ id: row.alertId }} hash="ticket" title={row.title}>
                    {row.title}
                  </Link>{' '}
                  <span className="dim">
                    {row.providerName} · {severityWords[row.severity]}
                  </span>{' '}
                  {row.sample && <span className="tag sample">Sample</span>}
                </div>
              </td>
              <td data-label="Type">{ticketTypeWords[row.type]}</td>
              <td data-label="State">
                <span className="tag">{ticketStateWords[row.state]}</span>
              </td>
              <td data-label="Owner">{row.owner?.name ?? <span className="dim">nobody</span>}</td>
              <td data-label="We owe">
                <ClockTag short clock={mainClock(row.clocks, 'ours')} />
              </td>
              <td data-label="They owe">
                <ClockTag short clock={mainClock(row.clocks, 'theirs')} />
              </td>
              <td data-label="Tasks" className="num">
                {row.tasks.all === 0 ? <span className="dim">none</span> : `${row.tasks.done}/${row.tasks.all}`}
              </td>
              <td data-label="Received" className="num">
                <When at={row.receivedAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more && <div className="queue-more dim">More than 200: filter to see the others.</div>}
    </div>
  )
}

import { Button, Select, TextInput } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import type { Queue, QueueRow, Tab } from '../../../../src/contract/desk.ts'
import { call, type Input } from '../../api.ts'
import { useKeys } from '../../parts/keys.ts'
import { LookUp } from '../../parts/run-playbook.tsx'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { severityWords, tabWords } from '../../words.ts'
import { QueueEmpty } from './empty.tsx'
import { Reconciled } from './reconciled.tsx'
import { tabs } from './search.ts'
import { useSteadyRows } from './steady-rows.ts'
import { QueueTable } from './table.tsx'
import './queue.css'

export function QueuePage() {
  const search = useSearch({ from: '/desk/queue' })
  const tab = search.tab ?? 'needs'
  const narrowed = Object.fromEntries(Object.entries(search).filter(([key]) => key !== 'group'))
  const query = { ...narrowed, tab } as Input<'GET /api/queue'>['query']
  const queue = useQuery({
    queryKey: ['queue', query],
    queryFn: () => call('GET /api/queue', { query }),
    placeholderData: keepPreviousData,
    // News come over the live stream; this is for the day it is cut.
    refetchInterval: 30_000,
  })
  if (queue.data === undefined) {
    return queue.error === null ? (
      <Loading lines={18} />
    ) : (
      <ErrorState error={queue.error} retry={() => void queue.refetch()} />
    )
  }
  return (
    <QueueView
      queue={queue.data}
      tab={tab}
      filterKey={JSON.stringify(query)}
      stale={queue.isPlaceholderData}
      error={queue.error}
    />
  )
}

type ViewProps = {
  readonly queue: Queue
  readonly tab: Tab
  readonly filterKey: string
  readonly stale: boolean
  readonly error: unknown
}

function QueueView({ queue, tab, filterKey, stale, error }: ViewProps) {
  const navigate = useNavigate({ from: '/queue' })
  const { rows, fresh, showFresh } = useSteadyRows(queue.rows, stale ? null : filterKey)
  const [cursor, setCursorOf] = useState({ of: filterKey, at: 0 })
  // A new filter starts at the top.
  const at = cursor.of === filterKey ? Math.min(cursor.at, Math.max(0, rows.length - 1)) : 0
  const setCursor = (to: number) => setCursorOf({ of: filterKey, at: to })
  const go = (to: Tab) => void navigate({ search: (before) => ({ ...before, tab: to }), replace: true })
  const open = (row: QueueRow | undefined) =>
    row !== undefined && void navigate({ to: '/alerts/$id', params: { id: row.id } })
  useKeys({
    j: () => setCursor(Math.min(at + 1, rows.length - 1)),
    k: () => setCursor(Math.max(at - 1, 0)),
    ArrowDown: () => setCursor(Math.min(at + 1, rows.length - 1)),
    ArrowUp: () => setCursor(Math.max(at - 1, 0)),
    Enter: () => open(rows[at]),
    '.': showFresh,
    '[': () => go(tabs[(tabs.indexOf(tab) + tabs.length - 1) % tabs.length] ?? 'needs'),
    ']': () => go(tabs[(tabs.indexOf(tab) + 1) % tabs.length] ?? 'needs'),
    '/': () => document.querySelector<HTMLInputElement>('#queue-filter')?.focus(),
  })
  return (
    <>
      <div className="page-head">
        <h1>Queue</h1>
        <Filters queue={queue} />
        <LookUp />
      </div>
      <Tabs tab={tab} counts={queue.counts} go={go} />
      {error !== null && (
        <div className="notice">
          The list is from before: the server does not answer right now. It is asked again by itself.
        </div>
      )}
      <div className="card queue-card">
        {fresh > 0 && (
          <Button className="fresh" size="compact-sm" onClick={showFresh}>
            {fresh} new ↑
          </Button>
        )}
        {rows.length === 0 ? (
          <QueueEmpty queue={queue} tab={tab} />
        ) : (
          <QueueTable rows={rows} cursor={at} setCursor={setCursor} open={open} tab={tab} />
        )}
        {queue.next !== null && <div className="queue-more dim">More than these: filter to see the others.</div>}
      </div>
      <Reconciled queue={queue} />
    </>
  )
}

function Tabs({
  tab,
  counts,
  go,
}: {
  readonly tab: Tab
  readonly counts: Queue['counts']
  readonly go: (tab: Tab) => void
}) {
  return (
    <div className="queue-tabs" role="tablist" aria-label="Which alerts">
      {tabs.map((one) => (
        <button key={one} type="button" role="tab" aria-selected={one === tab} onClick={() => go(one)}>
          {tabWords[one]}
          <span className="n">{counts[one]}</span>
        </button>
      ))}
    </div>
  )
}

/** A key pressed twice in a fifth of a second is one change of the address. */
const typingMs = 200

function Filters({ queue }: { readonly queue: Queue }) {
  const search = useSearch({ from: '/desk/queue' })
  const navigate = useNavigate({ from: '/queue' })
  const [text, setText] = useState(search.q ?? '')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const set = (change: Record<string, string>) =>
    void navigate({
      search: (before) =>
        Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value !== '')),
      replace: true,
    })
  return (
    <div className="row wrap queue-filters">
      <TextInput
        id="queue-filter"
        size="xs"
        placeholder="Filter  ( / )"
        aria-label="Filter the queue"
        value={text}
        onChange={(event) => {
          const q = event.currentTarget.value
          setText(q)
          clearTimeout(timer.current)
          timer.current = setTimeout(() => set({ q }), typingMs)
        }}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      <Select
        size="xs"
        aria-label="Provider"
        placeholder="All providers"
        clearable
        data={queue.providers.map((provider) => ({ value: provider.id, label: provider.name }))}
        value={search.provider ?? null}
        onChange={(provider) => set({ provider: provider ?? '' })}
      />
      <Select
        size="xs"
        aria-label="Severity"
        placeholder="All severities"
        clearable
        data={Object.entries(severityWords).map(([value, label]) => ({ value, label }))}
        value={search.severity ?? null}
        onChange={(severity) => set({ severity: severity ?? '' })}
      />
    </div>
  )
}

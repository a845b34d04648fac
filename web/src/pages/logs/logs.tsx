import { Button, MultiSelect } from '@mantine/core'
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import type { LogAsk, LogCost } from '../../../../src/contract/logs.ts'
import { call, Refused } from '../../api.ts'
import { useKeys } from '../../parts/keys.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { bytesWords, msWords, plural } from '../../words.ts'
import { Context } from './context.tsx'
import { type EventActs, EventDetail } from './detail.tsx'
import { Facets } from './facets.tsx'
import { Histogram } from './histogram.tsx'
import { type LogSearch, lakeQuery } from './log-search.ts'
import { LogTabs } from './log-tabs.tsx'
import { QueryBox } from './query-box.tsx'
import { type Known, searchFor, unreadQuery, withCondition } from './query-words.ts'
import { RangePicker } from './range-picker.tsx'
import { EventRows } from './rows.tsx'
import { Start } from './start.tsx'
import { windowOf } from './time-range.ts'
import './logs.css'

/** Events of one fetch; the next are fetched by a click. */
const pageSize = 100

export function LogsPage() {
  const search = useSearch({ from: '/desk/logs' })
  const navigate = useNavigate({ from: '/logs' })
  const [ran, setRan] = useState(() => Date.now())
  const set = (change: LogSearch) => {
    setRan(Date.now())
    void navigate({
      search: (before) =>
        Object.fromEntries(
          Object.entries({ ...before, ...change }).filter(([key, value]) => value !== '' || key === 'q'),
        ),
    })
  }
  useKeys({ '/': () => document.querySelector<HTMLInputElement>('#log-query')?.focus() })
  const { q, from, to, source = '' } = search
  const ask = useMemo(
    () =>
      q === undefined
        ? null
        : {
            q,
            ...windowOf({ ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }, ran),
            sources: source === '' ? [] : source.split(','),
          },
    [q, from, to, source, ran],
  )
  return (
    <>
      <div className="page-head">
        <h1>Logs</h1>
        <LogTabs />
      </div>
      <Search ask={ask} set={set} />
    </>
  )
}

/** What is fetched once for one search: looking again at the same answer costs the engine nothing, and writes no line into the ledger. */
const once = {
  staleTime: Number.POSITIVE_INFINITY,
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
  retry: false,
} as const

function useAnswers(ask: LogAsk | null) {
  const nothing: LogAsk = { q: '', from: '', to: '', sources: [] }
  const enabled = ask !== null
  const events = useInfiniteQuery({
    queryKey: ['logs', 'events', ask],
    queryFn: ({ pageParam, signal }) =>
      call(
        'POST /api/lake/search',
        { body: { ...(ask ?? nothing), limit: pageSize, after: pageParam } } as never,
        undefined,
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    enabled,
    ...once,
  })
  // The rows come first: a query that cannot be read is told once, and a costly one is not asked three times at once.
  const beside = enabled && events.data !== undefined
  const histogram = useQuery({
    queryKey: ['logs', 'histogram', ask],
    queryFn: ({ signal }) => call('POST /api/lake/histogram', { body: ask ?? nothing } as never, undefined, signal),
    enabled: beside,
    placeholderData: keepPreviousData,
    ...once,
  })
  const facets = useQuery({
    queryKey: ['logs', 'facets', ask],
    queryFn: ({ signal }) => call('POST /api/lake/facets', { body: ask ?? nothing } as never, undefined, signal),
    enabled: beside,
    placeholderData: keepPreviousData,
    ...once,
  })
  return { events, histogram, facets }
}

function Search({ ask, set }: { readonly ask: LogAsk | null; readonly set: (change: LogSearch) => void }) {
  const search = useSearch({ from: '/desk/logs' })
  const client = useQueryClient()
  const lake = useQuery(lakeQuery)
  const { events, histogram, facets } = useAnswers(ask)
  const known = useKnown(lake.data)
  const query = search.q ?? ''
  const busy = events.isFetching || histogram.isFetching || facets.isFetching
  const wrong = wrongOf(events.error)
  const rows = events.data?.pages.flatMap((page) => page.events) ?? []
  return (
    <>
      <div className="logs-ask">
        <QueryBox
          query={query}
          run={(q) => set({ q })}
          known={known}
          wrong={wrong}
          busy={busy}
          stop={() => void client.cancelQueries({ queryKey: ['logs'] })}
        />
        <MultiSelect
          className="logs-sources"
          size="sm"
          aria-label="Sources"
          placeholder={search.source === undefined ? 'All sources' : ''}
          clearable
          data={lake.data?.sources.map(({ source }) => source.id) ?? search.source?.split(',') ?? []}
          value={search.source?.split(',') ?? []}
          onChange={(sources) => set({ source: sources.join(','), q: query })}
        />
        <RangePicker range={search} set={(range) => set({ ...range, q: query })} />
      </div>
      {ask === null || wrong !== null ? (
        <Start lake={lake.data} error={lake.error} set={set} />
      ) : events.error !== null && rows.length === 0 ? (
        <ErrorState error={events.error} retry={() => void events.refetch()} last={<CouldNotLook />} />
      ) : events.data === undefined ? (
        <Waiting busy={busy} again={() => void events.refetch()} />
      ) : (
        <>
          {histogram.data !== undefined && (
            <Histogram
              histogram={histogram.data}
              zoom={(from, to) => set({ from, to, q: query })}
              stale={histogram.isPlaceholderData}
            />
          )}
          <Note error={histogram.error} what="How many when" />
          {query.includes(unreadQuery) && <Teach />}
          <div className="logs-grid">
            {facets.data === undefined ? (
              <aside className="facets" aria-label="Most frequent values">
                <Note error={facets.error} what="The most frequent values" />
                {facets.error === null && <Loading lines={6} />}
              </aside>
            ) : (
              <Facets
                facets={facets.data}
                stale={facets.isPlaceholderData}
                add={(field, value, not) => set({ q: withCondition(query, field, value, not) })}
              />
            )}
            <Found events={events} set={set} query={query} />
          </div>
        </>
      )}
    </>
  )
}

function useKnown(lake: Awaited<ReturnType<(typeof lakeQuery)['queryFn']>> | undefined): Known {
  return useMemo(() => {
    const sources = lake?.sources.map(({ source }) => ({ insert: source.id, says: source.title })) ?? []
    const parsers = lake?.parsers.map(({ id, title }) => ({ insert: id, says: title })) ?? []
    return { source: sources, parser: parsers, 'metadata.log_provider': sources, 'metadata.log_format': parsers }
  }, [lake])
}

/** A query that cannot be read is mended at the box; everything else is told where the answer would stand. */
function wrongOf(error: unknown): { says: string; at: number | null } | null {
  if (!(error instanceof Refused) || error.problem.code !== 'lake.query') return null
  const { details, says } = error.problem
  const character = details.find((one) => one.field === 'q.character')
  return {
    says: details.find((one) => one.field === 'q')?.says ?? says,
    at: character === undefined ? null : Number(character.says) - 1,
  }
}

function CouldNotLook() {
  return (
    <p className="dim">
      This is not "nothing found": nobody could look. What comes in meanwhile is kept and can be searched later.
    </p>
  )
}

/** While the first answer is on its way, and after somebody stopped it. */
function Waiting({ busy, again }: { readonly busy: boolean; readonly again: () => void }) {
  if (busy) return <Loading lines={14} />
  return (
    <EmptyState
      title="Stopped."
      proof="The search was taken back before it had an answer: it is not known whether there is anything."
      action={
        <Button variant="default" onClick={again}>
          Search again
        </Button>
      }
    />
  )
}

function Note({ error, what }: { readonly error: unknown; readonly what: string }) {
  if (!(error instanceof Error)) return null
  return (
    <p className="notice">
      {what} could not be counted:{' '}
      {error instanceof Refused ? `${error.problem.says} ${error.problem.next}` : error.message}
    </p>
  )
}

function Teach() {
  return (
    <p className="notice">
      Lines that no parser read. They are kept and found by their words; a parser makes them answer questions too. One
      is a YAML file with a sample in it: <code>docs/log-parsers.md</code> shows how, and the folder goes into{' '}
      <code>lake.parsers</code> of <code>counterfoil.yaml</code>.
    </p>
  )
}

type Found = {
  readonly events: ReturnType<typeof useAnswers>['events']
  readonly set: (change: LogSearch) => void
  readonly query: string
}

function Found({ events, set, query }: Found) {
  const pages = events.data?.pages ?? []
  const rows = pages.flatMap((page) => page.events)
  const [cursor, setCursor] = useState(0)
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const at = Math.min(cursor, Math.max(0, rows.length - 1))
  const toggle = (id: string) =>
    setOpen(open.has(id) ? new Set([...open].filter((one) => one !== id)) : new Set([...open, id]))
  const move = (step: number) => setCursor(Math.max(0, Math.min(rows.length - 1, at + step)))
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => rows[at] !== undefined && toggle(rows[at].id),
    n: () => events.hasNextPage && !events.isFetchingNextPage && void events.fetchNextPage(),
  })
  const act: EventActs = {
    add: (field, value, not) => set({ q: withCondition(query, field, value, not) }),
    lookFor: (value) => set({ q: searchFor(value) }),
  }
  const warnings = [...new Set(pages.flatMap((page) => page.warnings))]
  return (
    <section className="card logs-found" aria-label="Events found">
      {warnings.map((warning) => (
        <p key={warning} className="notice">
          {warning}
        </p>
      ))}
      {rows.length === 0 ? (
        <EmptyState
          title="Looked, and there is nothing."
          proof="No line of that time fits. Try a longer time, or fewer words; Sources says whether logs of that time are there at all."
          action={
            <Button variant="default" onClick={() => set({ q: query, from: '-30d', to: '' })}>
              Look at the last 30 days
            </Button>
          }
        />
      ) : (
        <>
          <div className="events-head">
            <span>Time (UTC)</span>
            <span>Source</span>
            <span>What</span>
            <span className="row between">
              <span className="in-short">In short</span>
              <Cost costs={pages.map((page) => page.cost)} shown={rows.length} whole={!events.hasNextPage} />
            </span>
          </div>
          <EventRows
            events={rows}
            cursor={at}
            setCursor={setCursor}
            open={open}
            toggle={toggle}
            label="Events, newest first"
            detail={(event) => <EventDetail event={event} act={act} around={(id) => <Context id={id} act={act} />} />}
          />
        </>
      )}
      {events.hasNextPage && (
        <Button
          variant="default"
          fullWidth
          loading={events.isFetchingNextPage}
          onClick={() => void events.fetchNextPage()}
        >
          Show older ones (N)
        </Button>
      )}
      {events.isFetchNextPageError && <Note error={events.error} what="More" />}
    </section>
  )
}

function Cost({
  costs,
  shown,
  whole,
}: {
  readonly costs: readonly LogCost[]
  readonly shown: number
  readonly whole: boolean
}) {
  const sum = (of: (cost: LogCost) => number | null) => costs.reduce((total, cost) => total + (of(cost) ?? 0), 0)
  const rowsRead = sum((cost) => cost.rowsRead)
  return (
    <span className="dim logs-cost">
      {plural(shown, 'event')}
      {whole ? ', which are all' : ' shown'}
      {rowsRead > 0 && ` · ${plural(rowsRead, 'row')} read (${bytesWords(sum((cost) => cost.bytesRead))})`} · took{' '}
      {msWords(sum((cost) => cost.ms))}
    </span>
  )
}

import { Button, NativeSelect, TextInput } from '@mantine/core'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import type { Queue, QueueRow, Tab } from '../../../../src/contract/desk.ts'
import type { Permission } from '../../../../src/contract/permissions.ts'
import type { Outcome } from '../../../../src/model/triage.ts'
import { call, type Input } from '../../api.ts'
import { useMay } from '../../me.ts'
import { useKeys } from '../../parts/keys.ts'
import { ApprovalsWait } from '../../parts/my-approvals.tsx'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { outcomeShort, plural, severityWords, tabWords } from '../../words.ts'
import { DecidePanel } from './decide-panel.tsx'
import { QueueEmpty } from './empty.tsx'
import { QueueFacets } from './facets.tsx'
import { type GroupAct, QueueGroups } from './groups.tsx'
import { Reconciled } from './reconciled.tsx'
import { ReviewsDue, useReviews } from './reviews.tsx'
import { queueSearchOf, tabs } from './search.ts'
import { SlideOver } from './slide-over.tsx'
import { AssignPanel, SnoozePanel, ViewsPanel } from './small-panels.tsx'
import { useSteadyRows } from './steady-rows.ts'
import { QueueTable } from './table.tsx'
import { useActs } from './use-acts.ts'
import { useSelection } from './use-selection.ts'
import './queue.css'

// Dialogs that few open: with their fields they would be a third of what the queue weighs.
const ReviewPanel = lazy(() => import('./review-panel.tsx'))
const LookUpPanel = lazy(() => import('./look-up-panel.tsx'))

type Query = NonNullable<Input<'GET /api/queue'>['query']>

export function QueuePage() {
  const search = useSearch({ from: '/desk/queue' })
  const tab = search.tab ?? 'needs'
  const narrowed = Object.fromEntries(Object.entries(search).filter(([key]) => key !== 'group'))
  const query = { ...narrowed, tab } as Query
  const queue = useInfiniteQuery({
    queryKey: ['queue', query],
    queryFn: ({ pageParam }) => call('GET /api/queue', { query: { ...query, after: pageParam } }),
    initialPageParam: '',
    getNextPageParam: (last: Queue) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    // Nothing is kept for the way back: what was decided on another page meanwhile must not lie under the cursor again.
    gcTime: 0,
    // News come over the live stream; this is for the day it is cut.
    refetchInterval: 30_000,
  })
  const first = queue.data?.pages[0]
  if (first === undefined) {
    return queue.error === null ? (
      <Loading lines={18} />
    ) : (
      <ErrorState error={queue.error} retry={() => void queue.refetch()} />
    )
  }
  const rows = queue.data?.pages.flatMap((page) => page.rows) ?? []
  return (
    <QueueView
      queue={{ ...first, rows }}
      tab={tab}
      query={query}
      stale={queue.isPlaceholderData}
      more={queue.hasNextPage ? () => void queue.fetchNextPage() : null}
    />
  )
}

type ViewProps = {
  readonly queue: Queue
  readonly tab: Tab
  readonly query: Query
  readonly stale: boolean
  readonly more: (() => void) | null
}

type Panel = (
  | { readonly kind: 'decide'; readonly outcome: Outcome }
  | { readonly kind: 'snooze' | 'assign' | 'views' | 'look-up' }
) & {
  /** What it is about, where that is a group. */
  readonly rows?: readonly QueueRow[]
}

function QueueView({ queue, tab, query, stale, more }: ViewProps) {
  const navigate = useNavigate({ from: '/queue' })
  const search = useSearch({ from: '/desk/queue' })
  const may = useMay()
  const filterKey = JSON.stringify(query)
  const acts = useActs()
  const steady = useSteadyRows(queue.rows, stale ? null : filterKey)
  const rows = steady.rows.filter(({ id }) => !acts.hidden.has(id))
  const [cursor, setCursorOf] = useState({ of: filterKey, at: 0 })
  const [panel, setPanel] = useState<Panel | null>(null)
  const [beside, setBeside] = useState(false)
  // A panel gives the focus back to the group that it was opened from.
  const from = useRef<Element | null>(null)
  useEffect(() => {
    if (panel === null && from.current instanceof HTMLElement && from.current.isConnected) from.current.focus()
  }, [panel])
  const [facets, setFacets] = useState(false)
  const reviews = useReviews()
  const [reviewing, setReviewing] = useState<string | null>(null)
  const reviewed = reviews.find(({ id }) => id === reviewing)
  const { selected, toggle, upTo, clear } = useSelection(rows.map(({ id }) => id))
  // A new filter starts at the top.
  const at = cursor.of === filterKey ? Math.min(cursor.at, Math.max(0, rows.length - 1)) : 0
  // Among groups the cursor is theirs: no key may act on a row that is not shown.
  const grouped = search.group !== undefined
  const here = grouped ? undefined : rows[at]
  const setCursor = (to: number) => {
    setCursorOf({ of: filterKey, at: Math.max(0, Math.min(to, rows.length - 1)) })
    if (to >= rows.length - 5) more?.()
  }
  /** What an act is about: the selected rows, or the one under the cursor. */
  const meant =
    panel?.rows !== undefined
      ? panel.rows
      : selected.size > 0 && !grouped
        ? rows.filter(({ id }) => selected.has(id))
        : here === undefined
          ? []
          : [here]
  const set = (change: Readonly<Record<string, string>>) =>
    void navigate({ search: (before) => queueSearchOf({ ...before, ...change }), replace: true })
  const go = (to: Tab) => void navigate({ search: (before) => ({ ...before, tab: to }), replace: true })
  const open = (row: QueueRow | undefined) =>
    row !== undefined && void navigate({ to: '/alerts/$id', params: { id: row.id } })
  const reply = async () => {
    if (here === undefined) return
    if (here.outcome === null) return say('Decide it first: the answer follows from the decision.')
    const id = here.reply?.id ?? (await call('POST /api/alerts/:id/reply', { params: { id: here.id } })).replyId
    await navigate({ to: '/replies/$id', params: { id } })
  }
  const ask = (next: Panel, permission: Permission) => {
    const about = next.rows ?? meant
    if (next.kind !== 'views' && about.length === 0) return
    if (next.kind === 'decide' && about.some(({ outcome }) => outcome !== null)) return say('It is decided already.')
    from.current = document.activeElement
    if (may(permission)) setPanel(next)
    else say('Your role may look; an analyst or a lead does this.')
  }
  const decideAs = (outcome: Outcome) => () => ask({ kind: 'decide', outcome }, 'alert.decide')
  const falseAlarm = (row: QueueRow | undefined): Outcome =>
    row?.proposed === 'false-alarm-benign' ? 'false-alarm-benign' : 'false-alarm-nothing'
  /** What sleeps is woken, and what is awake is asked for how long. */
  const snooze = (next: Panel) => {
    const about = next.rows ?? meant
    const asleep = about.length > 0 && about.every((row) => row.snooze !== null)
    if (asleep && may('alert.arrange')) void acts.wake(about).then(clear)
    else ask(next, 'alert.arrange')
  }
  const onGroup = (what: GroupAct, group: readonly QueueRow[]) => {
    if (what === 'a') return ask({ kind: 'assign', rows: group }, 'alert.arrange')
    if (what === 'h') return snooze({ kind: 'snooze', rows: group })
    const outcomes = { '1': 'incident', '2': 'minor-trouble', '3': falseAlarm(group[0]), '4': 'tune' } as const
    ask({ kind: 'decide', outcome: outcomes[what], rows: group }, 'alert.decide')
  }
  const done = () => {
    setPanel(null)
    clear()
  }
  const merge = () => {
    const others = rows.filter(({ id }) => selected.has(id) && id !== here?.id)
    if (here === undefined || others.length === 0)
      return say('Select the others with X, then press M on the one to keep.')
    if (may('alert.arrange')) void acts.merge(others, here).then(clear)
  }
  const move = (step: number) => () => setCursor(at + step)
  // biome-ignore format: one line for what belongs together
  const rowKeys = {
    j: move(1), k: move(-1), ArrowDown: move(1), ArrowUp: move(-1),
    Enter: () => open(here),
    '1': decideAs('incident'), '2': decideAs('minor-trouble'), '3': decideAs(falseAlarm(here)), '4': decideAs('tune'),
    x: () => here !== undefined && toggle(here.id),
    'shift+X': () => here !== undefined && upTo(here.id),
    ' ': () => setBeside((before) => !before), ArrowRight: () => setBeside(true), ArrowLeft: () => setBeside(false),
    h: () => snooze({ kind: 'snooze' }),
    a: () => ask({ kind: 'assign' }, 'alert.arrange'),
    m: merge,
    u: () => here !== undefined && may('alert.arrange') && void acts.unmerge(here),
    e: () => here !== undefined && may('alert.ask') && void acts.askAgain(here),
    r: () => void reply(),
  }
  // biome-ignore format: one line for what belongs together
  useKeys({
    ...(grouped ? {} : rowKeys),
    '.': steady.showFresh,
    '[': () => go(tabs[(tabs.indexOf(tab) + tabs.length - 1) % tabs.length] ?? 'needs'),
    ']': () => go(tabs[(tabs.indexOf(tab) + 1) % tabs.length] ?? 'needs'),
    '/': () => document.querySelector<HTMLInputElement>('#queue-filter')?.focus(),
    Escape: () => (beside ? setBeside(false) : clear()),
    w: () => setReviewing(reviews[0]?.id ?? null),
    v: () => ask({ kind: 'views' }, 'desk.see'),
    f: () => setFacets((before) => !before),
    b: () => set({ group: grouped ? '' : 'yes' }),
    z: acts.undoLast,
  })
  return (
    <>
      <div className="page-head">
        <h1>Queue</h1>
        <ApprovalsWait />
        <Filters queue={queue} />
        <Button
          size="compact-sm"
          variant={facets ? 'light' : 'default'}
          aria-pressed={facets}
          onClick={() => setFacets(!facets)}
        >
          Narrow
        </Button>
        <Button
          size="compact-sm"
          variant={search.group === undefined ? 'default' : 'light'}
          aria-pressed={search.group !== undefined}
          onClick={() => set({ group: search.group === undefined ? 'yes' : '' })}
        >
          Group
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setPanel({ kind: 'views' })}>
          Views
        </Button>
        {may('playbook.run') && (
          <Button size="compact-sm" variant="default" onClick={() => setPanel({ kind: 'look-up' })}>
            Look up…
          </Button>
        )}
      </div>
      <Tabs tab={tab} queue={queue} reviews={reviews.length} go={go} />
      <div className="queue-body">
        {facets && <QueueFacets query={query as never} search={search} set={set} />}
        <div className="card queue-card">
          {steady.fresh > 0 && (
            <Button className="fresh" size="compact-sm" onClick={steady.showFresh}>
              {steady.fresh} new ↑
            </Button>
          )}
          {tab === 'needs' && <ReviewsDue rows={reviews} open={setReviewing} />}
          {search.group !== undefined ? (
            <QueueGroups query={query as never} open={open} act={onGroup} />
          ) : rows.length === 0 ? (
            <QueueEmpty queue={queue} tab={tab} besides={tab === 'needs' && reviews.length > 0} />
          ) : (
            <QueueTable rows={rows} cursor={at} setCursor={setCursor} open={open} tab={tab} selected={selected} />
          )}
          {more !== null && search.group === undefined && (
            <div className="queue-more">
              <Button size="compact-sm" variant="subtle" onClick={more}>
                Show more
              </Button>
            </div>
          )}
        </div>
        {beside && here !== undefined && <SlideOver id={here.id} close={() => setBeside(false)} />}
      </div>
      <Reconciled queue={queue} />
      {reviewed !== undefined && (
        <Suspense fallback={null}>
          <ReviewPanel one={reviewed} close={() => setReviewing(null)} />
        </Suspense>
      )}
      {panel?.kind === 'look-up' && (
        <Suspense fallback={null}>
          <LookUpPanel close={() => setPanel(null)} />
        </Suspense>
      )}
      {panel?.kind === 'decide' && (
        <DecidePanel
          rows={meant}
          start={panel.outcome}
          close={() => setPanel(null)}
          decide={(decided) => {
            done()
            const { alerts, ...rest } = decided
            const ids = alerts.map(({ id }) => id)
            void acts.act(
              `${plural(ids.length, 'alert')} decided: ${outcomeShort[decided.outcome]}.`,
              ids,
              async () => {
                const { batchId } = await call('POST /api/queue/decide', { body: { ...rest, alerts: [...alerts] } })
                return () => call('POST /api/queue/decide/undo', { body: { batchId } })
              },
            )
          }}
        />
      )}
      {panel?.kind === 'snooze' && (
        <SnoozePanel
          close={() => setPanel(null)}
          choose={(until) => {
            done()
            void acts.snooze(meant, until)
          }}
        />
      )}
      {panel?.kind === 'assign' && (
        <AssignPanel
          close={() => setPanel(null)}
          choose={(person) => {
            done()
            void acts.assign(meant, person)
          }}
        />
      )}
      {panel?.kind === 'views' && (
        <ViewsPanel
          search={search}
          close={() => setPanel(null)}
          maySave={may('alert.arrange')}
          go={(to) => {
            setPanel(null)
            void navigate({ search: queueSearchOf(to), replace: true })
          }}
        />
      )}
    </>
  )
}

function Tabs({
  tab,
  queue: { counts, moreInAll },
  reviews,
  go,
}: {
  readonly tab: Tab
  readonly queue: Queue
  /** Expectations of mine to look at again: they need me as an alert does, and stand above them. */
  readonly reviews: number
  readonly go: (tab: Tab) => void
}) {
  return (
    <div className="queue-tabs" role="tablist" aria-label="Which alerts">
      {tabs.map((one) => (
        <button key={one} type="button" role="tab" aria-selected={one === tab} onClick={() => go(one)}>
          {tabWords[one]}
          {one === 'needs' && counts.needs !== null && reviews > 0 ? (
            <span className="n" title={`${plural(counts.needs, 'alert')}, ${plural(reviews, 'expectation')} to review`}>
              {counts.needs + reviews}
            </span>
          ) : (
            counts[one] !== null && (
              <span className="n">{one === 'all' && moreInAll ? `${counts.all}+` : counts[one]}</span>
            )
          )}
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
      <NativeSelect
        size="xs"
        aria-label="Provider"
        data={[
          { value: '', label: 'All providers' },
          ...queue.providers.map((provider) => ({ value: provider.id, label: provider.name })),
        ]}
        value={search.provider ?? ''}
        onChange={(event) => set({ provider: event.currentTarget.value })}
      />
      <NativeSelect
        size="xs"
        aria-label="Severity"
        data={[
          { value: '', label: 'All severities' },
          ...Object.entries(severityWords).map(([value, label]) => ({ value, label })),
        ]}
        value={search.severity ?? ''}
        onChange={(event) => set({ severity: event.currentTarget.value })}
      />
    </div>
  )
}

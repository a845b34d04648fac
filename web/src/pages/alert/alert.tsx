import { SegmentedControl } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import { call, problemOf } from '../../api.ts'
import { useMay } from '../../me.ts'
import { BackIcon } from '../../parts/icons.tsx'
import { useKeys } from '../../parts/keys.ts'
import { OthersHere, useHere } from '../../parts/presence.tsx'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { TicketPanel } from '../tickets/panel.tsx'
import { DecideBar } from './decide-bar.tsx'
import { useDraftDecision } from './draft-decision.ts'
import { Facts } from './facts.tsx'
import { takeDrafted, useMemory } from './memory-card.tsx'
import { Messages } from './messages.tsx'
import { isAnswered, Rail } from './rail.tsx'
import { mayRemember, RememberPanel } from './remember.tsx'
import { findingAtCursor, moveRow } from './row-cursor.ts'
import { Story } from './story.tsx'
import './alert.css'

export function AlertRoute() {
  const { id } = useParams({ from: '/desk/alerts/$id' })
  const page = useQuery({
    queryKey: ['alert', id],
    queryFn: () => call('GET /api/alerts/:id', { params: { id } }),
    placeholderData: keepPreviousData,
  })
  if (page.data === undefined)
    return page.error === null ? (
      <Loading lines={14} />
    ) : (
      <ErrorState error={page.error} retry={() => void page.refetch()} />
    )
  if (page.isPlaceholderData) return <Loading lines={14} />
  return <AlertView key={id} page={page.data} />
}

/** Where the decision stands below the story, its field is put into the middle: whatever still comes in above it, it stays in sight. */
function writeReason(): void {
  const rail = document.querySelector('#decide')
  const field = rail?.querySelector('textarea')
  if (rail === null || field == null) return
  field.focus()
  if (getComputedStyle(rail).position === 'static') field.scrollIntoView({ block: 'center' })
}

function AlertView({ page }: { readonly page: AlertPage }) {
  const { alert, neighbours } = page
  const [view, setView] = useState<'story' | 'messages' | 'ticket'>(
    window.location.hash === '#ticket' ? 'ticket' : 'story',
  )
  const navigate = useNavigate()
  const may = useMay()
  const draft = useDraftDecision(page)
  const [remembering, setRemembering] = useState(false)
  const [early, setEarly] = useState(page.filledAt === null && alert.state === 'open' && alert.kind === 'alert')
  useHere(
    alert.id,
    page.alert.state === 'open' && (draft.outcome !== null || draft.reason !== '') ? 'deciding' : 'reading',
  )
  const memory = useMemory(alert.id)
  const go = (id: string | null) => id !== null && void navigate({ to: '/alerts/$id', params: { id } })
  const takeRemembered = () => {
    const drafted = memory.data?.drafted ?? null
    if (drafted !== null && alert.state === 'open' && may('alert.decide')) takeDrafted(drafted, draft)
  }
  const reply = async () => {
    const last = page.replies.findLast(({ state }) => state !== 'cancelled')
    if (last === undefined && page.alert.state === 'open')
      return say('Decide it first: the answer follows from the decision.')
    if (last === undefined && !may('reply.write')) return
    try {
      const id = last?.id ?? (await call('POST /api/alerts/:id/reply', { params: { id: alert.id } })).replyId
      await navigate({ to: '/replies/$id', params: { id } })
    } catch (error) {
      say(problemOf(error).says, { bad: true })
    }
  }
  useKeys({
    j: () => (early && view === 'story' ? setEarly(false) : moveRow(1)),
    k: () => moveRow(-1),
    'shift+J': () => go(neighbours.next),
    'shift+K': () => go(neighbours.previous),
    m: () => setView(view === 'messages' ? 'story' : 'messages'),
    t: () => setView(view === 'ticket' ? 'story' : 'ticket'),
    '1': () => draft.choose('incident'),
    '2': () => draft.choose('minor-trouble'),
    '3': () => draft.choose(draft.outcome === 'false-alarm-nothing' ? 'false-alarm-benign' : 'false-alarm-nothing'),
    '4': () => draft.choose('tune'),
    c: () => {
      if (view === 'ticket') return document.querySelector<HTMLElement>('#ticket-comment')?.focus()
      const finding = findingAtCursor()
      if (finding !== undefined) draft.cite(finding)
      else if (view === 'story') moveRow(1)
    },
    '0': () => draft.setWithoutEvidence(!draft.withoutEvidence),
    w: writeReason,
    p: () => page.alert.state === 'open' && draft.propose() && writeReason(),
    z: () => {
      const standing = page.decisions.find((decision) => decision.undoneAt === null)
      if (standing !== undefined && !isAnswered(page) && may('alert.decide')) draft.undo.mutate(standing.id)
    },
    r: () => void reply(),
    // On the ticket A assigns it.
    ...(view === 'ticket' ? {} : { a: takeRemembered }),
    e: () => mayRemember(page) && may('expectation.write') && setRemembering(true),
    u: () => void navigate({ to: '/queue' }),
  })
  return (
    <>
      <div className="page-head alert-head">
        <Link to="/queue" className="row tight dim">
          <BackIcon /> Queue
        </Link>
        <span className="dim mono">A-{alert.number}</span>
        <h1 className="clip" title={alert.title}>
          {alert.rule ?? alert.title}
        </h1>
        {alert.sample && <span className="tag sample">Sample data</span>}
        {alert.kind === 'unread' && <span className="tag warn">Unread: no reader understood it</span>}
        <OthersHere alertId={alert.id} />
        <SegmentedControl
          size="xs"
          className="alert-views"
          aria-label="Story, messages or ticket"
          value={view}
          onChange={(value) => setView(value as typeof view)}
          data={[
            { value: 'story', label: 'Story' },
            { value: 'messages', label: plural(page.messages.length, 'message') },
            { value: 'ticket', label: 'Ticket' },
          ]}
        />
      </div>
      <div className={view === 'story' ? 'alert-grid' : 'alert-grid wide'}>
        {view === 'story' && <Facts page={page} />}
        {view === 'story' && <Story page={page} draft={draft} early={early} unfold={() => setEarly(false)} />}
        {view === 'messages' && <Messages page={page} />}
        {view === 'ticket' && <TicketPanel alertId={alert.id} />}
        <Rail page={page} draft={draft} early={early} remember={() => setRemembering(true)} />
      </div>
      <DecideBar page={page} draft={draft} early={early} />
      {remembering && <RememberPanel page={page} draft={draft} close={() => setRemembering(false)} />}
    </>
  )
}

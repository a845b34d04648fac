import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useRef } from 'react'
import type { ReplyPage } from '../../../../src/contract/answer.ts'
import { call } from '../../api.ts'
import { BackIcon } from '../../parts/icons.tsx'
import { useKeys } from '../../parts/keys.ts'
import { OthersHere, useHere } from '../../parts/presence.tsx'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { replyWords } from '../../words.ts'
import { DraftPane } from './draft-pane.tsx'
import { Files } from './files.tsx'
import { LeavesPane } from './leaves-pane.tsx'
import { Navigator } from './navigator.tsx'
import { Outcome } from './outcome.tsx'
import { Recipients } from './recipients.tsx'
import { useReview } from './review.ts'
import { useScrollTogether } from './scroll-together.ts'
import './reply.css'

/** While it is held or under way the page looks every two seconds too, should the live stream be cut. */
const movingMs = 2000

export function ReplyRoute() {
  const { id } = useParams({ from: '/desk/replies/$id' })
  const page = useQuery({
    queryKey: ['reply', id],
    queryFn: () => call('GET /api/replies/:id', { params: { id } }),
    refetchInterval: (query) =>
      query.state.data !== undefined && ['held', 'sending'].includes(query.state.data.reply.state) ? movingMs : false,
  })
  if (page.data === undefined)
    return page.error === null ? (
      <Loading lines={14} />
    ) : (
      <ErrorState error={page.error} retry={() => void page.refetch()} />
    )
  return <ReplyView key={id} page={page.data} />
}

function ReplyView({ page }: { readonly page: ReplyPage }) {
  const { reply, alert, provider } = page
  const review = useReview(page)
  useHere(alert.id, reply.state === 'draft' ? 'answering' : 'reading')
  const navigate = useNavigate()
  const back = (hash: string) => void navigate({ to: '/alerts/$id', params: { id: alert.id }, hash })
  useKeys({ a: () => back(''), t: () => back('ticket') })
  const grid = useRef<HTMLDivElement>(null)
  useScrollTogether(grid)
  return (
    <>
      <div className="page-head">
        <Link to="/alerts/$id" params={{ id: alert.id }} className="row tight dim plain-link">
          <BackIcon /> A-{alert.number}
        </Link>
        <h1>Answer to {provider.name}</h1>
        <span
          className={`tag ${reply.state === 'sent' ? 'good' : reply.state === 'failed' || reply.state === 'unconfirmed' ? 'bad' : 'accent'}`}
        >
          {page.first !== null && reply.state === 'draft' ? 'Waits for a second person' : replyWords[reply.state]}
        </span>
        {provider.dryRun && <span className="tag warn">Dry run: this provider is not switched live</span>}
        <OthersHere alertId={alert.id} />
        <span className="dim clip">{alert.title}</span>
      </div>
      <Recipients page={page} />
      <Files page={page} review={review} />
      <div className="reply-grid" ref={grid}>
        <DraftPane page={page} review={review} />
        <LeavesPane page={page} />
        <div className="stack">
          <Outcome page={page} review={review} />
          {reply.state === 'draft' && page.first === null && <Navigator page={page} review={review} />}
        </div>
      </div>
    </>
  )
}

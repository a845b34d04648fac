import { CloseButton } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { call } from '../../api.ts'
import { KindTag } from '../../parts/meter.tsx'
import { ErrorState } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { outcomeShort, outcomeWords, rungWords } from '../../words.ts'

/** History shown beside the list. */
const pastMax = 5

/** The alert under the cursor beside the list, which keeps the focus: what it says, what is known, what was decided before. */
export function SlideOver({ id, close }: { readonly id: string; readonly close: () => void }) {
  const page = useQuery({
    queryKey: ['alert', id],
    queryFn: () => call('GET /api/alerts/:id', { params: { id } }),
    placeholderData: keepPreviousData,
  })
  const data = page.data
  return (
    <aside className="slide-over" aria-label="The alert under the cursor">
      <div className="row between">
        <strong>{data === undefined ? '…' : `A-${data.alert.number}`}</strong>
        <CloseButton aria-label="Close what is beside the list" onClick={close} />
      </div>
      {page.error !== null && data === undefined && <ErrorState error={page.error} retry={() => void page.refetch()} />}
      {data !== undefined && (
        <div className="stack">
          <p className="sentence">{data.judgement?.sentence ?? data.alert.title}</p>
          <ul className="plain-list">
            {data.judgement?.ladder.map((one) => (
              <li key={one.rung} className="row between">
                <span>{rungWords[one.rung]}</span>
                <KindTag kind={one.state} />
              </li>
            ))}
          </ul>
          {data.judgement !== null && (
            <p>
              <strong>
                {data.judgement.proposal.outcome === null
                  ? 'No decision is proposed'
                  : `Proposed: ${outcomeWords[data.judgement.proposal.outcome]}`}
              </strong>
              <br />
              {data.judgement.proposal.sentence}
            </p>
          )}
          {data.history.length > 0 && (
            <ul className="plain-list" aria-label="Before">
              {data.history.slice(0, pastMax).map((one) => (
                <li key={one.id} className="row between">
                  <span>
                    A-{one.number} · {one.outcome === null ? 'not decided' : outcomeShort[one.outcome]}
                  </span>
                  <When at={one.receivedAt} />
                </li>
              ))}
            </ul>
          )}
          <Link to="/alerts/$id" params={{ id: data.alert.id }}>
            Open the alert
          </Link>
        </div>
      )}
    </aside>
  )
}

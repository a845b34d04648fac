import { Button, TextInput } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { call } from '../../api.ts'
import { BackIcon } from '../../parts/icons.tsx'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { severityWords } from '../../words.ts'
import { AskForm } from './ask.tsx'
import './portal.css'

/** News do not reach a provider's page (what happens here and when is ours); it looks by itself. */
const lookAgainMs = 30_000
const stateWords = { received: 'Received', answered: 'Answered' } as const

/** For a provider's analyst: the tickets they sent, and what was answered. */
export function PortalPage() {
  const { q = '' } = useSearch({ from: '/desk/portal' })
  const navigate = useNavigate()
  const list = useQuery({
    queryKey: ['portal', q],
    queryFn: () => call('GET /api/portal/alerts', { query: { q } }),
    refetchInterval: lookAgainMs,
    placeholderData: keepPreviousData,
  })
  if (list.data === undefined)
    return list.error === null ? (
      <Loading lines={10} />
    ) : (
      <ErrorState error={list.error} retry={() => void list.refetch()} />
    )
  const { provider, rows } = list.data
  return (
    <>
      <div className="page-head">
        <h1>Tickets of {provider}</h1>
        <TextInput
          size="xs"
          aria-label="Find in titles and ticket ids"
          placeholder="Title or ticket id"
          value={q}
          maxLength={200}
          onChange={(event) => {
            const next = event.currentTarget.value
            void navigate({ to: '/portal', search: next === '' ? {} : { q: next }, replace: true })
          }}
        />
      </div>
      <AskForm />
      {rows.length === 0 ? (
        <EmptyState
          title={q === '' ? 'No ticket of yours has come in yet.' : 'No ticket of yours is like that.'}
          proof="You see the tickets that your organisation sent here, and the answers that were released to it."
          action={
            q === '' ? undefined : (
              <Button onClick={() => void navigate({ to: '/portal', search: {}, replace: true })}>
                Show all your tickets
              </Button>
            )
          }
        />
      ) : (
        <div className="card portal-list scroll-x">
          <table className="plain cards">
            <thead>
              <tr>
                <th>Ticket</th>
                <th>Title</th>
                <th>Severity, as you sent it</th>
                <th>Received</th>
                <th>State</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.id}>
                  <td className="mono">{row.ticket ?? <span className="dim">none</span>}</td>
                  <td data-label="Title">
                    <Link to="/portal/$id" params={{ id: row.id }}>
                      {row.title}
                    </Link>
                  </td>
                  <td data-label="Severity, as you sent it">{severityWords[row.severity]}</td>
                  <td data-label="Received">
                    <When at={row.receivedAt} ago />
                  </td>
                  <td data-label="State">
                    <span className={row.state === 'answered' ? 'tag good' : 'tag'}>{stateWords[row.state]}</span>{' '}
                    {row.answeredAt !== null && <When at={row.answeredAt} ago />}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  )
}

export function PortalAlertPage() {
  const { id } = useParams({ from: '/desk/portal/$id' })
  const one = useQuery({
    queryKey: ['portal-alert', id],
    queryFn: () => call('GET /api/portal/alerts/:id', { params: { id } }),
    refetchInterval: lookAgainMs,
  })
  if (one.data === undefined)
    return one.error === null ? (
      <Loading lines={10} />
    ) : (
      <ErrorState error={one.error} retry={() => void one.refetch()} />
    )
  const { alert, replies } = one.data
  return (
    <>
      <div className="page-head">
        <Link to="/portal" className="row tight dim">
          <BackIcon /> Tickets
        </Link>
        <h1>{alert.title}</h1>
      </div>
      <section className="card">
        <h2>As you sent it</h2>
        <dl className="kv">
          <dt>Ticket</dt>
          <dd className="mono">{alert.ticket ?? 'none'}</dd>
          <dt>Rule</dt>
          <dd>{alert.rule ?? 'not said'}</dd>
          <dt>Severity</dt>
          <dd>{severityWords[alert.severity]}</dd>
          <dt>Happened</dt>
          <dd>{alert.occurredAt === null ? 'not said' : <When at={alert.occurredAt} ago />}</dd>
          <dt>Received</dt>
          <dd>
            <When at={alert.receivedAt} ago />
          </dd>
        </dl>
      </section>
      {replies.length === 0 && (
        <EmptyState title="No answer has left yet." proof="It appears here when it does, and comes by mail as well." />
      )}
      {replies.map((reply) => (
        <section key={reply.id} className="card">
          <div className="row between wrap">
            <h2>
              Answer of <When at={reply.sentAt} />
            </h2>
            <a href={`/api/portal/replies/${reply.id}/raw`} download>
              Download the mail
            </a>
          </div>
          <pre className="sent-text">{reply.text}</pre>
          <div className="dim mono clip" title={reply.sha256}>
            SHA-256 {reply.sha256}
          </div>
        </section>
      ))}
    </>
  )
}

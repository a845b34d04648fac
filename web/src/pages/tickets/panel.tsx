import { Button, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { TicketPage } from '../../../../src/contract/tickets.ts'
import { TicketType } from '../../../../src/model/ticket.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { useKeys } from '../../parts/keys.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { AssignPanel } from '../queue/small-panels.tsx'
import { Beside } from './beside.tsx'
import { ClockTag } from './clock.tsx'
import { Comments } from './comments.tsx'
import { ElsewherePanel } from './elsewhere.tsx'
import { History } from './history.tsx'
import { Tasks } from './tasks.tsx'
import { type Props, useAct } from './ticket-act.ts'
import { clockWords, ticketStateWords, ticketTypeWords } from './ticket-words.ts'
import './tickets.css'

/** The ticket of an alert: who must do what by when, what was said and done. */
export function TicketPanel({ alertId }: { readonly alertId: string }) {
  const ticket = useQuery({
    queryKey: ['alert', alertId, 'ticket'],
    queryFn: () => call('GET /api/tickets/:id', { params: { id: alertId } }),
    refetchInterval: 30_000,
  })
  if (ticket.data === undefined)
    return ticket.error === null ? (
      <Loading lines={8} />
    ) : (
      <ErrorState error={ticket.error} retry={() => void ticket.refetch()} />
    )
  return <TicketRoom ticket={ticket.data} />
}

function TicketRoom({ ticket }: Props) {
  const may = useMay()
  const [assigning, setAssigning] = useState(false)
  const give = useAct(async (person: { readonly id: string; readonly name: string } | null) => {
    const { version } = await call('GET /api/alerts/:id', { params: { id: ticket.alertId } })
    const body = { alerts: [{ id: ticket.alertId, version }], assignee: person?.id ?? null }
    await call('POST /api/queue/assign', { body })
    say(`T-${ticket.number} given to ${person?.name ?? 'nobody'}.`)
  })
  useKeys({ a: () => may('alert.arrange') && setAssigning(true) })
  return (
    <div className="ticket-room" id="ticket">
      <Problem error={give.error} />
      <State ticket={ticket} />
      <Tasks ticket={ticket} />
      <Comments ticket={ticket} />
      <Beside ticket={ticket} />
      <ElsewherePanel alertId={ticket.alertId} />
      <History ticket={ticket} />
      {assigning && (
        <AssignPanel
          close={() => setAssigning(false)}
          choose={(person) => {
            setAssigning(false)
            give.mutate(person)
          }}
        />
      )}
    </div>
  )
}

function State({ ticket }: Props) {
  const may = useMay()('ticket.work')
  const [note, setNote] = useState('')
  const params = { id: ticket.alertId }
  const move = useAct(
    (to: 'acknowledged' | 'closed' | 'reopened') => call('POST /api/tickets/:id/state', { params, body: { to, note } }),
    () => setNote(''),
  )
  const type = useAct(
    (next: TicketType) => call('PUT /api/tickets/:id/type', { params, body: { type: next } }),
    () => say('The type is changed; its tasks are added.'),
  )
  const { state, parties } = ticket
  const ended = state === 'resolved' || state === 'closed'
  const mayTakeUp = may && ticket.acknowledged === null && !ended && state !== 'merged'
  const mayClose = may && state === 'resolved'
  useKeys({
    i: () => mayTakeUp && !move.isPending && move.mutate('acknowledged'),
    x: () => mayClose && !move.isPending && move.mutate('closed'),
  })
  return (
    <section className="card">
      <h2>
        T-{ticket.number} <span className="tag">{ticketStateWords[state]}</span>
      </h2>
      {ticket.mergedInto !== null && (
        <p>
          It is worked on as{' '}
          <Link to="/alerts/$id" params={{ id: ticket.mergedInto.id }}>
            T-{ticket.mergedInto.number}
          </Link>
          .
        </p>
      )}
      <div className="ticket-clocks">
        {ticket.clocks.map((clock) => (
          <ClockLine key={clock.clock} name={clockWords[clock.clock]} clock={clock} />
        ))}
      </div>
      <Select
        size="xs"
        label="Type"
        allowDeselect={false}
        disabled={!may || type.isPending}
        data={TicketType.options.map((value) => ({ value, label: ticketTypeWords[value] }))}
        value={ticket.type}
        onChange={(value) => value !== null && value !== ticket.type && type.mutate(TicketType.parse(value))}
      />
      <dl className="kv">
        <dt>Owner</dt>
        <dd>{ticket.owner?.name ?? 'nobody yet'}</dd>
        <dt>Responsible</dt>
        <dd>{parties.responsible.join(', ') || 'nobody'}</dd>
        <dt>Accountable</dt>
        <dd>{parties.accountable}</dd>
        {parties.consulted.length > 0 && (
          <>
            <dt>Consulted</dt>
            <dd>{parties.consulted.join(', ')}</dd>
          </>
        )}
        {parties.informed.length > 0 && (
          <>
            <dt>Informed</dt>
            <dd>{parties.informed.join(', ')}</dd>
          </>
        )}
        {ticket.acknowledged !== null && (
          <>
            <dt>Taken up</dt>
            <dd>
              <When at={ticket.acknowledged.at} ago /> by {ticket.acknowledged.by}
            </dd>
          </>
        )}
        {ticket.closed !== null && (
          <>
            <dt>Closed</dt>
            <dd>
              <When at={ticket.closed.at} ago /> by {ticket.closed.by}
              {ticket.closed.note !== '' && `: ${ticket.closed.note}`}
            </dd>
          </>
        )}
      </dl>
      {ticket.escalations.length > 0 && (
        <ul className="ticket-history">
          {ticket.escalations.map((one) => (
            <li key={`${one.clock} ${one.dueAt} ${one.level}`}>
              <span className="tag bad">Escalated</span> <When at={one.at} ago />:{' '}
              {one.told.join(', ') || 'nobody to tell'}
            </li>
          ))}
        </ul>
      )}
      {may && ended && (
        <TextInput
          size="xs"
          label={state === 'closed' ? 'Why it is opened again' : 'A last word (not needed to close)'}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
      )}
      <Problem error={move.error ?? type.error} />
      {may && (
        <div className="row wrap">
          {mayTakeUp && (
            <Button
              size="xs"
              rightSection={<kbd>I</kbd>}
              loading={move.isPending}
              onClick={() => move.mutate('acknowledged')}
            >
              I take it up
            </Button>
          )}
          {mayClose && (
            <Button
              size="xs"
              rightSection={<kbd>X</kbd>}
              loading={move.isPending}
              onClick={() => move.mutate('closed')}
            >
              Close the ticket
            </Button>
          )}
          {ended && (
            <Button
              size="xs"
              variant="default"
              disabled={note.trim() === ''}
              loading={move.isPending}
              onClick={() => move.mutate('reopened')}
            >
              Open it again
            </Button>
          )}
        </div>
      )}
    </section>
  )
}

function ClockLine({ name, clock }: { readonly name: string; readonly clock: TicketPage['clocks'][number] }) {
  return (
    <>
      <span className="dim">{name}</span>
      <ClockTag clock={clock} />
    </>
  )
}

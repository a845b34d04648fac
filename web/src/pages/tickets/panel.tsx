import { Button, Checkbox, FileButton, Select, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { TicketPage } from '../../../../src/contract/tickets.ts'
import { TicketType } from '../../../../src/model/ticket.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { useKeys } from '../../parts/keys.ts'
import { RecordLine, useRaw } from '../../parts/records.tsx'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { bytesWords } from '../../words.ts'
import { AssignPanel } from '../queue/small-panels.tsx'
import { ClockTag } from './clock.tsx'
import { ElsewherePanel } from './elsewhere.tsx'
import { sendTicketFile } from './send-file.ts'
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

type Props = { readonly ticket: TicketPage }

/** One act on the ticket; what it changed is asked for again. */
function useAct<T>(act: (input: T) => Promise<unknown>, done?: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: act,
    onSuccess: () => done?.(),
    onSettled: () => client.invalidateQueries({ queryKey: ['alert'] }),
  })
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
          {ticket.acknowledged === null && !ended && state !== 'merged' && (
            <Button size="xs" loading={move.isPending} onClick={() => move.mutate('acknowledged')}>
              I take it up
            </Button>
          )}
          {state === 'resolved' && (
            <Button size="xs" loading={move.isPending} onClick={() => move.mutate('closed')}>
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

function Tasks({ ticket }: Props) {
  const may = useMay()('ticket.work')
  const [title, setTitle] = useState('')
  const id = ticket.alertId
  const add = useAct(
    () => call('POST /api/tickets/:id/tasks', { params: { id }, body: { title, owner: null, dueAt: null } }),
    () => setTitle(''),
  )
  const edit = useAct(({ task, done }: { task: string; done: boolean }) =>
    call('PUT /api/tickets/:id/tasks/:task', { params: { id, task }, body: { done } }),
  )
  const remove = useAct(
    (task: string) => call('PUT /api/tickets/:id/tasks/:task', { params: { id, task }, body: { removed: true } }),
    () => say('The task is taken away; that it was there stays in the history.'),
  )
  return (
    <section className="card">
      <h2>Tasks</h2>
      {ticket.taskList.length === 0 && (
        <p className="dim">None. The type of a ticket brings its tasks (Settings, Tickets).</p>
      )}
      <ul className="ticket-tasks">
        {ticket.taskList.map((task) => (
          <li key={task.id} className="row between">
            <Checkbox
              size="sm"
              checked={task.doneAt !== null}
              disabled={!may}
              label={task.doneAt === null ? task.title : `${task.title} (${task.doneBy})`}
              onChange={(event) => edit.mutate({ task: task.id, done: event.currentTarget.checked })}
            />
            <span className="row tight">
              {task.owner !== null && <span className="dim">{task.owner.name}</span>}
              {may && (
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={`Take away: ${task.title}`}
                  onClick={() => remove.mutate(task.id)}
                >
                  Take away
                </Button>
              )}
            </span>
          </li>
        ))}
      </ul>
      <Problem error={add.error ?? edit.error ?? remove.error} />
      {may && (
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault()
            if (title.trim() !== '') add.mutate(undefined)
          }}
        >
          <TextInput
            size="xs"
            className="grow"
            aria-label="A new task"
            placeholder="A new task"
            value={title}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <Button size="xs" type="submit" variant="default" loading={add.isPending}>
            Add
          </Button>
        </form>
      )}
    </section>
  )
}

function Comments({ ticket }: Props) {
  const may = useMay()('ticket.work')
  const [text, setText] = useState('')
  const write = useAct(
    async () => {
      const { mentions } = await call('POST /api/tickets/:id/comments', {
        params: { id: ticket.alertId },
        body: { text },
      })
      if (mentions.length > 0) say(`${mentions.join(', ')} is told.`)
    },
    () => setText(''),
  )
  return (
    <section className="card">
      <h2>Comments</h2>
      {ticket.commentList.length === 0 && (
        <p className="dim">None yet. Name somebody as @name, and they are told by mail.</p>
      )}
      <ul className="ticket-comments">
        {ticket.commentList.map((one) => (
          <li key={one.id}>
            <strong>{one.by}</strong>{' '}
            <span className="dim">
              <When at={one.at} ago />
            </span>
            <p dir="auto">{one.text}</p>
          </li>
        ))}
      </ul>
      {may && (
        <>
          <Textarea
            size="xs"
            id="ticket-comment"
            autosize
            minRows={2}
            aria-label="Write a comment"
            placeholder="Write a comment; @name tells somebody (Ctrl-Enter)"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') event.currentTarget.blur()
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && text.trim() !== '')
                write.mutate(undefined)
            }}
          />
          <Problem error={write.error} />
          <Button
            size="xs"
            variant="default"
            disabled={text.trim() === ''}
            loading={write.isPending}
            onClick={() => write.mutate(undefined)}
            style={{ alignSelf: 'flex-start' }}
          >
            Comment
          </Button>
        </>
      )}
    </section>
  )
}

function Beside({ ticket }: Props) {
  const mayWork = useMay()('ticket.work')
  const mayTake = useMay()('message.download')
  const [system, setSystem] = useState('')
  const [reference, setReference] = useState('')
  const params = { id: ticket.alertId }
  const send = useAct(
    (file: File) => sendTicketFile(ticket.alertId, file),
    () => say('The file is beside the ticket.'),
  )
  const refer = useAct(
    (references: TicketPage['references']) => call('PUT /api/tickets/:id/references', { params, body: { references } }),
    () => {
      setSystem('')
      setReference('')
    },
  )
  return (
    <section className="card">
      <h2>Files and other systems</h2>
      {ticket.theirs !== null && (
        <p>
          {ticket.providerName}: <span className="mono">{ticket.theirs}</span>
        </p>
      )}
      <ul className="ticket-tasks">
        {ticket.references.map((one) => (
          <li key={`${one.system} ${one.reference}`} className="row between">
            <span>
              {one.system}: <span className="mono">{one.reference}</span>
            </span>
            {mayWork && (
              <Button
                size="compact-sm"
                variant="subtle"
                aria-label={`Take away: ${one.system} ${one.reference}`}
                onClick={() => refer.mutate(ticket.references.filter((other) => other !== one))}
              >
                Take away
              </Button>
            )}
          </li>
        ))}
        {ticket.files.map((file) => (
          <li key={file.id}>
            {mayTake ? (
              <a href={`/api/tickets/${ticket.alertId}/files/${file.id}`} download title={`SHA-256 ${file.sha256}`}>
                {file.name}
              </a>
            ) : (
              file.name
            )}{' '}
            <span className="dim">
              {bytesWords(file.bytes)} · {file.by} · <When at={file.at} ago />
            </span>
          </li>
        ))}
      </ul>
      <Problem error={send.error ?? refer.error} />
      {mayWork && (
        <>
          <FileButton onChange={(file) => file !== null && send.mutate(file)}>
            {(props) => (
              <Button
                {...props}
                size="xs"
                variant="default"
                loading={send.isPending}
                style={{ alignSelf: 'flex-start' }}
              >
                Put a file beside it…
              </Button>
            )}
          </FileButton>
          <form
            className="row wrap"
            onSubmit={(event) => {
              event.preventDefault()
              if (system.trim() !== '' && reference.trim() !== '')
                refer.mutate([...ticket.references, { system, reference }])
            }}
          >
            <TextInput
              size="xs"
              aria-label="Other system"
              placeholder="Jira"
              value={system}
              onChange={(event) => setSystem(event.currentTarget.value)}
            />
            <TextInput
              size="xs"
              aria-label="Its number there"
              placeholder="SEC-123"
              value={reference}
              onChange={(event) => setReference(event.currentTarget.value)}
            />
            <Button size="xs" type="submit" variant="default" loading={refer.isPending}>
              Note
            </Button>
          </form>
        </>
      )}
    </section>
  )
}

function History({ ticket }: Props) {
  const { raw, button } = useRaw()
  return (
    <section className="card">
      <div className="row between">
        <h2>History</h2>
        {button}
      </div>
      <p className="dim">Out of the ledger, newest first; nobody can change it.</p>
      <ul className="ticket-history">
        {ticket.history.map((record) => (
          <li key={`${record.at} ${record.kind} ${JSON.stringify(record.body)}`}>
            <RecordLine record={record} raw={raw} />
          </li>
        ))}
      </ul>
    </section>
  )
}

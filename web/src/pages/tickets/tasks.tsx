import { Button, Checkbox, TextInput } from '@mantine/core'
import { useState } from 'react'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { type Props, useAct } from './ticket-act.ts'

export function Tasks({ ticket }: Props) {
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

import { Button, Modal, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { SnoozeFor } from '../../../../src/model/queue.ts'
import { call } from '../../api.ts'
import { useMe } from '../../me.ts'
import { useDialogKeys } from '../../parts/keys.ts'
import { newId } from '../../parts/new-id.ts'
import { Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import type { QueueSearch } from './search.ts'

export type Until = { readonly for: SnoozeFor; readonly until: string | null; readonly says: string }

const hourMs = 3_600_000
const still = { transitionProps: { duration: 0 }, closeButtonProps: { 'aria-label': 'Close' } } as const

/** Eight in the morning, so many days from now, where the reader is. */
function morning(days: number): Date {
  const at = new Date()
  at.setDate(at.getDate() + days)
  at.setHours(8, 0, 0, 0)
  return at
}

/** Each has the letter that chooses it. */
function choices(): readonly (readonly [string, string, Until])[] {
  const monday = morning((8 - new Date().getDay()) % 7 || 7)
  return [
    ['1', 'For an hour', { for: 'time', until: new Date(Date.now() + hourMs).toISOString(), says: 'for an hour' }],
    ['2', 'Until tomorrow, 8:00', { for: 'time', until: morning(1).toISOString(), says: 'until tomorrow' }],
    ['3', 'Until Monday, 8:00', { for: 'time', until: monday.toISOString(), says: 'until Monday' }],
    ['e', 'Until evidence comes in', { for: 'evidence', until: null, says: 'until evidence comes in' }],
    ['r', 'Until the provider writes', { for: 'reply', until: null, says: 'until the provider writes' }],
  ]
}

export function SnoozePanel({
  close,
  choose,
}: {
  readonly close: () => void
  readonly choose: (until: Until) => void
}) {
  const all = choices()
  useDialogKeys(Object.fromEntries(all.map(([key, , until]) => [key, () => choose(until)])))
  return (
    <Modal opened onClose={close} title="Snooze" size="xs" {...still}>
      <div className="stack">
        {all.map(([key, label, until], index) => (
          <Button
            key={key}
            variant="default"
            justify="space-between"
            rightSection={<kbd>{key.toUpperCase()}</kbd>}
            onClick={() => choose(until)}
            {...(index === 0 ? { 'data-autofocus': true } : {})}
          >
            {label}
          </Button>
        ))}
      </div>
    </Modal>
  )
}

type Person = { readonly id: string; readonly name: string }

export function AssignPanel({
  close,
  choose,
}: {
  readonly close: () => void
  readonly choose: (person: Person | null) => void
}) {
  const me = useMe()
  const [typed, setTyped] = useState('')
  const people = useQuery({ queryKey: ['queue-people'], queryFn: () => call('GET /api/queue/people') })
  const mine = (person: Person) => person.id === me?.user.id
  const found = (people.data?.people ?? [])
    .filter((person) => person.name.toLowerCase().includes(typed.toLowerCase()))
    .toSorted((a, b) => Number(mine(b)) - Number(mine(a)))
  return (
    <Modal opened onClose={close} title="Assign" size="xs" {...still}>
      <div className="stack">
        <TextInput
          data-autofocus
          aria-label="To whom"
          placeholder="A name; Enter takes the first"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && found[0] !== undefined && choose(found[0])}
        />
        {found.slice(0, 8).map((person) => (
          <Button key={person.id} variant="default" onClick={() => choose(person)}>
            {mine(person) ? `${person.name} (me)` : person.name}
          </Button>
        ))}
        <Button variant="subtle" onClick={() => choose(null)}>
          Nobody
        </Button>
        <Problem error={people.error} />
      </div>
    </Modal>
  )
}

/** Views that everybody shares: what stands in the address, under a name. */
export function ViewsPanel(props: {
  readonly search: QueueSearch
  readonly close: () => void
  readonly go: (search: QueueSearch) => void
  readonly maySave: boolean
}) {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [error, setError] = useState<unknown>(null)
  const views = useQuery({ queryKey: ['queue-views'], queryFn: () => call('GET /api/queue/views') })
  const change = (work: Promise<unknown>, says: string) =>
    work.then(
      () => {
        say(says)
        setError(null)
        setName('')
        void client.invalidateQueries({ queryKey: ['queue-views'] })
      },
      (problem: unknown) => setError(problem),
    )
  const save = () => {
    const body = { name, search: { ...props.search } as Record<string, string>, version: 0 }
    void change(call('PUT /api/queue/views/:id', { params: { id: newId() }, body }), `Saved “${name}” for everybody.`)
  }
  return (
    <Modal opened onClose={props.close} title="Saved views" size="sm" {...still}>
      <div className="stack">
        {views.data?.views.length === 0 && (
          <span className="dim">None yet. Narrow the queue, then save it under a name.</span>
        )}
        {views.data?.views.map((view) => (
          <div className="row between" key={view.id}>
            <Button
              variant="default"
              onClick={() => props.go(view.search as QueueSearch)}
              title={`Saved by ${view.savedBy}`}
            >
              {view.name}
            </Button>
            {props.maySave && (
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                onClick={() =>
                  void change(
                    call('DELETE /api/queue/views/:id', { params: { id: view.id } }),
                    `Removed “${view.name}”.`,
                  )
                }
              >
                Remove {view.name}
              </Button>
            )}
          </div>
        ))}
        {props.maySave && (
          <div className="row wrap">
            <TextInput
              className="grow"
              miw="12rem"
              data-autofocus
              aria-label="Name of this view"
              placeholder="This view, under a name"
              maxLength={80}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              onKeyDown={(event) => event.key === 'Enter' && name.trim() !== '' && save()}
            />
            <Button disabled={name.trim() === ''} onClick={save}>
              Save for everybody
            </Button>
          </div>
        )}
        <Problem error={error ?? views.error} />
      </div>
    </Modal>
  )
}

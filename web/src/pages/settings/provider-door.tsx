import { Button, Modal, NumberInput, TagsInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Answer, call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { DoorKeys } from './door-keys.tsx'

const whatWords: Readonly<Record<string, string>> = {
  ticket: 'opened a ticket',
  download: 'downloaded an answer',
  asked: 'asked about',
  refused: 'was refused: not one of its addresses',
}

/** The door for the provider's own analysts and systems: from where, how often, and who of them looked at what. */
export function DoorForm({ id, close }: { readonly id: string; readonly close: () => void }) {
  const door = useQuery({
    queryKey: ['providers', id, 'door'],
    queryFn: () => call('GET /api/providers/:id/door', { params: { id } }),
  })
  return (
    <Modal
      opened
      size="lg"
      onClose={close}
      title="Their analysts and systems at our door"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {door.data === undefined ? (
        door.error === null ? (
          <Loading lines={4} />
        ) : (
          <ErrorState error={door.error} retry={() => void door.refetch()} />
        )
      ) : (
        <Inside key={door.data.version} id={id} door={door.data} />
      )}
    </Modal>
  )
}

function Inside({ id, door }: { readonly id: string; readonly door: Answer<'GET /api/providers/:id/door'> }) {
  const may = useMay()('provider.change')
  const client = useQueryClient()
  const [ranges, setRanges] = useState(door.ranges)
  const [perDay, setPerDay] = useState(door.requestsPerDay)
  const save = useMutation({
    mutationFn: () =>
      call('PUT /api/providers/:id/door', {
        params: { id },
        body: { ranges, requestsPerDay: perDay, version: door.version },
      }),
    onSuccess: () => say('The door is saved.'),
    onSettled: () => client.invalidateQueries({ queryKey: ['providers', id, 'door'] }),
  })
  return (
    <div className="stack">
      <p className="dim">
        Accounts of their analysts are made under Users. They see their own tickets and the answers that were released,
        and can ask about something; what is answered is drafted, reviewed and released here.
      </p>
      <TagsInput
        label="They may come from"
        description="Addresses or ranges such as 192.0.2.0/24. None named: from everywhere."
        disabled={!may}
        value={ranges}
        error={fieldProblem(save.error, 'ranges')}
        onChange={setRanges}
      />
      <NumberInput
        label="Questions a day"
        min={0}
        max={1000}
        disabled={!may}
        value={perDay}
        onChange={(value) => setPerDay(Number(value) || 0)}
      />
      <Problem error={save.error} />
      {may && (
        <Button loading={save.isPending} onClick={() => save.mutate()}>
          Save
        </Button>
      )}
      <DoorKeys id={id} door={door} />
      <h3>Who looked at what</h3>
      {door.trail.length === 0 ? (
        <p className="dim">Nobody of them has looked at anything yet.</p>
      ) : (
        <ul className="ticket-history">
          {door.trail.map((line) => (
            <li key={`${line.at} ${line.who} ${line.what} ${line.alert?.id ?? line.says}`}>
              <When at={line.at} ago /> <strong>{line.who}</strong>{' '}
              {line.key !== null && <span className="mono dim">{line.key}…</span>} {whatWords[line.what] ?? line.what}{' '}
              <span dir="auto">{line.says}</span>{' '}
              {line.alert !== null && <a href={`/alerts/${line.alert.id}`}>A-{line.alert.number}</a>}{' '}
              <span className="dim mono">{line.address}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

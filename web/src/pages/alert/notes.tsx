import { Button, Checkbox, Modal, Select, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import type { Note } from '../../../../src/model/note.ts'
import { call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'

type Alert = AlertPage['alert']

/** What people of ours say of the machine, the account and the addresses of an alert, and the way to say more. */
export function Notes({ alert, notes }: { readonly alert: Alert; readonly notes: readonly Note[] }) {
  const may = useMay()
  const client = useQueryClient()
  const [writing, setWriting] = useState(false)
  const again = () => client.invalidateQueries({ queryKey: ['alert', alert.id] })
  const remove = useMutation({
    mutationFn: (id: string) => call('POST /api/notes/:id/remove', { params: { id }, body: { alertId: alert.id } }),
    onSuccess: () => say('The note is taken away.'),
    onSettled: again,
  })
  const named = abouts(alert)
  return (
    <>
      {notes.map((note) => (
        <div key={note.id} className="stack tight">
          <p className="pre">
            <span className={note.knownGood ? 'tag good' : 'tag'}>{note.knownGood ? 'Known good' : 'Note'}</span>{' '}
            <span className="mono">{note.about}</span>: {note.text}
          </p>
          <p className="dim">
            {note.byName}, <When at={note.at} ago />
            {note.expiresAt !== null && `, until ${note.expiresAt.slice(0, 10)}`}{' '}
            {may('note.write') && (
              <Button
                size="compact-xs"
                variant="default"
                loading={remove.isPending}
                onClick={() => remove.mutate(note.id)}
              >
                Take it away
              </Button>
            )}
          </p>
        </div>
      ))}
      <Problem error={remove.error} />
      {may('note.write') && named.length > 0 && (
        <Button size="compact-sm" variant="default" onClick={() => setWriting(true)}>
          Write a note…
        </Button>
      )}
      {writing && <WriteNote alert={alert} named={named} close={() => setWriting(false)} done={again} />}
    </>
  )
}

/** What of an alert a note can be about. */
function abouts({ host, entity, account, source, destination }: Alert): string[] {
  const all = [host, entity, account, source, destination].flatMap((one) => (one === null ? [] : [one.toLowerCase()]))
  return [...new Set(all)]
}

function WriteNote({
  alert,
  named,
  close,
  done,
}: {
  readonly alert: Alert
  readonly named: readonly string[]
  readonly close: () => void
  readonly done: () => Promise<void>
}) {
  const [about, setAbout] = useState(named[0] ?? '')
  const [text, setText] = useState('')
  const [knownGood, setKnownGood] = useState(false)
  const [until, setUntil] = useState('')
  const write = useMutation({
    mutationFn: () =>
      call('POST /api/notes', {
        body: { about, text, knownGood, expiresAt: until === '' ? null : `${until}T00:00:00.000Z`, alertId: alert.id },
      }),
    onSuccess: () => {
      say(`Everybody who works an alert about ${about} sees it from now on.`)
      close()
    },
    onSettled: done,
  })
  return (
    <Modal
      opened
      onClose={close}
      title="Write a note"
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (text.trim() !== '') write.mutate()
        }}
      >
        <Select
          label="About"
          allowDeselect={false}
          value={about}
          data={[...named]}
          onChange={(value) => value !== null && setAbout(value)}
        />
        <Textarea
          label="What everybody should know"
          data-autofocus
          autosize
          minRows={3}
          maxLength={2000}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Checkbox
          label="Known good: stands among the reasons, under my name, and lowers nothing by itself"
          checked={knownGood}
          onChange={(event) => setKnownGood(event.currentTarget.checked)}
        />
        <TextInput
          label="Until (leave empty for no end)"
          type="date"
          value={until}
          error={fieldProblem(write.error, 'expiresAt')}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
        <Problem error={write.error} />
        <Button type="submit" disabled={text.trim() === ''} loading={write.isPending}>
          Write it
        </Button>
      </form>
    </Modal>
  )
}

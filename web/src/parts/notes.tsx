import { Button, Checkbox, Modal, Select, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Note, NotePast } from '../../../src/model/note.ts'
import { call, fieldProblem } from '../api.ts'
import { useMay } from '../me.ts'
import { Problem } from './states.tsx'
import { When } from './time.tsx'
import { say } from './toast.tsx'

type Where = {
  /** What a note can be about here. */
  readonly named: readonly string[]
  /** The alert on whose page it is; it is judged again at once. */
  readonly alertId: string | null
  /** What of the page shows notes. */
  readonly queryKey: readonly string[]
}

/** What people of ours say of a machine, an account or an address, and the way to say more. What is over stands dimmed. */
export function Notes({ notes, ...where }: Where & { readonly notes: readonly (Note | NotePast)[] }) {
  const { named, alertId, queryKey } = where
  const may = useMay()
  const client = useQueryClient()
  const [writing, setWriting] = useState(false)
  const again = () => client.invalidateQueries({ queryKey })
  const remove = useMutation({
    mutationFn: (id: string) => call('POST /api/notes/:id/remove', { params: { id }, body: { alertId } }),
    onSuccess: () => say('The note is taken away.'),
    onSettled: again,
  })
  return (
    <>
      {notes.map((note) => (
        <div key={note.id} className="stack tight">
          <p className={isOver(note) ? 'pre dim' : 'pre'}>
            <span className={note.knownGood ? 'tag good' : 'tag'}>{note.knownGood ? 'Known good' : 'Note'}</span>{' '}
            <span className="mono">{note.about}</span>: {note.text}
          </p>
          <p className="dim">
            {note.byName}, <When at={note.at} ago />
            {note.expiresAt !== null && `, until ${note.expiresAt.slice(0, 10)}`}
            {removedOf(note) !== null && (
              <>
                {'; taken away by '}
                {removedOf(note)?.byName}, <When at={removedOf(note)?.at ?? note.at} ago />
              </>
            )}{' '}
            {may('note.write') && !isOver(note) && (
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
      {writing && <WriteNote {...where} close={() => setWriting(false)} done={again} />}
    </>
  )
}

const removedOf = (note: Note | NotePast) => ('removed' in note ? note.removed : null)

const isOver = (note: Note | NotePast): boolean =>
  removedOf(note) !== null || (note.expiresAt !== null && Date.parse(note.expiresAt) <= Date.now())

function WriteNote({
  named,
  alertId,
  close,
  done,
}: Where & {
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
        body: { about, text, knownGood, expiresAt: until === '' ? null : `${until}T00:00:00.000Z`, alertId },
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

import { Button, Checkbox, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { JournalLine } from '../../../../src/model/playbook.ts'
import { type Answer, call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'

type Mark = Answer<'GET /api/runs/:id'>['marks'][number]
type Item = {
  readonly id: string
  readonly text: string
  readonly why: string
  readonly command: { readonly kind: string; readonly text: string } | null
}
type Asked = { readonly items: readonly Item[]; readonly choices: readonly string[] }

/** What a checklist asks of people; a line of an older version may hold something else. */
function askedOf(line: JournalLine): Asked | null {
  const input = line.input as Partial<Asked> | null
  return Array.isArray(input?.items) && Array.isArray(input.choices) ? (input as Asked) : null
}

type Props = { readonly runId: string; readonly line: JournalLine; readonly marks: readonly Mark[] }

/** The list a person works through: what, why, and who did it when. */
export function Checklist({ runId, line, marks }: Props) {
  const asked = askedOf(line)
  const client = useQueryClient()
  const may = useMay()
  const mark = useMutation({
    mutationFn: (body: { itemId: string; state: Mark['state']; note: string }) =>
      call('POST /api/runs/:id/marks', { params: { id: runId }, body: { path: line.path, ...body } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['run', runId] }),
  })
  if (asked === null) return null
  const here = marks.filter((one) => one.path === line.path)
  const open = line.state === 'waiting' && may('playbook.run')
  const choice = here.find((one) => one.itemId === '')
  return (
    <div className="checklist">
      {line.why !== '' && <p className="dim">{line.why}</p>}
      {asked.items.map((item) => (
        <ItemRow
          key={item.id}
          item={item}
          mark={here.find((one) => one.itemId === item.id)}
          open={open}
          put={(state, note) => mark.mutate({ itemId: item.id, state, note })}
        />
      ))}
      {asked.choices.length > 0 && (
        <div className="row wrap" role="group" aria-label="How it came out">
          {asked.choices.map((one) => (
            <Button
              key={one}
              size="compact-sm"
              variant={choice?.note === one ? 'filled' : 'default'}
              disabled={!open}
              onClick={() => mark.mutate({ itemId: '', state: 'chosen', note: one })}
            >
              {one}
            </Button>
          ))}
        </div>
      )}
      <Problem error={mark.error} />
    </div>
  )
}

function ItemRow({
  item,
  mark,
  open,
  put,
}: {
  readonly item: Item
  readonly mark: Mark | undefined
  readonly open: boolean
  readonly put: (state: 'done' | 'not-done', note: string) => void
}) {
  const [note, setNote] = useState('')
  const [asking, setAsking] = useState(false)
  return (
    <div className="checklist-item">
      <Checkbox
        checked={mark?.state === 'done'}
        disabled={!open || mark?.state === 'done'}
        label={item.text}
        description={item.why === '' ? undefined : item.why}
        onChange={() => put('done', '')}
      />
      {item.command !== null && (
        <div className="checklist-command">
          <span className="dim">{item.command.kind}: shown, never run by Counterfoil</span>
          <pre className="mono">{item.command.text}</pre>
        </div>
      )}
      {mark !== undefined && (
        <div className="dim checklist-by">
          {mark.state === 'done' ? 'Done' : `Not done: ${mark.note}`} · {mark.byName} · <When at={mark.at} ago />
        </div>
      )}
      {open && mark === undefined && !asking && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAsking(true)}>
          Not done…
        </Button>
      )}
      {open && asking && (
        <div className="row wrap">
          <TextInput
            size="xs"
            className="grow"
            aria-label={`Why is it not done: ${item.text}`}
            placeholder="Why is it not done?"
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <Button
            size="compact-sm"
            disabled={note.trim() === ''}
            onClick={() => {
              put('not-done', note)
              setAsking(false)
            }}
          >
            Put it down
          </Button>
        </div>
      )}
    </div>
  )
}

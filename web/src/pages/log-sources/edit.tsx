import { Button, Modal, NumberInput, Select, Switch, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { LakePage, LogSourceChange } from '../../../../src/contract/logs.ts'
import { sourceIdPattern } from '../../../../src/model/lake.ts'
import { call, fieldProblem } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { bytesWords, plural } from '../../words.ts'
import { costOfDays } from './state.ts'

/** `id` null: a source to be added; `seen` is what its form began with, so that two people do not undo each other. */
export type Editing = { readonly id: string | null; readonly seen: LogSourceChange | null }

const fresh: LogSourceChange = {
  title: '',
  parser: null,
  timeZone: 'UTC',
  keepDays: 90,
  keepBytes: null,
  silentAfterMinutes: null,
}
const gigabyte = 1024 ** 3
/** A day is a usual first guess; a firewall says something every second. */
const silentMinutesDefault = 60

export function EditSource({
  editing,
  lake,
  close,
}: {
  readonly editing: Editing
  readonly lake: LakePage
  readonly close: () => void
}) {
  const client = useQueryClient()
  const [id, setId] = useState(editing.id ?? '')
  const [source, setSource] = useState(editing.seen ?? fresh)
  const set = (change: Partial<LogSourceChange>) => setSource({ ...source, ...change })
  const save = useMutation({
    mutationFn: () => call('PUT /api/lake/sources/:id', { params: { id }, body: { source, seen: editing.seen } }),
    onSuccess: () => {
      say(editing.id === null ? `${id} is added. Make a key for it, or send syslog.` : `${id} is changed.`)
      close()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['lake'] }),
  })
  const says = (field: keyof LogSourceChange) => fieldProblem(save.error, `source.${field}`)
  const idWrong = id !== '' && !sourceIdPattern.test(id) ? 'Lower-case letters, digits, ".", "_" and "-"' : undefined
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={editing.id === null ? 'Add a source of logs' : `Change ${editing.id}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          save.mutate()
        }}
      >
        <div className={editing.id === null ? 'two' : 'stack'}>
          {editing.id === null && (
            <TextInput
              label="Name"
              description="As it stands in addresses and queries; it stays"
              placeholder="fw-1"
              data-autofocus
              value={id}
              error={idWrong ?? fieldProblem(save.error, 'id')}
              onChange={(event) => setId(event.currentTarget.value.trim().toLowerCase())}
            />
          )}
          <TextInput
            label="Title"
            description="For people"
            placeholder="Firewall of the main site"
            value={source.title}
            error={says('title')}
            onChange={(event) => set({ title: event.currentTarget.value })}
          />
        </div>
        <div className="two">
          <Select
            label="Read by"
            placeholder="Whichever parser knows the line"
            clearable
            searchable
            data={lake.parsers.map((parser) => ({ value: parser.id, label: parser.title }))}
            value={source.parser}
            error={says('parser')}
            onChange={(parser) => set({ parser })}
          />
          <TextInput
            label="Zone of times that name none"
            placeholder="Europe/Berlin"
            value={source.timeZone}
            error={says('timeZone')}
            onChange={(event) => set({ timeZone: event.currentTarget.value.trim() })}
          />
        </div>
        <Kept id={editing.id} source={source} set={set} lake={lake} says={says} />
        <Alarm minutes={source.silentAfterMinutes} set={set} wrong={says('silentAfterMinutes')} />
        <Problem error={save.error} />
        <Button type="submit" disabled={!sourceIdPattern.test(id)} loading={save.isPending}>
          {editing.id === null ? 'Add it' : 'Save'}
        </Button>
      </form>
    </Modal>
  )
}

type KeptProps = {
  readonly id: string | null
  readonly source: LogSourceChange
  readonly set: (change: Partial<LogSourceChange>) => void
  readonly lake: LakePage
  readonly says: (field: keyof LogSourceChange) => string | undefined
}

/** How long it stays, and what that costs. Shortening it deletes for good, so that is said before it is saved. */
function Kept({ id, source, set, lake, says }: KeptProps) {
  const status = lake.sources.find((one) => one.source.id === id)
  const before = status?.source
  const shorter =
    before !== undefined &&
    ((source.keepDays !== null && source.keepDays < (before.keepDays ?? Number.POSITIVE_INFINITY)) ||
      (source.keepBytes !== null && source.keepBytes < (before.keepBytes ?? Number.POSITIVE_INFINITY)))
  return (
    <>
      <div className="two">
        <NumberInput
          label="Keep for days"
          description="Empty: no limit in days"
          min={1}
          max={3660}
          allowDecimal={false}
          value={source.keepDays ?? ''}
          error={says('keepDays')}
          onChange={(value) => set({ keepDays: value === '' ? null : Number(value) })}
        />
        <NumberInput
          label="At most, in GB on disk"
          description="Empty: no limit in bytes"
          min={0.001}
          decimalScale={3}
          value={source.keepBytes === null ? '' : source.keepBytes / gigabyte}
          error={says('keepBytes')}
          onChange={(value) =>
            set({ keepBytes: value === '' || Number(value) <= 0 ? null : Math.round(Number(value) * gigabyte) })
          }
        />
      </div>
      {status !== undefined && status.diskBytesPerDay > 0 && (
        <p className="dim">
          It takes {bytesWords(status.diskBytesPerDay)} a day
          {source.keepDays === null
            ? ', and more every day.'
            : `: ${plural(source.keepDays, 'day')} are about ${bytesWords(costOfDays(status, source.keepDays))}.`}
        </p>
      )}
      {shorter && <p className="notice">Lines that are older are deleted for good after this is saved.</p>}
    </>
  )
}

function Alarm({
  minutes,
  set,
  wrong,
}: {
  readonly minutes: number | null
  readonly set: (change: Partial<LogSourceChange>) => void
  readonly wrong: string | undefined
}) {
  return (
    <>
      <Switch
        label="Alarm when it falls silent"
        checked={minutes !== null}
        onChange={(event) => set({ silentAfterMinutes: event.currentTarget.checked ? silentMinutesDefault : null })}
      />
      {minutes !== null && (
        <NumberInput
          label="Minutes without a line"
          min={1}
          allowDecimal={false}
          value={minutes}
          error={wrong}
          onChange={(value) => set({ silentAfterMinutes: Math.max(1, Number(value)) })}
        />
      )}
    </>
  )
}

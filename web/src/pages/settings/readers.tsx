import { Button, Modal, Switch } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { TaughtReaderRow } from '../../../../src/contract/readers.ts'
import { call, fieldProblem } from '../../api.ts'
import { useMay } from '../../me.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { YamlBox } from '../teach/yaml-box.tsx'

type Editing = {
  readonly yaml: string
  readonly version: number
  readonly switchedOn: boolean
  readonly id: string | null
}

/** Readers that people taught: on and off, as YAML in and out. */
export function ReadersPart() {
  const list = useQuery({ queryKey: ['readers'], queryFn: () => call('GET /api/readers') })
  const may = useMay()
  const [edit, setEdit] = useState<Editing | null>(null)
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  const { readers } = list.data
  const add = may('reader.change') && (
    <Button variant="default" onClick={() => setEdit({ yaml: '', version: 0, switchedOn: false, id: null })}>
      Import YAML
    </Button>
  )
  return (
    <>
      {readers.length === 0 ? (
        <div className="card">
          <EmptyState
            title="No reader was taught yet."
            proof="Mail is read by the readers that come along. Where one is read badly: open it, and choose Teach a reader."
            action={add}
          />
        </div>
      ) : (
        <div className="row between">
          <span className="dim">{plural(readers.length, 'taught reader')}</span>
          {add}
        </div>
      )}
      {readers.map((row) => (
        <ReaderCard key={row.id} row={row} edit={() => setEdit({ ...row })} />
      ))}
      {edit !== null && <Edit start={edit} close={() => setEdit(null)} />}
    </>
  )
}

function ReaderCard({ row, edit }: { readonly row: TaughtReaderRow; readonly edit: () => void }) {
  const may = useMay()
  const client = useQueryClient()
  const turn = useMutation({
    mutationFn: (switchedOn: boolean) =>
      call('PUT /api/readers/:id', {
        params: { id: row.id },
        body: { yaml: row.yaml, switchedOn, version: row.version },
      }),
    onSuccess: (_done, on) => say(on ? `${row.id} reads what comes from now on.` : `${row.id} reads nothing more.`),
    onSettled: () => client.invalidateQueries({ queryKey: ['readers'] }),
  })
  return (
    <section className="card stack tight" aria-label={row.id}>
      <div className="connector-head">
        <h2>{row.id}</h2>
        <span className={row.switchedOn ? 'tag good' : 'tag'}>{row.switchedOn ? 'On' : 'Off'}</span>
        <span className="dim">
          version {row.version}, changed <When at={row.changedAt} ago /> by {row.changedBy}
        </span>
      </div>
      <details>
        <summary>Its YAML</summary>
        <pre className="mono wrapped">{row.yaml}</pre>
      </details>
      <div className="row wrap">
        {may('reader.change') && (
          <>
            <Switch
              checked={row.switchedOn}
              disabled={turn.isPending}
              label="Reads what comes"
              onChange={(event) => turn.mutate(event.currentTarget.checked)}
            />
            <Button size="compact-sm" variant="default" onClick={edit}>
              Change
            </Button>
          </>
        )}
        <Button
          size="compact-sm"
          variant="default"
          component="a"
          href={`data:application/yaml;charset=utf-8,${encodeURIComponent(row.yaml)}`}
          download={`${row.id}.yaml`}
        >
          Export
        </Button>
      </div>
      <Problem error={turn.error} />
    </section>
  )
}

function Edit({ start, close }: { readonly start: Editing; readonly close: () => void }) {
  const client = useQueryClient()
  const [yaml, setYaml] = useState(start.yaml)
  const id = start.id ?? /^id:\s*["']?([a-z0-9-]+)/m.exec(yaml)?.[1] ?? ''
  const save = useMutation({
    mutationFn: () =>
      call('PUT /api/readers/:id', {
        params: { id },
        body: { yaml, switchedOn: start.switchedOn, version: start.version },
      }),
    onSuccess: () => {
      say(start.switchedOn ? 'Saved: it reads what comes from now on.' : 'Saved, and switched off.')
      close()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['readers'] }),
  })
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={start.id === null ? 'Import a reader' : `Change ${start.id}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        <YamlBox yaml={yaml} set={setYaml} error={fieldProblem(save.error, 'yaml')} />
        <Problem error={save.error} />
        <Button disabled={id === ''} loading={save.isPending} onClick={() => save.mutate()}>
          {start.id === null ? 'Import it, switched off' : 'Save'}
        </Button>
      </div>
    </Modal>
  )
}

import { Button, FileButton, Select } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ImportPreview } from '../../../../src/contract/house.ts'
import type { ListNoun } from '../../../../src/model/list.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'

const titles: Record<ListNoun, string> = {
  assets: 'Asset list',
  people: 'People list',
  networks: 'Own networks',
  leases: 'Address leases',
  calendar: 'Calendar',
}
const purposes: Record<ListNoun, string> = {
  assets: 'What a machine is for, who owns it, how much it matters.',
  people: 'Who is behind an account.',
  networks: 'Which addresses are yours.',
  leases: 'Who had an address when: DHCP and VPN.',
  calendar: 'What was planned: changes, tests, exercises, absences.',
}

export function ListsPart() {
  const lists = useQuery({ queryKey: ['imports'], queryFn: () => call('GET /api/imports') })
  if (lists.data === undefined)
    return lists.error === null ? <Loading /> : <ErrorState error={lists.error} retry={() => void lists.refetch()} />
  return lists.data.lists.map((list) => <ListCard key={list.noun} {...list} />)
}

function ListCard({
  noun,
  rows,
  asOf,
}: {
  readonly noun: ListNoun
  readonly rows: number
  readonly asOf: string | null
}) {
  const may = useMay()
  const [file, setFile] = useState<File | null>(null)
  return (
    <section className="card">
      <div className="connector-head">
        <h2>{titles[noun]}</h2>
        <span className={rows === 0 ? 'tag' : 'tag good'}>{rows === 0 ? 'Empty' : plural(rows, 'row')}</span>
        {asOf !== null && (
          <span className="dim">
            as of <When at={asOf} ago />
          </span>
        )}
      </div>
      <p className="dim">
        {purposes[noun]} A CSV file with a header row; columns are matched and you can change that before anything is
        taken.
      </p>
      {may('context.import') && (
        <div className="row">
          <FileButton accept=".csv,text/csv" onChange={setFile}>
            {(props) => (
              <Button variant="default" size="compact-sm" {...props}>
                {file === null ? 'Choose a CSV file' : 'Choose another file'}
              </Button>
            )}
          </FileButton>
          {file !== null && <span>{file.name}</span>}
        </div>
      )}
      {file !== null && (
        <Preview key={`${file.name} ${file.lastModified}`} noun={noun} file={file} done={() => setFile(null)} />
      )}
    </section>
  )
}

function formOf(noun: ListNoun, file: File, mapping: Record<string, string> | null): FormData {
  const form = new FormData()
  form.set('noun', noun)
  if (mapping !== null) form.set('mapping', JSON.stringify(mapping))
  form.set('file', file)
  return form
}

function Preview({ noun, file, done }: { readonly noun: ListNoun; readonly file: File; readonly done: () => void }) {
  const client = useQueryClient()
  const [mapping, setMapping] = useState<Record<string, string> | null>(null)
  const preview = useQuery({
    queryKey: ['import-preview', noun, file.name, file.lastModified, mapping],
    queryFn: () => call('POST /api/imports/preview', {}, formOf(noun, file, mapping)),
    retry: false,
    placeholderData: (before) => before,
  })
  const take = useMutation({
    mutationFn: () => call('POST /api/imports', {}, formOf(noun, file, mapping)),
    onSuccess: (result) => {
      say(`${plural(result.rowsTaken, 'row')} taken, ${result.refused.length} refused.`)
      done()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['imports'] }),
  })
  if (preview.data === undefined)
    return preview.error === null ? <Loading lines={4} /> : <Problem error={preview.error} />
  const { data } = preview
  return (
    <div className="stack">
      <Mapping preview={data} change={(field, column) => setMapping(withColumn(data.mapping, field, column))} />
      <p>
        <strong>{data.rowsTaken}</strong> of {plural(data.rowsIn, 'row')} can be taken.
      </p>
      {data.refused.length > 0 && (
        <ul>
          {data.refused.slice(0, 10).map((one) => (
            <li key={`${one.row} ${one.why}`}>
              Row {one.row}: {one.why}
            </li>
          ))}
          {data.refused.length > 10 && <li>and {data.refused.length - 10} more</li>}
        </ul>
      )}
      <Problem error={preview.error ?? take.error} />
      <div className="row">
        <Button disabled={data.rowsTaken === 0} loading={take.isPending} onClick={() => take.mutate()}>
          Take {plural(data.rowsTaken, 'row')}
        </Button>
        <Button variant="default" onClick={done}>
          Leave it
        </Button>
      </div>
    </div>
  )
}

function withColumn(
  mapping: Readonly<Record<string, string>>,
  field: string,
  column: string | null,
): Record<string, string> {
  const next = Object.fromEntries(Object.entries(mapping).filter(([name]) => name !== field))
  return column === null ? next : { ...next, [field]: column }
}

function Mapping({
  preview,
  change,
}: {
  readonly preview: ImportPreview
  readonly change: (field: string, column: string | null) => void
}) {
  return (
    <div className="two">
      {preview.fields.map((field) => (
        <Select
          key={field}
          size="xs"
          label={field}
          placeholder="not in the file"
          clearable
          data={preview.columns}
          value={preview.mapping[field] ?? null}
          onChange={(column) => change(field, column)}
        />
      ))}
    </div>
  )
}

import { Button, FileButton, Select, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ImportPreview } from '../../../../src/contract/house.ts'
import type { Changes, ListNoun } from '../../../../src/model/list.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { factText, listFieldWords } from './fact-words.ts'

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
  calendar: 'What was planned: changes, tests, exercises, absences. iCalendar (.ics) as well.',
}
/** Refused rows and changes that the page names; the rest is counted. */
const refusedShown = 10
const changesShown = 12

export function ListsPart() {
  const lists = useQuery({ queryKey: ['imports'], queryFn: () => call('GET /api/imports') })
  if (lists.data === undefined)
    return lists.error === null ? <Loading /> : <ErrorState error={lists.error} retry={() => void lists.refetch()} />
  const { mappings } = lists.data
  return lists.data.lists.map((list) => (
    <ListCard
      key={list.noun}
      {...list}
      mappings={mappings.filter(({ noun }) => noun === list.noun).map(({ name }) => name)}
    />
  ))
}

type CardProps = {
  readonly noun: ListNoun
  readonly rows: number
  readonly asOf: string | null
  readonly mappings: readonly string[]
}

function ListCard({ noun, rows, asOf, mappings }: CardProps) {
  const may = useMay()
  const [file, setFile] = useState<File | null>(null)
  const done = () => setFile(null)
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
        {purposes[noun]} A CSV or Excel file with a header row; columns are matched, and you see what would change
        before anything is taken.
      </p>
      {may('context.import') && (
        <div className="row">
          <FileButton accept=".csv,.xlsx,.ics,text/csv,text/calendar" onChange={setFile}>
            {(props) => (
              <Button variant="default" size="compact-sm" {...props}>
                {file === null ? 'Choose a file' : 'Choose another file'}
              </Button>
            )}
          </FileButton>
          {file !== null && <span>{file.name}</span>}
        </div>
      )}
      {file !== null && (
        <Preview key={`${file.name} ${file.lastModified}`} noun={noun} file={file} mappings={mappings} done={done} />
      )}
    </section>
  )
}

/** What a person chose beside the file. */
type Choices = {
  readonly mapping: Record<string, string> | null
  readonly mappingName: string
  readonly list: string
  readonly zone: string
}

function formOf(noun: ListNoun, file: File, choices: Choices, saveMappingAs: string): FormData {
  const form = new FormData()
  form.set('noun', noun)
  if (choices.mapping !== null) form.set('mapping', JSON.stringify(choices.mapping))
  const texts = { mappingName: choices.mappingName, list: choices.list, zone: choices.zone, saveMappingAs }
  for (const [name, text] of Object.entries(texts)) if (text.trim() !== '') form.set(name, text.trim())
  form.set('file', file)
  return form
}

const isDated = (noun: ListNoun) => noun === 'leases' || noun === 'calendar'

function Preview({
  noun,
  file,
  mappings,
  done,
}: {
  readonly noun: ListNoun
  readonly file: File
  readonly mappings: readonly string[]
  readonly done: () => void
}) {
  const client = useQueryClient()
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const [choices, setChoices] = useState<Choices>({ mapping: null, mappingName: '', list: noun, zone })
  const [saveAs, setSaveAs] = useState('')
  const preview = useQuery({
    queryKey: ['import-preview', noun, file.name, file.lastModified, choices],
    queryFn: () => call('POST /api/imports/preview', {}, formOf(noun, file, choices, '')),
    retry: false,
    placeholderData: (before) => before,
  })
  const take = useMutation({
    mutationFn: () => call('POST /api/imports', {}, formOf(noun, file, choices, saveAs)),
    onSuccess: (result) => {
      say(`${plural(result.rowsTaken, 'row')} taken, ${result.refused.length} refused.`)
      done()
    },
    onSettled: () => client.invalidateQueries(),
  })
  const { data } = preview
  return (
    <div className="stack">
      <div className="two">
        <TextInput
          size="xs"
          label="Name of this list (the next file under it replaces this one)"
          value={choices.list}
          onChange={(event) => setChoices({ ...choices, list: event.currentTarget.value })}
        />
        {isDated(noun) && (
          <TextInput
            size="xs"
            label="Time zone of times that name none"
            value={choices.zone}
            onChange={(event) => setChoices({ ...choices, zone: event.currentTarget.value })}
          />
        )}
        {mappings.length > 0 && (
          <Select
            size="xs"
            label="Saved mapping"
            placeholder="guess from the headings"
            clearable
            data={[...mappings]}
            value={choices.mappingName === '' ? null : choices.mappingName}
            onChange={(name) => setChoices({ ...choices, mapping: null, mappingName: name ?? '' })}
          />
        )}
      </div>
      {data === undefined && preview.error === null && <Loading lines={4} />}
      {data !== undefined && (
        <>
          <Mapping
            noun={noun}
            preview={data}
            change={(field, column) => setChoices({ ...choices, mapping: withColumn(data.mapping, field, column) })}
          />
          <Outcome noun={noun} data={data} />
          <TextInput
            size="xs"
            label="Save this mapping under a name (optional)"
            value={saveAs}
            onChange={(event) => setSaveAs(event.currentTarget.value)}
          />
        </>
      )}
      <Problem error={preview.error ?? take.error} />
      <div className="row">
        {data !== undefined && (
          <Button
            disabled={data.rowsTaken === 0 || preview.isFetching}
            loading={take.isPending}
            onClick={() => take.mutate()}
          >
            Take {plural(data.rowsTaken, 'row')}
          </Button>
        )}
        <Button variant="default" onClick={done}>
          Leave it
        </Button>
      </div>
    </div>
  )
}

/** What would come of it: how many rows, what they change, what is refused, and the first of them as they were understood. */
function Outcome({ noun, data }: { readonly noun: ListNoun; readonly data: ImportPreview }) {
  const used = new Set(Object.values(data.mapping).flatMap((columns) => columns.split(' + ')))
  const unused = data.columns.filter((column) => column !== '' && !used.has(column))
  return (
    <>
      <p>
        <strong>{data.rowsTaken}</strong> of {plural(data.rowsIn, 'row')} can be taken: {data.changes.added} new,{' '}
        {data.changes.changed} changed, {data.changes.gone} gone.
      </p>
      {unused.length > 0 && <p className="dim">Columns that fill nothing: {unused.join(', ')}</p>}
      <ChangedRows changes={data.changes} />
      {data.refused.length > 0 && (
        <ul>
          {data.refused.slice(0, refusedShown).map((one) => (
            <li key={`${one.row} ${one.why}`}>
              Row {one.row}: {one.why}
            </li>
          ))}
          {data.refused.length > refusedShown && <li>and {data.refused.length - refusedShown} more</li>}
        </ul>
      )}
      <Sample noun={noun} rows={data.sample} fields={data.fields} />
    </>
  )
}

function ChangedRows({ changes }: { readonly changes: Changes }) {
  const named = (['gone', 'changed', 'added'] as const).flatMap((what) => {
    const names = changes.sample.filter((one) => one.what === what).map(({ name }) => name)
    return names.length === 0 ? [] : [{ what: what === 'added' ? 'New' : what === 'gone' ? 'Gone' : 'Changed', names }]
  })
  return named.map(({ what, names }) => (
    <p key={what} className="dim">
      {what}: {names.slice(0, changesShown).join(', ')}
      {names.length > changesShown && ' and more'}
    </p>
  ))
}

function Sample({
  noun,
  rows,
  fields,
}: {
  readonly noun: ListNoun
  readonly rows: ImportPreview['sample']
  readonly fields: readonly string[]
}) {
  const shown = fields.filter((field) => rows.some((row) => factText(row[field]) !== null))
  if (rows.length === 0) return null
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="The first rows, as they are understood">
      <table className="plain cards context-table">
        <thead>
          <tr>
            {shown.map((field) => (
              <th key={field}>{listFieldWords(noun, field)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={String(at)}>
              {shown.map((field) => (
                <td key={field} data-label={listFieldWords(noun, field)} className="clip">
                  {factText(row[field]) ?? <span className="dim">not known</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function withColumn(
  mapping: Readonly<Record<string, string>>,
  field: string,
  column: string | null,
): Record<string, string> {
  return { ...mapping, [field]: column ?? '' }
}

function Mapping({
  noun,
  preview,
  change,
}: {
  readonly noun: ListNoun
  readonly preview: ImportPreview
  readonly change: (field: string, column: string | null) => void
}) {
  return (
    <div className="mapping-grid">
      {preview.fields.map((field) => {
        const column = preview.mapping[field] ?? ''
        // Several columns that fill one field are one choice of their own.
        const data = [...new Set([...preview.columns.filter((one) => one !== ''), ...(column === '' ? [] : [column])])]
        return (
          <Select
            key={field}
            size="xs"
            label={listFieldWords(noun, field)}
            placeholder="not in the file"
            clearable
            data={data}
            value={column === '' ? null : column}
            onChange={(chosen) => change(field, chosen)}
          />
        )
      })}
    </div>
  )
}

import { Button, Select, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import type { Severity } from '../../../../src/model/alert.ts'
import type { ReadField } from '../../../../src/model/reader.ts'
import type { FieldProblem, MarkedPlace, TeachPage } from '../../../../src/model/teaching.ts'
import { call } from '../../api.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { fieldWords } from './fields.ts'
import { MarkText } from './mark-text.tsx'
import { Outcome } from './outcome.tsx'
import './teach.css'

export function TeachRoute() {
  const { id } = useParams({ from: '/desk/teach/$id' })
  const page = useQuery({ queryKey: ['teach', id], queryFn: () => call('GET /api/teach/:id', { params: { id } }) })
  if (page.data === undefined)
    return page.error === null ? <Loading /> : <ErrorState error={page.error} retry={() => void page.refetch()} />
  return <Teach key={id} page={page.data} />
}

/** The order in which fields are asked for: what an alert is told by comes first. */
const order = Object.keys(fieldWords) as ReadField[]

function Teach({ page }: { readonly page: TeachPage }) {
  const [marks, setMarks] = useState<readonly MarkedPlace[]>(page.marks)
  const [active, setActive] = useState<ReadField>(
    order.find((one) => !page.marks.some(({ field }) => field === one)) ?? 'ticket',
  )
  const [name, setName] = useState(page.suggested)
  const make = useMutation({
    mutationFn: () => call('POST /api/teach/:id', { params: { id: page.id }, body: { ...name, marks: [...marks] } }),
  })
  const mark = (place: { part: string; start: number; end: number }) => {
    setMarks([...marks.filter((one) => one.field !== active), { field: active, ...place }])
    const next = order.find((one) => one !== active && !marks.some(({ field }) => field === one))
    if (next !== undefined) setActive(next)
  }
  return (
    <>
      <div className="page-head">
        <h1>Teach a reader</h1>
        <span className="dim clip">
          {page.subject === '' ? 'a post' : page.subject}, from {page.from ?? page.provider ?? 'nobody'},{' '}
          <When at={page.receivedAt} ago />
        </span>
      </div>
      <p className="lead teach-lead">
        Mark in this message where each field stands. A reader is made of that, tested on the last 50 messages of the
        sender, and kept only when you save it. It only reads; it starts nothing.{' '}
        {page.reader !== null && `Today this message is read with the format “${page.reader}”.`}
        {page.quarantined && ' This message waits in quarantine: teaching does not let it in.'}
      </p>
      <div className="teach-grid">
        <section className="card message-text" aria-label="The message as text">
          {page.parts.map((part) => (
            <div key={part.path}>
              <div className="dim part-name">
                {part.path === 'subject' ? 'Subject' : `Part ${part.path}, ${part.type}`}
              </div>
              <MarkText part={part} marks={marks} active={active} mark={mark} />
            </div>
          ))}
        </section>
        <section className="card stack" aria-label="Fields">
          <h2>Fields</h2>
          <p className="dim">
            Choose a field, then mark its value in the text. Or type the value: its first place in the text is taken.
          </p>
          <div className="teach-fields" role="radiogroup" aria-label="Field that is marked next">
            {order.map((field) => (
              <FieldRow
                key={field}
                field={field}
                page={page}
                place={marks.find((one) => one.field === field) ?? null}
                isActive={active === field}
                problem={make.data?.problems.find((one) => one.field === field) ?? null}
                choose={() => setActive(field)}
                set={(place) =>
                  setMarks([...marks.filter((one) => one.field !== field), ...(place === null ? [] : [place])])
                }
              />
            ))}
          </div>
          <div className="two">
            <TextInput
              label="Name of the reader"
              value={name.title}
              onChange={(event) => setName({ ...name, title: event.currentTarget.value })}
            />
            <TextInput
              label="Its id"
              value={name.id}
              onChange={(event) => setName({ ...name, id: event.currentTarget.value.trim().toLowerCase() })}
            />
          </div>
          <Problem error={make.error} />
          <Button
            disabled={marks.length === 0 || name.title.trim() === '' || name.id === ''}
            loading={make.isPending}
            onClick={() => make.mutate()}
          >
            Make the reader, and test it
          </Button>
          <Link to="/settings/$part" params={{ part: 'readers' }}>
            Readers that were taught before
          </Link>
        </section>
      </div>
      {make.data !== undefined && <Outcome key={make.data.yaml} page={page} id={name.id} made={make.data} />}
    </>
  )
}

const severities: readonly Severity[] = ['informational', 'low', 'medium', 'high', 'critical']

type RowProps = {
  readonly field: ReadField
  readonly page: TeachPage
  readonly place: MarkedPlace | null
  readonly isActive: boolean
  readonly problem: FieldProblem | null
  readonly choose: () => void
  readonly set: (place: MarkedPlace | null) => void
}

function textOf(page: TeachPage, place: MarkedPlace | null): string {
  const part = page.parts.find((one) => one.path === place?.part)
  return place === null || part === undefined ? '' : part.text.slice(place.start, place.end)
}

/** The first place of a text in the message; null where it is nowhere. */
function find(page: TeachPage, field: ReadField, text: string): MarkedPlace | null {
  if (text.trim() === '') return null
  for (const part of page.parts) {
    const start = part.text.indexOf(text)
    if (start >= 0) return { field, part: part.path, start, end: start + text.length }
  }
  return null
}

function FieldRow({ field, page, place, isActive, problem, choose, set }: RowProps) {
  const [typed, setTyped] = useState<string | null>(null)
  const value = typed ?? textOf(page, place)
  const missing = typed !== null && typed.trim() !== '' && find(page, field, typed) === null
  const says = missing ? 'This is nowhere in the message' : problem?.why
  return (
    <div className={isActive ? 'teach-field on' : 'teach-field'}>
      <button type="button" role="radio" aria-checked={isActive} className={`teach-name f-${field}`} onClick={choose}>
        {fieldWords[field]}
      </button>
      <TextInput
        aria-label={`Value of ${fieldWords[field]}`}
        className="grow"
        size="xs"
        value={value}
        placeholder="not marked"
        error={says}
        onFocus={choose}
        onChange={(event) => {
          const text = event.currentTarget.value
          setTyped(text)
          if (text === '' || find(page, field, text) !== null) set(find(page, field, text))
        }}
        onBlur={() => setTyped(null)}
      />
      {field === 'severity' && place !== null && (
        <Select
          aria-label="It means"
          size="xs"
          className="teach-means"
          placeholder="means"
          clearable
          data={severities.map((one) => ({ value: one, label: one }))}
          value={place.means ?? null}
          onChange={(means) => set({ ...place, means: (means ?? undefined) as Severity | undefined })}
        />
      )}
      {place !== null && (
        <Button size="compact-xs" variant="subtle" aria-label={`Clear ${fieldWords[field]}`} onClick={() => set(null)}>
          Clear
        </Button>
      )}
    </div>
  )
}

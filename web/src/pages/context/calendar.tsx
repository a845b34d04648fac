import { Button, Checkbox, Select, TagsInput, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { CalendarRow } from '../../../../src/contract/context.ts'
import { CalendarKind } from '../../../../src/model/calendar.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { newId } from '../../parts/new-id.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { useNow, utc } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { calendarWords } from './fact-words.ts'
import { useContextSearch } from './search.ts'

const weekMs = 7 * 86_400_000
/** Four weeks fit on a page of a busy house. */
const weeksShown = 4

/** The Monday of a day, in UTC. */
function mondayOf(at: number): number {
  const day = Math.floor(at / 86_400_000) * 86_400_000
  return day - ((new Date(day).getUTCDay() + 6) % 7) * 86_400_000
}

export function CalendarPart() {
  const [search, setSearch] = useContextSearch()
  const may = useMay()
  const [adding, setAdding] = useState(false)
  const asked = Date.parse(`${search['from'] ?? ''}T00:00:00Z`)
  const now = useNow()
  const from = mondayOf(Number.isNaN(asked) ? now : asked)
  const to = from + weeksShown * weekMs
  const query = { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
  const page = useQuery({
    queryKey: ['calendar', query.from],
    queryFn: () => call('GET /api/calendar', { query }),
    placeholderData: (before) => before,
  })
  const move = (weeks: number) => setSearch({ from: new Date(from + weeks * weekMs).toISOString().slice(0, 10) })
  if (page.data === undefined)
    return page.error === null ? <Loading /> : <ErrorState error={page.error} retry={() => void page.refetch()} />
  const { entries, more } = page.data
  return (
    <>
      <div className="row wrap">
        <Button variant="default" size="xs" onClick={() => move(-weeksShown)}>
          Earlier
        </Button>
        <strong>
          {utc(query.from).slice(0, 10)} to {utc(new Date(to - 1).toISOString()).slice(0, 10)}
        </strong>
        <Button variant="default" size="xs" onClick={() => move(weeksShown)}>
          Later
        </Button>
        {search['from'] !== undefined && (
          <Button variant="default" size="xs" onClick={() => setSearch({ from: '' })}>
            Today
          </Button>
        )}
        <span className="dim">Times in UTC</span>
        {may('context.edit') && (
          <Button size="xs" className="push" onClick={() => setAdding(!adding)}>
            Enter something planned
          </Button>
        )}
      </div>
      {adding && <EntryForm done={() => setAdding(false)} />}
      {entries.length === 0 ? (
        <EmptyState
          title="Nothing is planned in these weeks."
          proof="What was planned explains an alert: our own change, scan or exercise. Import it (CSV or iCalendar) or enter it here."
        />
      ) : (
        <section className="card flush">
          <div className="scroll-x" tabIndex={0} role="region" aria-label="What is planned">
            <table className="plain context-table">
              <thead>
                <tr>
                  <th>From</th>
                  <th>To</th>
                  <th>Kind</th>
                  <th>What</th>
                  <th>About</th>
                  <th>Comes from</th>
                  <th>Who</th>
                  <th>Source</th>
                </tr>
              </thead>
              <tbody>
                {entries.map((entry) => (
                  <EntryRow key={entry.key} entry={entry} mayEdit={may('context.edit')} />
                ))}
              </tbody>
            </table>
          </div>
          {more && <p className="dim pad">There is more than is shown; look at fewer weeks by moving on.</p>}
        </section>
      )}
    </>
  )
}

function EntryRow({ entry, mayEdit }: { readonly entry: CalendarRow; readonly mayEdit: boolean }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => call('DELETE /api/calendar/:id', { params: { id: entry.id } }),
    onSuccess: () => {
      const { key: _key, source: _source, id, ...body } = entry
      const undo = () =>
        void call('PUT /api/calendar/:id', { params: { id }, body }).then(() =>
          client.invalidateQueries({ queryKey: ['calendar'] }),
        )
      say(`"${entry.title}" is no longer planned.`, { undo })
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['calendar'] }),
  })
  const about = entry.everything ? 'everything' : [...entry.assets, ...entry.networks].join(', ')
  return (
    <tr>
      <td>{utc(entry.from).slice(0, 16)}</td>
      <td>{utc(entry.to).slice(0, 16)}</td>
      <td>{calendarWords[entry.kind]}</td>
      <td className="clip wide" title={entry.note ?? entry.title}>
        {entry.title}
      </td>
      <td className="clip mono" title={about}>
        {about === '' && entry.kind !== 'absence' && entry.origins.length === 0 ? (
          <span className="dim">not said: explains nothing</span>
        ) : (
          about
        )}
      </td>
      <td className="clip mono">{entry.origins.join(', ')}</td>
      <td className="clip">
        {entry.person ?? entry.owner ?? ''}
        {entry.deputy !== null && <span className="dim"> ({entry.deputy} stands in)</span>}
      </td>
      <td>
        {entry.source === 'manual' ? (
          <span className="row tight">
            <span className="tag accent">By hand</span>
            {mayEdit && (
              <Button size="compact-xs" variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
                Remove
              </Button>
            )}
          </span>
        ) : (
          entry.source
        )}
      </td>
    </tr>
  )
}

const blank = { title: '', from: '', to: '', owner: '', person: '', deputy: '' }

function EntryForm({ done }: { readonly done: () => void }) {
  const client = useQueryClient()
  const [kind, setKind] = useState<CalendarKind>('change')
  const [texts, setTexts] = useState(blank)
  const [lists, setLists] = useState({ assets: [] as string[], networks: [] as string[], origins: [] as string[] })
  const [everything, setEverything] = useState(false)
  const text = (name: keyof typeof blank, label: string, more: { placeholder?: string; required?: boolean } = {}) => (
    <TextInput
      size="xs"
      label={label}
      value={texts[name]}
      onChange={(event) => setTexts({ ...texts, [name]: event.currentTarget.value })}
      {...more}
    />
  )
  const list = (name: keyof typeof lists, label: string) => (
    <TagsInput
      size="xs"
      label={label}
      value={lists[name]}
      onChange={(value) => setLists({ ...lists, [name]: value })}
    />
  )
  const save = useMutation({
    mutationFn: () => {
      const orNull = (name: 'owner' | 'person' | 'deputy') => (texts[name].trim() === '' ? null : texts[name].trim())
      const who = { owner: orNull('owner'), person: orNull('person'), deputy: orNull('deputy') }
      const span = { from: momentOf(texts.from), to: momentOf(texts.to) }
      return call('PUT /api/calendar/:id', {
        params: { id: newId() },
        body: { kind, title: texts.title.trim(), ...span, ...lists, everything, ...who },
      })
    },
    onSuccess: () => {
      say('It is in the calendar, and counts for alerts of that time.')
      done()
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['calendar'] }),
  })
  return (
    <form
      className="card"
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
      <h2>Something planned</h2>
      <div className="two">
        {text('title', 'What', { required: true })}
        <Select
          size="xs"
          label="Kind"
          data={CalendarKind.options.map((value) => ({ value, label: calendarWords[value] }))}
          value={kind}
          onChange={(value) => setKind(CalendarKind.parse(value ?? 'other'))}
        />
        {text('from', 'From (UTC)', { placeholder: '2026-11-28 20:00', required: true })}
        {text('to', 'To (UTC)', { placeholder: '2026-11-28 22:00', required: true })}
        {kind === 'absence' ? (
          <>
            {text('person', 'Who is away', { placeholder: 'mail address or account' })}
            {text('deputy', 'Who stands in')}
          </>
        ) : (
          <>
            {list('assets', 'Hosts it is about')}
            {list('networks', 'Addresses and ranges it is about')}
            {list('origins', 'Addresses it comes from (scanner, testers)')}
            {text('owner', 'Who answers for it')}
            <Checkbox
              label="It is about everything"
              checked={everything}
              onChange={(event) => setEverything(event.currentTarget.checked)}
            />
          </>
        )}
      </div>
      {kind !== 'absence' && (
        <p className="dim">
          With source addresses it explains only what comes from them; without, whatever happens to its hosts and
          ranges.
        </p>
      )}
      <Problem error={save.error} />
      <div className="row">
        <Button type="submit" loading={save.isPending}>
          Put into the calendar
        </Button>
        <Button variant="default" onClick={done}>
          Leave it
        </Button>
      </div>
    </form>
  )
}

/** "2026-11-28 20:00" as a moment in UTC; what cannot be read goes as it is, and the server says so. */
function momentOf(text: string): string {
  const at = Date.parse(`${text.trim().replace(' ', 'T')}${/[Zz]$/.test(text.trim()) ? '' : 'Z'}`)
  return Number.isNaN(at) ? text : new Date(at).toISOString()
}

import { Button, NumberInput, Select } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { SourceRow } from '../../../../src/contract/sources.ts'
import { type SourceKind, spanWords } from '../../../../src/model/source-watch.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { doorWords, msWords, plural } from '../../words.ts'
import './sources.css'

const kindWords: Record<SourceKind, string> = {
  provider: 'Provider',
  door: 'Door',
  logs: 'Logs',
  connector: 'Connector',
  feed: 'Feed',
}
const units = { minutes: 1, hours: 60, days: 1440 } as const
type Unit = keyof typeof units
/** Two clocks that are kept by NTP differ by less. */
const clockOffSeconds = 2

/** Everything that may fall silent: its last sign, its usual rhythm, and after how long its silence rings. */
export function SourcesPart() {
  const list = useQuery({ queryKey: ['sources'], queryFn: () => call('GET /api/sources'), refetchInterval: 30_000 })
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  const { sources, away } = list.data
  const sorted = sources.toSorted((a, b) => order(a) - order(b))
  const silent = sources.filter(({ silentSince }) => silentSince !== null).length
  const watched = sources.filter(({ limitMinutes }) => limitMinutes !== null).length
  return (
    <section className="card">
      <h2>What may fall silent</h2>
      <p className="dim">
        {watched} of {plural(sources.length, 'source')} watched, {silent} silent. A silence is shown here, in the foot
        of the queue and where the queue is empty; it is written into the ledger, and analysts and leads get a mail,
        once.
      </p>
      {away.length > 0 && (
        <p className="tag warn">Could not be asked: {away.join('; ')}. What is known of it stays as it was.</p>
      )}
      {sources.length === 0 ? (
        <EmptyState
          title="There is no source yet."
          proof="Providers, mailboxes, connectors, log sources and feeds stand here once they are set up."
          action={
            <Link to="/settings/$part" params={{ part: 'providers' }}>
              Add a provider
            </Link>
          }
        />
      ) : (
        <ul className="watched-sources">
          {sorted.map((row) => (
            <Watched key={row.id} row={row} />
          ))}
        </ul>
      )}
    </section>
  )
}

function order(row: SourceRow): number {
  return row.silentSince !== null ? 0 : row.limitMinutes !== null ? 1 : row.proposed === null ? 3 : 2
}

function Watched({ row }: { readonly row: SourceRow }) {
  const locked = !useMay()('setting.change')
  const [edits, setEdits] = useState(false)
  const watch = useWatch(row, () => setEdits(false))
  const { proposed, limitMinutes, silentSince } = row
  return (
    <li>
      <div className="watched-head">
        <strong>{row.kind === 'door' ? doorWords(row.title) : row.title}</strong>
        <span className="dim">{kindWords[row.kind]}</span>
        <span className={`tag ${silentSince !== null ? 'bad' : limitMinutes === null ? '' : 'good'}`}>
          {silentSince !== null ? 'Silent' : limitMinutes === null ? 'Not watched' : 'Heard in time'}
        </span>
      </div>
      <p>
        {row.lastAt === null ? (
          `Never heard (${row.sign}).`
        ) : (
          <>
            Last: {row.sign}, <When at={row.lastAt} ago />.
          </>
        )}{' '}
        {limitMinutes !== null && `Rings after ${spanWords(limitMinutes)}. `}
        <span className="dim">
          {proposed === null
            ? `Its rhythm is not known yet (${plural(row.waits, 'wait')}, 8 needed).`
            : `Usually at most ${spanWords(proposed.usualLongest)} between signs (${plural(row.waits, 'wait')}).`}
        </span>
        <br />
        <Flow row={row} />
      </p>
      {!locked && !edits && (
        <div className="row wrap">
          {proposed !== null && proposed.minutes !== limitMinutes && (
            <Button size="compact-sm" loading={watch.isPending} onClick={() => watch.mutate(proposed.minutes)}>
              Ring after {spanWords(proposed.minutes)}, as its history suggests
            </Button>
          )}
          <Button size="compact-sm" variant="default" onClick={() => setEdits(true)}>
            {limitMinutes === null ? 'Set a limit…' : 'Change the limit…'}
          </Button>
          {limitMinutes !== null && (
            <Button size="compact-sm" variant="default" loading={watch.isPending} onClick={() => watch.mutate(null)}>
              Stop watching
            </Button>
          )}
        </div>
      )}
      {edits && (
        <Limit
          row={row}
          pending={watch.isPending}
          keep={(minutes) => watch.mutate(minutes)}
          cancel={() => setEdits(false)}
        />
      )}
      <Problem error={watch.error} />
    </li>
  )
}

/** How much comes against the usual, and how far behind it is; what nobody measures is said to be so. */
function Flow({ row: { kind, volume, lagSeconds } }: { readonly row: SourceRow }) {
  const nouns = { messages: 'message', lines: 'line', questions: 'question' } as const
  return (
    <span className="dim">
      Volume:{' '}
      {volume === null
        ? kind === 'logs'
          ? 'not measured, the logs cannot be asked'
          : 'not counted'
        : `${plural(volume.today, nouns[volume.of])} today (UTC), ${
            volume.usual === null
              ? 'the usual is not known yet'
              : `usually ${Math.round(volume.usual).toLocaleString('en')} a day`
          }`}
      . Lag: {lagWords(kind, lagSeconds)}.
    </span>
  )
}

function lagWords(kind: SourceKind, seconds: number | null): string {
  if (kind === 'connector') return 'on its card'
  if (seconds === null) return 'not measured'
  if (seconds < -clockOffSeconds) return `none that can be told, its clock is ${msWords(-seconds * 1000)} ahead of ours`
  const what = kind === 'provider' ? 'from their clock to ours, the middle of the last messages' : 'of its newest line'
  return `${seconds < 1 ? 'under a second' : msWords(seconds * 1000)} ${what}`
}

function useWatch(row: SourceRow, done: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (minutes: number | null) =>
      call('PUT /api/sources/watch', { body: { source: row.id, silentAfterMinutes: minutes } }),
    onSuccess: (_done, minutes) => {
      say(
        minutes === null
          ? `${row.title} is not watched any more.`
          : `${row.title} rings after ${spanWords(minutes)} of silence.`,
      )
      done()
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['sources'] }),
        client.invalidateQueries({ queryKey: ['connectors'] }),
      ]),
  })
}

function Limit({
  row,
  pending,
  keep,
  cancel,
}: {
  readonly row: SourceRow
  readonly pending: boolean
  readonly keep: (minutes: number) => void
  readonly cancel: () => void
}) {
  const start = row.limitMinutes ?? row.proposed?.minutes ?? 1440
  const [unit, setUnit] = useState<Unit>(start % 1440 === 0 ? 'days' : start % 60 === 0 ? 'hours' : 'minutes')
  const [n, setN] = useState<number | string>(start / units[unit])
  return (
    <form
      className="row wrap end"
      onSubmit={(event) => {
        event.preventDefault()
        if (typeof n === 'number') keep(Math.round(n * units[unit]))
      }}
    >
      <NumberInput
        label="Ring after"
        min={1}
        max={90}
        allowDecimal={false}
        value={n}
        onChange={setN}
        w={110}
        data-autofocus
      />
      <Select
        aria-label="Unit"
        allowDeselect={false}
        data={row.kind === 'connector' ? ['hours', 'days'] : ['minutes', 'hours', 'days']}
        value={unit}
        onChange={(value) => setUnit((value ?? 'hours') as Unit)}
        w={120}
      />
      <Button type="submit" loading={pending} disabled={typeof n !== 'number'}>
        Keep
      </Button>
      <Button variant="default" onClick={cancel}>
        Cancel
      </Button>
    </form>
  )
}

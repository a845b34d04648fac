import { Button, Select, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { type TuningRequest, TuningState } from '../../../../src/model/tuning.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { useContextSearch } from './search.ts'
import { ChangePart } from './tuning-change.tsx'
import { measuredWords, stateWords, tuningSays } from './tuning-words.ts'

/** What providers were asked to tune: what they said of it, when it is due, and whether it is kept by what came since. */
export function TuningPart() {
  const [search, setSearch] = useContextSearch()
  const list = useQuery({ queryKey: ['tuning'], queryFn: () => call('GET /api/tuning') })
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  const { rows } = list.data
  const q = (search['q'] ?? '').trim().toLowerCase()
  const shown = rows.filter((one) =>
    /^tr-\d+$/.test(q)
      ? `tr-${one.number}` === q
      : `tr-${one.number} ${one.rule} ${one.entity ?? ''} ${one.providerName} ${measuredWords[one.measured]}`
          .toLowerCase()
          .includes(q),
  )
  if (rows.length === 0)
    return (
      <EmptyState
        title="No provider was asked to tune anything yet."
        proof="Decide an alert as “Tune the rule” (4): the answer asks for it, and from then on it is measured whether it is kept."
        action={<Link to="/queue">Go to the queue</Link>}
      />
    )
  return (
    <>
      <TextInput
        aria-label="Find a tuning request"
        placeholder="Find: TR-12, a rule, a host, a provider, lapsed"
        value={search['q'] ?? ''}
        onChange={(event) => setSearch({ q: event.currentTarget.value })}
      />
      {shown.length === 0 && <p className="dim">None of {rows.length} fits these words.</p>}
      {shown.map((one) => (
        <Request key={one.id} one={one} />
      ))}
    </>
  )
}

const measuredTags: Partial<Record<TuningRequest['measured'], string>> = {
  lapsed: 'tag bad',
  kept: 'tag good',
  watching: 'tag warn',
}

function Request({ one }: { readonly one: TuningRequest }) {
  const may = useMay()
  const [tried, setTried] = useState(false)
  return (
    <section className="card" aria-label={`TR-${one.number}`}>
      <div className="row wrap">
        <strong className="mono">TR-{one.number}</strong>
        <span className={measuredTags[one.measured] ?? 'tag'}>{measuredWords[one.measured]}</span>
        {one.state !== 'asked' && <span className="tag">{stateWords[one.state]}</span>}
        {one.sample && <span className="tag sample">Sample data</span>}
        <span className="dim push">{one.providerName}</span>
      </div>
      <p>
        <strong>{one.rule}</strong>
        {one.entity !== null && ` about ${one.entity}`}
      </p>
      <p className="pre">{one.reason}</p>
      <p>
        {tuningSays(one)}
        {one.lastAt !== null && (
          <>
            , the last <When at={one.lastAt} ago />
          </>
        )}
        {one.dueAt !== null && (
          <>
            {' '}
            · due {one.dueAt.slice(0, 10)}
            {one.afterDue > 0 && `, ${plural(one.afterDue, 'alert')} after that`}
          </>
        )}
        {one.askedAgainAt !== null && (
          <>
            {' '}
            · asked again <When at={one.askedAgainAt} ago />
          </>
        )}
      </p>
      <p className="dim">
        {one.byName}, on{' '}
        <Link to="/alerts/$id" params={{ id: one.alert.id }}>
          A-{one.alert.number}
        </Link>
        {one.asked !== null && (
          <>
            {' '}
            ·{' '}
            <Link to="/replies/$id" params={{ id: one.asked.replyId }}>
              asked {one.asked.at.slice(0, 10)}
            </Link>{' '}
            of {one.asked.to.join(', ')}
          </>
        )}
        {one.note !== '' && ` · ${one.note}`}
      </p>
      {one.followUp !== null && (
        <p>
          A follow-up is drafted:{' '}
          <Link to="/replies/$id" params={{ id: one.followUp }}>
            review it
          </Link>
        </p>
      )}
      {may('tuning.write') && <Say one={one} />}
      <ChangePart one={one} mayWrite={may('tuning.write')}>
        <Button size="compact-sm" variant="default" aria-expanded={tried} onClick={() => setTried(!tried)}>
          What would not come any more
        </Button>
      </ChangePart>
      {tried && <WouldGo id={one.id} />}
    </section>
  )
}

/** Writes down what the provider says; what its words seem to say is proposed, and a person confirms it. */
function Say({ one }: { readonly one: TuningRequest }) {
  const client = useQueryClient()
  const [due, setDue] = useState('')
  const save = useMutation({
    mutationFn: (said: { state: TuningState; note: string }) =>
      call('POST /api/tuning/:id/state', {
        params: { id: one.id },
        body: { ...said, dueAt: due === '' ? null : `${due}T00:00:00.000Z` },
      }),
    onSuccess: (_done, { state }) => say(`TR-${one.number}: ${stateWords[state].toLowerCase()}.`),
    onSettled: () => client.invalidateQueries({ queryKey: ['tuning'] }),
  })
  const { proposed } = one
  return (
    <>
      {proposed !== null && (
        <div className="row wrap">
          <span>
            They wrote <When at={proposed.at} ago />: “{proposed.quote}”
          </span>
          <Button
            size="compact-sm"
            loading={save.isPending}
            onClick={() => save.mutate({ state: proposed.state, note: `They wrote: ${proposed.quote}` })}
          >
            Yes: {stateWords[proposed.state].toLowerCase()}
          </Button>
        </div>
      )}
      <div className="row wrap end">
        <Select
          label="They say"
          aria-label={`What they say of TR-${one.number}`}
          size="xs"
          allowDeselect={false}
          value={one.state}
          data={TuningState.options.map((value) => ({ value, label: stateWords[value] }))}
          onChange={(value) => value !== null && save.mutate({ state: TuningState.parse(value), note: one.note })}
        />
        <TextInput
          label="Due on"
          aria-label={`TR-${one.number} is due on`}
          size="xs"
          type="date"
          value={due}
          onChange={(event) => setDue(event.currentTarget.value)}
        />
        <Button
          size="compact-sm"
          variant="default"
          disabled={due === ''}
          onClick={() => save.mutate({ state: one.state, note: one.note })}
        >
          Set the day it is due
        </Button>
      </div>
      <Problem error={save.error} />
    </>
  )
}

function WouldGo({ id }: { readonly id: string }) {
  const preview = useQuery({
    queryKey: ['tuning', id, 'preview'],
    queryFn: () => call('GET /api/tuning/:id/preview', { params: { id } }),
  })
  if (preview.data === undefined)
    return preview.error === null ? (
      <Loading lines={2} />
    ) : (
      <ErrorState error={preview.error} retry={() => void preview.refetch()} />
    )
  const { holds, hidden, rows } = preview.data
  return (
    <div className="stack tight">
      <p>
        In the last 90 days {plural(holds, 'alert')} would not have come
        {hidden > 0 ? (
          <strong>, {hidden} of them decided as incident or minor trouble: ask for less.</strong>
        ) : (
          '; none of them was harm.'
        )}
      </p>
      <ul className="plain-list">
        {rows.slice(0, 20).map((row) => (
          <li key={row.alertId}>
            <Link to="/alerts/$id" params={{ id: row.alertId }}>
              A-{row.number}
            </Link>{' '}
            {row.hidden && <span className="tag bad">Harm</span>} <When at={row.receivedAt} ago />
          </li>
        ))}
      </ul>
    </div>
  )
}

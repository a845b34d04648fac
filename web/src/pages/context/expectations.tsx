import { Button, Modal, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { type Expectation, reviewFrom } from '../../../../src/model/expectation.ts'
import { scopeWords } from '../../../../src/model/expectation-words.ts'
import { call } from '../../api.ts'
import { useMay, useMe } from '../../me.ts'
import { RetireForm, renewDays, useExpectationsAgain, useRenewal } from '../../parts/expectation-acts.tsx'
import { useProviderNames } from '../../parts/provider-names.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { useNow, When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { outcomeShort, plural } from '../../words.ts'
import { Backtests } from '../settings/backtests.tsx'
import { useContextSearch } from './search.ts'

const dayMs = 86_400_000
/** As far back as a preview, with everything that would have come out differently. */
const triedDays = 90

/** All expectations: what each matches, how often, whose it is, until when, and what it would have hidden. */
export function ExpectationsPart() {
  const [search, setSearch] = useContextSearch()
  const list = useQuery({ queryKey: ['expectations'], queryFn: () => call('GET /api/expectations') })
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  const { rows } = list.data
  const q = (search['q'] ?? '').trim().toLowerCase()
  const fits = (one: Expectation) =>
    /^e-\d+$/.test(q)
      ? `e-${one.number}` === q
      : `e-${one.number} ${scopeWords(one.scope)} ${one.condition} ${one.reason} ${one.owner.name}`
          .toLowerCase()
          .includes(q)
  const shown = rows.filter(fits)
  if (rows.length === 0)
    return (
      <EmptyState
        title="Nothing is expected yet."
        proof="An expectation answers an alert that comes again: decide one, then press E on it. It is tried on the last 90 days before it counts, and ends after half a year at most."
        action={<Link to="/queue">Go to the queue</Link>}
      />
    )
  return (
    <>
      <TextInput
        aria-label="Find an expectation"
        placeholder="Find: E-3, a rule, a host, an owner"
        value={search['q'] ?? ''}
        onChange={(event) => setSearch({ q: event.currentTarget.value })}
      />
      {shown.length === 0 && <p className="dim">None of {rows.length} fits these words.</p>}
      {shown.map((one) => (
        <ExpectationCard key={one.id} one={one} />
      ))}
      <Backtests kind="expectation" />
    </>
  )
}

function stateOf(one: Expectation, now: number): { readonly words: string; readonly tag: string } {
  if (one.retired !== null) return { words: 'Retired', tag: 'tag' }
  const left = Date.parse(one.expiresAt) - now
  if (left <= 0) return { words: 'Ran out', tag: 'tag' }
  if (one.against > 0) return { words: 'Stopped: it held for harm', tag: 'tag bad' }
  if (reviewFrom(one).getTime() <= now)
    return { words: `Review: runs out in ${plural(Math.ceil(left / dayMs), 'day')}`, tag: 'tag warn' }
  return { words: 'Stands', tag: 'tag accent' }
}

function ExpectationCard({ one }: { readonly one: Expectation }) {
  const named = useProviderNames()
  const [opened, setOpened] = useState(false)
  const state = stateOf(one, useNow())
  return (
    <section className="card" aria-label={`E-${one.number}`}>
      <div className="row wrap">
        <strong className="mono">E-{one.number}</strong>
        <span className={state.tag}>{state.words}</span>
        <span>{outcomeShort[one.outcome]}</span>
        {one.decides && <span className="tag warn">Decides by itself</span>}
        {one.sample && <span className="tag sample">Sample data</span>}
        <span className="dim push">
          {one.owner.name}, until {one.expiresAt.slice(0, 10)}
        </span>
      </div>
      <p>
        Expected of <strong>{scopeWords(one.scope, named)}</strong>
        {one.condition !== '' && (
          <>
            {' '}
            where <code>{one.condition}</code>
          </>
        )}
      </p>
      <p className="pre">{one.reason}</p>
      <p className="dim">
        Held for {plural(one.hits, 'alert')}
        {one.lastHit !== null && (
          <>
            , last <When at={one.lastHit} ago />
          </>
        )}
        {one.decided > 0 && `, decided ${one.decided} by itself`}
        {one.notHeld > 0 && `, did not hold for ${one.notHeld} in its scope`} · turned out to be harm: {one.against} ·
        when it began to count: {plural(one.preview.holds, 'alert')} in 90 days, would have hidden {one.preview.hidden}
        {one.sourceAlert !== null && (
          <>
            {' '}
            · made from{' '}
            <Link to="/alerts/$id" params={{ id: one.sourceAlert.id }}>
              A-{one.sourceAlert.number}
            </Link>
          </>
        )}
        {one.retired !== null && ` · retired ${one.retired.at.slice(0, 10)}: ${one.retired.reason}`}
      </p>
      <div className="row wrap">
        <Button size="compact-sm" variant="default" aria-expanded={opened} onClick={() => setOpened(!opened)}>
          {opened ? 'Hide the alerts' : `Show ${plural(one.hits + one.notHeld, 'alert')}`}
        </Button>
        {one.retired === null && <Acts one={one} />}
      </div>
      {opened && <Alerts id={one.id} />}
    </section>
  )
}

function Acts({ one }: { readonly one: Expectation }) {
  const may = useMay()
  const me = useMe()
  const client = useQueryClient()
  const [retiring, setRetiring] = useState(false)
  const params = { id: one.id }
  const again = useExpectationsAgain()
  const renew = useRenewal(one)
  const decides = useMutation({
    mutationFn: () => call('POST /api/expectations/:id/decides', { params, body: { decides: !one.decides } }),
    onSuccess: () =>
      say(one.decides ? `E-${one.number} proposes from now on.` : `E-${one.number} decides by itself from now on.`),
    onSettled: again,
  })
  const tried = useMutation({
    mutationFn: () =>
      call('POST /api/backtests', { body: { kind: 'expectation', expectation: one.id, days: triedDays } }),
    onSuccess: () => say(`E-${one.number} is tried on the last ${triedDays} days; see below the list.`),
    onSettled: () => client.invalidateQueries({ queryKey: ['backtests'] }),
  })
  const mine = one.owner.id === me?.user.id
  return (
    <>
      {may('expectation.write') && (
        <>
          <Button size="compact-sm" variant="default" loading={renew.isPending} onClick={() => renew.mutate()}>
            Renew for {renewDays} days
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => setRetiring(true)}>
            Retire
          </Button>
        </>
      )}
      {may('playbook.run') && (
        <Button size="compact-sm" variant="default" loading={tried.isPending} onClick={() => tried.mutate()}>
          Try it on the past
        </Button>
      )}
      {may('expectation.decide') && (one.decides || mine) && (
        <Button size="compact-sm" variant="default" loading={decides.isPending} onClick={() => decides.mutate()}>
          {one.decides ? 'Let it only propose' : 'Let it decide by itself'}
        </Button>
      )}
      <Problem error={renew.error ?? decides.error ?? tried.error} />
      {retiring && <RetirePanel one={one} close={() => setRetiring(false)} />}
    </>
  )
}

function RetirePanel({ one, close }: { readonly one: Expectation; readonly close: () => void }) {
  return (
    <Modal
      opened
      onClose={close}
      title={`Retire E-${one.number}`}
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <RetireForm one={one} close={close} words={{ ask: 'Why', verb: 'Retire it', done: 'is retired' }} />
    </Modal>
  )
}

function Alerts({ id }: { readonly id: string }) {
  const list = useQuery({
    queryKey: ['expectations', id, 'alerts'],
    queryFn: () => call('GET /api/expectations/:id/alerts', { params: { id } }),
  })
  if (list.data === undefined)
    return list.error === null ? (
      <Loading lines={3} />
    ) : (
      <ErrorState error={list.error} retry={() => void list.refetch()} />
    )
  if (list.data.rows.length === 0) return <p className="dim">No alert came in its scope since it counts.</p>
  return (
    <ul className="plain-list">
      {list.data.rows.map((row) => (
        <li key={row.alertId}>
          <Link to="/alerts/$id" params={{ id: row.alertId }}>
            A-{row.number} {row.title}
          </Link>{' '}
          <span className="tag plain">{row.outcome === null ? 'Open' : outcomeShort[row.outcome]}</span>{' '}
          {row.decided && <span className="tag warn">Decided by itself</span>}{' '}
          <span className="dim">
            {row.kind === 'contradicted' ? 'did not hold. ' : row.kind === 'unknown' ? 'could not tell. ' : ''}
            {row.why} <When at={row.receivedAt} ago />
          </span>
        </li>
      ))}
    </ul>
  )
}

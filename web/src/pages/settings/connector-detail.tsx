import { Button, NumberInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ConnectorCard } from '../../../../src/contract/connectors.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import { ConnectorForm } from './connector-form.tsx'
import { stateWords } from './connector-words.ts'
import { TriedOut } from './tried-out.tsx'

const origins = {
  house: 'of the house, or a description of a REST source',
  file: 'set up in counterfoil.yaml',
  page: 'set up here',
} as const

/** One connector: how it is, what it fills, what its key is good for; a test, its watch, and its settings. */
export function ConnectorDetail({ connector }: { readonly connector: ConnectorCard }) {
  const may = useMay()
  const [edits, setEdits] = useState(false)
  const test = useMutation({
    mutationFn: () => call('POST /api/connectors/:id/test', { params: { id: connector.id }, body: {} }),
  })
  const [word, tone] = stateWords[connector.state]
  const own = connector.origin === 'page' && may('connector.change')
  return (
    <section className="card connector-detail">
      <div className="connector-head">
        <h2>{connector.title}</h2>
        <span className={`tag ${tone}`}>{word}</span>
        {connector.failingSince !== null && (
          <span className="dim">
            since <When at={connector.failingSince} ago />
          </span>
        )}
      </div>
      {connector.says !== '' && <p>{connector.says}</p>}
      <Facts connector={connector} />
      <div className="row wrap">
        {may('connector.test') && connector.state !== 'off' && (
          <Button size="compact-sm" loading={test.isPending} onClick={() => test.mutate()}>
            Test: read something now
          </Button>
        )}
        {own && (
          <Button size="compact-sm" variant="default" onClick={() => setEdits(true)}>
            Change its settings
          </Button>
        )}
        {own && <Remove connector={connector} />}
      </div>
      <Problem error={test.error} />
      {test.data !== undefined && <TriedOut tried={test.data} />}
      {may('connector.change') && connector.state !== 'off' && <Watch connector={connector} />}
      {edits && <ConnectorForm id={connector.id} close={() => setEdits(false)} />}
    </section>
  )
}

function Facts({ connector }: { readonly connector: ConnectorCard }) {
  const rungs = [...new Set(connector.answers.map((one) => one.rungTitle))]
  const { limits, usual, today } = connector
  return (
    <dl className="kv">
      <dt>Last answer</dt>
      <dd>
        {connector.lastSuccess === null ? 'never' : <When at={connector.lastSuccess} ago />}
        {connector.lastMs !== null && `, took ${Math.max(1, Math.round(connector.lastMs))} ms`}
      </dd>
      <dt>Lag</dt>
      <dd>
        <Lag lag={connector.lag} />
      </dd>
      <dt>Volume</dt>
      <dd>
        {plural(today, 'question')} today,{' '}
        {usual === null ? 'the usual is not known yet' : `usually ${Math.round(usual)} a day (median of 14 days)`};{' '}
        {plural(connector.asked, 'question')} in all, {connector.failed} failed
      </dd>
      <dt>Fills</dt>
      <dd>{rungs.join(', ') || 'nothing'}</dd>
      <dt>Answers</dt>
      <dd>{connector.answers.map((one) => one.title).join(' ')}</dd>
      {connector.scope !== '' && (
        <>
          <dt>Can and cannot</dt>
          <dd>{connector.scope}</dd>
        </>
      )}
      {limits.timeoutMs > 0 && (
        <>
          <dt>Limits</dt>
          <dd>
            {limits.perMinute === null ? 'as often as asked' : `${limits.perMinute} a minute`}, {limits.concurrency} at
            once, {limits.timeoutMs / 1000} s each; more wait
          </dd>
        </>
      )}
      <dt>Where</dt>
      <dd>
        <span className="mono">{connector.id}</span>, {origins[connector.origin]}
      </dd>
    </dl>
  )
}

function Lag({ lag }: { readonly lag: ConnectorCard['lag'] }) {
  switch (lag.kind) {
    case 'live':
      return (
        <>none here: it looks when it is asked, and keeps no copy. How old what it finds there is, is not measured</>
      )
    case 'copy':
      return (
        <>
          the newest of {lag.of}: <When at={lag.newest} ago />
        </>
      )
    case 'not-measured':
      return <>not measured: of {lag.of} no age is known</>
  }
}

function Watch({ connector }: { readonly connector: ConnectorCard }) {
  const client = useQueryClient()
  const [hours, setHours] = useState<number | string>(connector.silentAfterHours ?? '')
  const watch = useMutation({
    mutationFn: () =>
      call('PUT /api/connectors/:id/watch', {
        params: { id: connector.id },
        body: { silentAfterHours: typeof hours === 'number' ? hours : null },
      }),
    onSuccess: () =>
      say(
        typeof hours === 'number'
          ? `${connector.title} is called silent after ${plural(hours, 'hour')} without an answer.`
          : `The silence of ${connector.title} is not watched.`,
      ),
    onSettled: () => client.invalidateQueries({ queryKey: ['connectors'] }),
  })
  const changed = (connector.silentAfterHours ?? '') !== hours
  return (
    <div className="row wrap end">
      <NumberInput
        label="Call it silent after hours without an answer"
        placeholder="not watched"
        min={1}
        max={2160}
        allowDecimal={false}
        value={hours}
        onChange={setHours}
      />
      <Button variant="default" disabled={!changed} loading={watch.isPending} onClick={() => watch.mutate()}>
        Keep
      </Button>
      <Problem error={watch.error} />
    </div>
  )
}

function Remove({ connector }: { readonly connector: ConnectorCard }) {
  const client = useQueryClient()
  const [asks, setAsks] = useState(false)
  const remove = useMutation({
    mutationFn: () => call('DELETE /api/connectors/:id', { params: { id: connector.id } }),
    onSuccess: () => say(`${connector.title} and its secrets are removed.`),
    onSettled: () => client.invalidateQueries({ queryKey: ['connectors'] }),
  })
  if (!asks)
    return (
      <Button size="compact-sm" variant="default" onClick={() => setAsks(true)}>
        Remove it
      </Button>
    )
  return (
    <>
      <Button size="compact-sm" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
        Remove it with its secrets
      </Button>
      <Button size="compact-sm" variant="default" onClick={() => setAsks(false)}>
        Keep it
      </Button>
      <Problem error={remove.error} />
    </>
  )
}

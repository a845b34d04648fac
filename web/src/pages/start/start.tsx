import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { FirstRun, FirstStep } from '../../../../src/contract/first-run.ts'
import { call } from '../../api.ts'
import { useMe } from '../../me.ts'
import { EmptyState, ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { utc } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural } from '../../words.ts'
import './start.css'

const steps: Record<
  FirstStep,
  { readonly title: string; readonly why: string; readonly to: string; readonly go: string }
> = {
  ours: {
    title: 'Say what is yours',
    why: 'Your mail domains tell your own mail from theirs; your networks tell inside from outside.',
    to: '/settings/house',
    go: 'Name domains',
  },
  provider: {
    title: 'Add the first provider',
    why: 'Whose mail to expect, from which addresses, in which format.',
    to: '/settings/providers',
    go: 'Add a provider',
  },
  door: {
    title: 'Open a door for its mail',
    why: 'SMTP, a mailbox over IMAP, or HTTPS. Below you can send a made-up alert in first.',
    to: '/settings/house',
    go: 'See the doors',
  },
  assets: {
    title: 'Bring your asset list',
    why: 'What a machine is for, and how much it matters, is what no provider knows.',
    to: '/context/lists',
    go: 'Import assets',
  },
  people: {
    title: 'Bring your people',
    why: 'So that an account has a name, a department and somebody to ask.',
    to: '/context/lists',
    go: 'Import people',
  },
  passkey: {
    title: 'Make a passkey',
    why: 'Signing in without a password that can be stolen.',
    to: '/settings/me',
    go: 'Make a passkey',
  },
  second: {
    title: 'Invite a second person',
    why: 'Nobody decides alone for long, and somebody has to get in when you are away.',
    to: '/settings/users',
    go: 'Invite somebody',
  },
  decide: {
    title: 'Decide the first alert',
    why: 'Cite what the decision rests on; the answer is drafted for you.',
    to: '/queue',
    go: 'Go to the queue',
  },
}
const stateWords = { done: 'Done', open: 'To do', skipped: 'Done without' } as const
/** While mail is being read the page looks again this often. */
const lookMs = 1500

export function StartPage() {
  const me = useMe()
  const may = me?.permissions.includes('setting.change') === true
  const first = useQuery({
    queryKey: ['first-run'],
    queryFn: () => call('GET /api/first-run'),
    enabled: may,
    refetchInterval: ({ state }) => ((state.data?.sample.waiting ?? 0) > 0 ? lookMs : 30_000),
  })
  if (!may)
    return (
      <>
        <div className="page-head">
          <h1>First hour</h1>
        </div>
        <EmptyState title="This is not for your role." proof="An administrator sets the house up." />
      </>
    )
  if (first.data === undefined)
    return first.error === null ? <Loading /> : <ErrorState error={first.error} retry={() => void first.refetch()} />
  const left = first.data.steps.filter((one) => one.state === 'open').length
  return (
    <>
      <div className="page-head">
        <h1>First hour</h1>
        <span className="dim">
          {left === 0
            ? 'All done, or done without.'
            : `${left} of ${first.data.steps.length} to do. Leave whenever you like: this list is read from the house.`}
        </span>
      </div>
      <div className="start-grid">
        <Steps first={first.data} />
        <div className="stack">
          <Sample first={first.data} />
          <TestAlert />
        </div>
      </div>
    </>
  )
}

function Steps({ first }: { readonly first: FirstRun }) {
  const client = useQueryClient()
  const skipped = first.steps.filter((one) => one.state === 'skipped').map((one) => one.step)
  const skip = useMutation({
    mutationFn: (to: readonly FirstStep[]) => call('PUT /api/first-run/skipped', { body: { steps: [...to] } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['first-run'] }),
  })
  return (
    <ol className="card first-steps">
      {first.steps.map(({ step, state, says }, at) => (
        <li key={step} className={`first-step ${state}`}>
          <span className="first-number" aria-hidden="true">
            {state === 'done' ? '✓' : at + 1}
          </span>
          <div className="grow">
            <h2 className="section-title">{steps[step].title}</h2>
            <div className="dim">{steps[step].why}</div>
            <div>
              <span className={state === 'done' ? 'tag good' : 'tag'}>{stateWords[state]}</span>{' '}
              <span className="dim">{says}</span>
            </div>
          </div>
          <div className="row tight">
            {state !== 'done' && (
              <Button
                component={Link}
                to={steps[step].to}
                size="compact-sm"
                variant={state === 'open' ? 'filled' : 'default'}
              >
                {steps[step].go}
              </Button>
            )}
            {state === 'open' && (
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Do without: ${steps[step].title}`}
                onClick={() => skip.mutate([...skipped, step])}
              >
                Do without
              </Button>
            )}
            {state === 'skipped' && (
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Back on the list: ${steps[step].title}`}
                onClick={() => skip.mutate(skipped.filter((one) => one !== step))}
              >
                Back on the list
              </Button>
            )}
          </div>
        </li>
      ))}
      <Problem error={skip.error} />
    </ol>
  )
}

function Sample({ first }: { readonly first: FirstRun }) {
  const client = useQueryClient()
  const { messages, waiting, alerts, providers } = first.sample
  const settle = () => client.invalidateQueries()
  const load = useMutation({ mutationFn: () => call('POST /api/sample'), onSettled: settle })
  const remove = useMutation({
    mutationFn: () => call('DELETE /api/sample'),
    onSuccess: () => say('The sample data is gone. The ledger keeps that it was there.'),
    onSettled: settle,
  })
  const isHere = messages > 0 || providers > 0
  return (
    <section className="card stack">
      <h2 className="section-title">Sample data {isHere && <span className="tag sample">Sample data</span>}</h2>
      {isHere ? (
        <>
          <div role="status">
            {waiting > 0
              ? `${messages - waiting} of ${plural(messages, 'message')} read…`
              : `${plural(messages, 'message')} read, ${plural(alerts, 'alert')} opened.`}
            {waiting > 0 && (
              <progress
                className="start-progress"
                max={messages}
                value={messages - waiting}
                aria-label="Messages read"
              />
            )}
          </div>
          <div className="dim">
            It is marked on every page, counts in no figure, and nothing is sent to its providers.
          </div>
          <div className="row tight">
            <Button component={Link} to="/queue" size="compact-sm">
              Work on it in the queue
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              color="red"
              loading={remove.isPending}
              onClick={() => remove.mutate()}
            >
              Remove sample data
            </Button>
          </div>
        </>
      ) : (
        <>
          <div className="dim">
            Six weeks of made-up mail of made-up providers, with assets and people, through the same way in as real
            mail. Gone in one click.
          </div>
          <Button
            size="compact-sm"
            loading={load.isPending}
            onClick={() => load.mutate()}
            style={{ alignSelf: 'flex-start' }}
          >
            Load sample data
          </Button>
        </>
      )}
      <Problem error={load.error ?? remove.error} />
    </section>
  )
}

function TestAlert() {
  const client = useQueryClient()
  const [id, setId] = useState<string | null>(null)
  const send = useMutation({
    mutationFn: () => call('POST /api/first-run/test-alert'),
    onSuccess: ({ messageId }) => {
      setId(messageId)
      return client.invalidateQueries({ queryKey: ['first-run'] })
    },
  })
  const trace = useQuery({
    queryKey: ['test-alert', id],
    queryFn: () => call('GET /api/first-run/test-alert/:id', { params: { id: id ?? '' } }),
    enabled: id !== null,
    refetchInterval: ({ state }) => (state.data?.stations.every((one) => one.at !== null) === true ? false : lookMs),
  })
  const began = trace.data?.stations[0]?.at
  return (
    <section className="card stack">
      <h2 className="section-title">Send a made-up alert in</h2>
      <div className="dim">
        From the moment its bytes are kept to a full evidence ladder, station by station. It is sample data.
      </div>
      <Button
        size="compact-sm"
        variant="default"
        loading={send.isPending}
        onClick={() => send.mutate()}
        style={{ alignSelf: 'flex-start' }}
      >
        Send a test alert
      </Button>
      <Problem error={send.error ?? trace.error} />
      {trace.data !== undefined && (
        <ol className="stations" role="status">
          {trace.data.stations.map((one) => (
            <li key={one.title} className={one.at === null ? 'dim' : ''}>
              <span aria-hidden="true">{one.at === null ? '…' : '✓'}</span> {one.title}
              {one.at !== null && began != null && (
                <span className="dim" title={utc(one.at)}>
                  {' '}
                  +{Math.max(0, Date.parse(one.at) - Date.parse(began))} ms
                </span>
              )}
              {one.says !== '' && <div className="dim">{one.says}</div>}
            </li>
          ))}
        </ol>
      )}
      {trace.data?.alertId != null && (
        <Link to="/alerts/$id" params={{ id: trace.data.alertId }}>
          Open the alert
        </Link>
      )}
    </section>
  )
}

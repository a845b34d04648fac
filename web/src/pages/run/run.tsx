import { SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { type ReactNode, useEffect, useState } from 'react'
import { csfCategoryTitle } from '../../../../src/model/csf.ts'
import type { JournalLine } from '../../../../src/model/playbook.ts'
import { type Answer, call } from '../../api.ts'
import { BackIcon, DownIcon } from '../../parts/icons.tsx'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { msWords, plural, runWords, stepWords, waitingWords } from '../../words.ts'
import { CancelRun } from './cancel-run.tsx'
import { Checklist } from './checklist.tsx'
import './run.css'

export function RunRoute() {
  const { id } = useParams({ from: '/desk/runs/$id' })
  const run = useQuery({ queryKey: ['run', id], queryFn: () => call('GET /api/runs/:id', { params: { id } }) })
  if (run.data === undefined)
    return run.error === null ? <Loading /> : <ErrorState error={run.error} retry={() => void run.refetch()} />
  return <RunView {...run.data} />
}

/** A run that goes on is drawn anew every second. */
const redrawMs = 1000

function RunView({ run, alert, marks }: Answer<'GET /api/runs/:id'>) {
  const [scale, setScale] = useState<'linear' | 'log'>('log')
  const [now, setNow] = useState(() => Date.now())
  const moving = run.endedAt === null
  useEffect(() => {
    if (!moving) return
    const timer = setInterval(() => setNow(Date.now()), redrawMs)
    return () => clearInterval(timer)
  }, [moving])
  const from = Date.parse(run.startedAt)
  const to = Math.max(from + 1, run.endedAt === null ? now : Date.parse(run.endedAt))
  const waiting = run.journal.findLast((line) => line.state === 'waiting')
  return (
    <>
      <div className="page-head">
        <Link to="/alerts/$id" params={{ id: alert.id }} className="row tight dim plain-link">
          <BackIcon /> A-{alert.number}
        </Link>
        <h1>{run.title}</h1>
        <span className={`tag ${run.state === 'done' ? 'good' : run.state === 'failed' ? 'bad' : 'accent'}`}>
          {runWords[run.state]}
        </span>
        {run.dryRun && <span className="tag warn">Dry run: nothing outside changes</span>}
        <span className="clip dim">{alert.title}</span>
      </div>
      <div className="card run-facts">
        <span>
          Playbook <strong>{run.playbookId}</strong>, version {run.playbookVersion}
        </span>
        <span>{startedWords(run.trigger)}</span>
        <span>
          Started <When at={run.startedAt} ago />
        </span>
        <span>{moving ? `Running for ${msWords(to - from)}` : `Took ${msWords(to - from)}`}</span>
        {run.resumedTimes > 0 && (
          <span className="tag">Resumed {plural(run.resumedTimes, 'time')} after a restart</span>
        )}
        {waiting !== undefined && (
          <span className="tag warn">
            {waitingWords(waiting.waitingFor)}
            {waiting.deadline !== null && (
              <>
                {' '}
                until <When at={waiting.deadline} />
              </>
            )}
          </span>
        )}
        {moving && !run.dryRun && <CancelRun runId={run.id} />}
        <SegmentedControl
          size="xs"
          aria-label="Scale of time"
          value={scale}
          onChange={(value) => setScale(value as typeof scale)}
          data={[
            { value: 'log', label: 'Log' },
            { value: 'linear', label: 'Linear' },
          ]}
        />
      </div>
      {run.error !== '' && <div className="card run-error">{run.error}</div>}
      <section className="card timeline" aria-label="Steps">
        {run.journal.length === 0 ? (
          <EmptyState
            title="No step has begun."
            proof="The run waits for a free worker; steps appear here by themselves."
          />
        ) : (
          run.journal.map((line) => (
            <StepRow key={line.path} line={line} scale={scaleOf(from, to, now, scale)}>
              {line.kind === 'checklist' && <Checklist runId={run.id} line={line} marks={marks} />}
            </StepRow>
          ))
        )}
      </section>
    </>
  )
}

/** What started a run, out of the record's own word. */
function startedWords(trigger: string): string {
  if (trigger.startsWith('hand ')) return 'Started by hand'
  if (trigger.startsWith('dry-run ')) return 'Tried out by hand'
  return trigger === 'unread' ? 'Started by a message nobody could read' : 'Started by itself on the alert'
}

/** Where an instant stands between 0 and 100. The logarithmic one keeps 300 ms visible beside two days. */
function scaleOf(from: number, to: number, now: number, kind: 'linear' | 'log') {
  const place = (at: number): number => {
    const share =
      kind === 'linear' ? (at - from) / (to - from) : Math.log1p(Math.max(0, at - from)) / Math.log1p(to - from)
    return Math.min(100, Math.max(0, share * 100))
  }
  return { place, now }
}

function StepRow({
  line,
  scale,
  children,
}: {
  readonly line: JournalLine
  readonly scale: ReturnType<typeof scaleOf>
  readonly children: ReactNode
}) {
  const [open, setOpen] = useState(false)
  const start = Date.parse(line.startedAt)
  const end = line.endedAt === null ? scale.now : Date.parse(line.endedAt)
  const left = scale.place(start)
  const width = Math.max(0.6, scale.place(end) - left)
  const depth = line.path.split('/').length - 1
  const waits = line.state === 'waiting' || line.kind === 'wait-for-person' || line.kind === 'checklist'
  return (
    <div className="step">
      <button type="button" className="step-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={open ? 'turn open' : 'turn'}>
          <DownIcon size={12} />
        </span>
        <span className="step-title clip" style={{ paddingLeft: `${depth * 14}px` }}>
          {line.title}
          {line.attempt > 1 && <span className="tag">try {line.attempt}</span>}
        </span>
        <span className={`step-state ${line.state}`}>{stepWords[line.state]}</span>
        <span className="lane">
          <i
            className={`${line.state}${waits ? ' waits' : ''}`}
            style={{ left: `${Math.min(left, 99.4)}%`, width: `${Math.min(width, 100 - Math.min(left, 99.4))}%` }}
          />
        </span>
        <span className="num dim">{line.state === 'skipped' ? '' : msWords(end - start)}</span>
      </button>
      {line.error !== null && line.error !== '' && <div className="step-error">{line.error}</div>}
      {line.state === 'waiting' && (
        <div className="step-wait">
          {waitingWords(line.waitingFor)}
          {line.deadline !== null && (
            <>
              , goes on by itself <When at={line.deadline} />
            </>
          )}
        </div>
      )}
      {(line.state === 'waiting' || open) && children}
      {open && (
        <div className="step-more">
          {line.why !== '' && line.kind !== 'checklist' && <p>{line.why}</p>}
          <dl className="kv">
            <dt>Step</dt>
            <dd>
              {line.kind} <span className="mono dim">{line.path}</span>
            </dd>
            <dt>Framework</dt>
            <dd>
              CSF 2.0 {line.csf} ({csfCategoryTitle(line.csf)}), phase: {line.phase}
            </dd>
            <dt>Started</dt>
            <dd>
              <When at={line.startedAt} ago /> on {line.node}
            </dd>
          </dl>
          <div className="step-io">
            <div>
              <h3 className="section-title">Input</h3>
              <pre className="answer" tabIndex={0}>
                {JSON.stringify(line.input ?? null, null, 2)}
              </pre>
            </div>
            <div>
              <h3 className="section-title">Result</h3>
              <pre className="answer" tabIndex={0}>
                {JSON.stringify(line.output ?? null, null, 2)}
              </pre>
            </div>
          </div>
        </div>
      )}
    </div>
  )
}

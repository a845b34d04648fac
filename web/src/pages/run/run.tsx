import { SegmentedControl, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { type ReactNode, useEffect, useState } from 'react'
import { csfCategoryTitle } from '../../../../src/model/csf.ts'
import type { JournalLine } from '../../../../src/model/playbook.ts'
import { type Answer, call } from '../../api.ts'
import { AsWords } from '../../parts/as-words.tsx'
import { BackIcon, DownIcon } from '../../parts/icons.tsx'
import { useKeys } from '../../parts/keys.ts'
import { EmptyState, ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { msWords, plural, runWords, stepWords, waitingWords } from '../../words.ts'
import { ApprovalOfStep } from './approval-of-step.tsx'
import { AskedRows } from './asked.tsx'
import { CancelRun } from './cancel-run.tsx'
import { Checklist } from './checklist.tsx'
import { MendStep } from './mend-step.tsx'
import { PastSteps } from './past-steps.tsx'
import { type Scale, type ScaleKind, scaleOf } from './scale.ts'
import { effectOf, isHumanWait, kindOfStep, phaseWords } from './step-words.ts'
import './run.css'

type Shown = Answer<'GET /api/runs/:id'>

export function RunRoute() {
  const { id } = useParams({ from: '/desk/runs/$id' })
  const run = useQuery({ queryKey: ['run', id], queryFn: () => call('GET /api/runs/:id', { params: { id } }) })
  if (run.data === undefined)
    return run.error === null ? <Loading /> : <ErrorState error={run.error} retry={() => void run.refetch()} />
  return <RunView shown={run.data} />
}

/** A run that goes on is drawn anew every second. */
const redrawMs = 1000

/** The row of a step, by the keyboard. */
function stepAt(by: -1 | 0 | 1): HTMLElement | undefined {
  const rows = [...document.querySelectorAll<HTMLElement>('button.step-line')]
  const at = rows.findIndex((row) => row.closest('.step')?.contains(document.activeElement) === true)
  if (by === 0) return rows[at]
  return rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]
}
const press = (act: string) => () =>
  stepAt(0)?.closest('.step')?.querySelector<HTMLElement>(`[data-act="${act}"]`)?.click()

function RunView({ shown }: { readonly shown: Shown }) {
  const { run, alert } = shown
  const [kind, setKind] = useState<ScaleKind>('log')
  const [now, setNow] = useState(() => Date.now())
  const moving = run.endedAt === null
  useEffect(() => {
    if (!moving) return
    const timer = setInterval(() => setNow(Date.now()), redrawMs)
    return () => clearInterval(timer)
  }, [moving])
  useKeys({
    j: () => stepAt(1)?.focus(),
    k: () => stepAt(-1)?.focus(),
    l: () => setKind(kind === 'log' ? 'linear' : 'log'),
    r: press('retry'),
    s: press('skip'),
    n: press('nudge'),
  })
  const from = Date.parse(run.startedAt)
  const to = Math.max(from + 1, run.endedAt === null ? now : Date.parse(run.endedAt))
  const scale = scaleOf(from, to, now, kind)
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
      <RunFacts shown={shown} elapsed={to - from}>
        {moving && !run.dryRun && <CancelRun runId={run.id} />}
        <SegmentedControl
          size="xs"
          aria-label="Scale of time"
          value={kind}
          onChange={(value) => setKind(value as ScaleKind)}
          data={[
            { value: 'log', label: 'Log' },
            { value: 'linear', label: 'Linear' },
          ]}
        />
      </RunFacts>
      {run.error !== '' && <div className="card run-error">{run.error}</div>}
      <section className="card timeline" aria-label="Steps">
        {run.journal.length === 0 ? (
          <EmptyState
            title="No step has begun."
            proof="The run waits for a free worker; steps appear here by themselves."
          />
        ) : (
          <>
            <Axis scale={scale} kind={kind} />
            {run.journal.map((line) => (
              <StepRow key={line.path} line={line} scale={scale} shown={shown} />
            ))}
          </>
        )}
      </section>
      <PastSteps past={shown.past} />
    </>
  )
}

function RunFacts({
  shown,
  elapsed,
  children,
}: {
  readonly shown: Shown
  readonly elapsed: number
  readonly children: ReactNode
}) {
  const { run, resumedAt } = shown
  const waiting = run.journal.findLast((line) => line.state === 'waiting')
  const resumedStep = run.journal.findIndex(({ path }) => path === resumedAt)
  return (
    <div className="card run-facts">
      <span>
        Playbook <strong className="mono">{run.playbookId}</strong>, version {run.playbookVersion}
      </span>
      <span>
        {startedWords(run.trigger)}, <When at={run.startedAt} ago />
      </span>
      <span>{run.endedAt === null ? `Running for ${msWords(elapsed)}` : `Took ${msWords(elapsed)}`}</span>
      {run.resumedTimes > 0 && (
        <span className="tag">
          {resumedStep === -1
            ? `Resumed ${plural(run.resumedTimes, 'time')} after a restart`
            : `Resumed at step ${resumedStep + 1} after a restart${run.resumedTimes > 1 ? `, ${run.resumedTimes} times in all` : ''}`}
        </span>
      )}
      {waiting !== undefined && (
        <span className="tag warn">
          {waitingWords(waiting.waitingFor)}
          {waiting.deadline !== null && (
            <>
              , ends <When at={waiting.deadline} />
            </>
          )}
        </span>
      )}
      {children}
    </div>
  )
}

/** Time since the start. Decoration: each row says its times in words. */
function Axis({ scale, kind }: { readonly scale: Scale; readonly kind: ScaleKind }) {
  return (
    <div className="step-line axis dim" aria-hidden="true">
      <span />
      <span>{kind === 'log' ? 'Time since the start, logarithmic' : 'Time since the start'}</span>
      <span />
      <span className="lane ticks">
        {scale.ticks.map(({ ms, left }) => (
          <em key={ms} style={{ left }}>
            {msWords(ms)}
          </em>
        ))}
      </span>
      <span />
    </div>
  )
}

/** What started a run, out of the record's own word. */
function startedWords(trigger: string): string {
  if (trigger.startsWith('hand ')) return 'Started by hand'
  if (trigger.startsWith('dry-run ')) return 'Tried out by hand'
  return trigger === 'unread' ? 'Started by a message nobody could read' : 'Started by itself on the alert'
}

/** Whom a step waits for, as far as the record names them. */
function whom(line: JournalLine): string {
  const to = (line.input as { to?: unknown } | null)?.to
  return typeof to === 'string' ? `${waitingWords(line.waitingFor)} of ${to}` : waitingWords(line.waitingFor)
}

function StepRow({ line, scale, shown }: { readonly line: JournalLine; readonly scale: Scale; readonly shown: Shown }) {
  const [open, setOpen] = useState(false)
  const start = Date.parse(line.startedAt)
  const end = line.endedAt === null ? scale.now : Date.parse(line.endedAt)
  const waits = isHumanWait(line.kind, line.state)
  const asked = shown.asked.filter(({ path }) => path === line.path)
  const effect = effectOf(line.kind)
  return (
    <div className="step">
      <button type="button" className="step-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={open ? 'turn open' : 'turn'}>
          <DownIcon size={12} />
        </span>
        <span className="step-title clip" style={{ paddingLeft: `${(line.path.split('/').length - 1) * 14}px` }}>
          {line.title}
          {line.attempt > 1 && <span className="tag">try {line.attempt}</span>}
          {effect !== undefined && (
            <span className="tag" title={effect}>
              acts outside
            </span>
          )}
        </span>
        <span className={`step-state ${line.state}`}>{stepWords[line.state]}</span>
        <span className="lane" aria-hidden="true">
          <i className={`${line.state}${waits ? ' waits' : ''}`} style={scale.bar(start, end)} />
        </span>
        <span className="num dim">{line.state === 'skipped' ? '' : msWords(end - start)}</span>
        <VisuallyHidden>began {msWords(start - Date.parse(shown.run.startedAt))} after the start</VisuallyHidden>
      </button>
      {line.error !== null && line.error !== '' && <div className="step-error">{line.error}</div>}
      {line.state === 'waiting' && (
        <div className="step-wait">
          {whom(line)}
          {line.deadline !== null && (
            <>
              , goes on by itself <When at={line.deadline} />
            </>
          )}
        </div>
      )}
      {(open || line.state === 'waiting' || line.state === 'failed') && (
        <MendStep run={shown.run} line={line} nudges={shown.nudges} />
      )}
      {(line.state === 'waiting' || open) && line.kind === 'checklist' && (
        <Checklist runId={shown.run.id} line={line} marks={shown.marks} />
      )}
      {(line.waitingFor === 'approval' || (open && isApproval(line))) && (
        <ApprovalOfStep runId={shown.run.id} path={line.path} />
      )}
      {open && asked.length > 0 && <AskedRows asked={asked} scale={scale} />}
      {open && <StepMore line={line} costMs={asked.reduce((sum, one) => sum + one.costMs, 0)} />}
    </div>
  )
}

/** A step that asked for signatures; it says so in what it was given. */
function isApproval({ input }: JournalLine): boolean {
  return typeof input === 'object' && input !== null && 'approval' in input
}

function StepMore({ line, costMs }: { readonly line: JournalLine; readonly costMs: number }) {
  const effect = effectOf(line.kind)
  return (
    <div className="step-more">
      {line.why !== '' && line.kind !== 'checklist' && (
        <p>
          <strong>Why this step: </strong>
          {line.why}
        </p>
      )}
      <dl className="kv">
        <dt>Step</dt>
        <dd>
          {kindOfStep(line.kind)} <span className="mono dim">{line.path}</span>
          {effect !== undefined && `, ${effect}`}
        </dd>
        <dt>Framework</dt>
        <dd>
          CSF 2.0 {line.csf} ({csfCategoryTitle(line.csf)}), phase: {phaseWords(line.phase)}
        </dd>
        <dt>Started</dt>
        <dd>
          <When at={line.startedAt} ago /> on <span title={line.node}>{line.node.split(':')[0]}</span>
        </dd>
        {costMs > 0 && (
          <>
            <dt>Cost</dt>
            <dd>{msWords(costMs)} of the sources, added up</dd>
          </>
        )}
      </dl>
      <div className="step-io">
        {(['input', 'output'] as const).map((side) => (
          <div key={side}>
            <h3 className="section-title">{side === 'input' ? 'Input' : 'Result'}</h3>
            <AsWords value={line[side] ?? null} />
          </div>
        ))}
      </div>
    </div>
  )
}

import { Button, FileButton } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { PlaybookRow, StepRow } from '../../../../src/contract/playbooks.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { say } from '../../parts/toast.tsx'
import { plural, runWords } from '../../words.ts'
import { kindOfStep, phaseWords } from '../run/step-words.ts'
import { Backtests } from './backtests.tsx'

const starts: Readonly<Record<PlaybookRow['on'], string>> = {
  alert: 'Starts by itself',
  unread: 'Starts for what nobody could read',
  manual: 'Started by hand',
}

/** What is done with an alert: every playbook with what it is for, its steps with the reason of each, and what it would have made of the past. */
export function PlaybooksPart() {
  const list = useQuery({ queryKey: ['playbooks'], queryFn: () => call('GET /api/playbooks') })
  const [open, setOpen] = useState<string | null>(null)
  if (list.data === undefined)
    return list.error === null ? <Loading /> : <ErrorState error={list.error} retry={() => void list.refetch()} />
  return (
    <>
      <div className="row between wrap">
        <span className="dim">{plural(list.data.playbooks.length, 'playbook')}</span>
        <BringIn opened={setOpen} />
      </div>
      <Backtests />
      {list.data.playbooks.map((row) => (
        <PlaybookCard
          key={row.id}
          row={row}
          opened={open === row.id}
          toggle={() => setOpen(open === row.id ? null : row.id)}
        />
      ))}
    </>
  )
}

/** A playbook of somebody else: CACAO 2.0, or YAML. It never starts by itself. */
function BringIn({ opened }: { readonly opened: (id: string) => void }) {
  const may = useMay()
  const client = useQueryClient()
  const bring = useMutation({
    mutationFn: async (file: File) => call('POST /api/playbooks', { body: { text: await file.text() } }),
    onSuccess: ({ id }) => {
      say('Brought in. It starts by hand only; look at its steps first.')
      opened(id)
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['playbooks'] }),
  })
  if (!may('playbook.change')) return null
  return (
    <div className="stack tight">
      <FileButton accept=".json,.yaml,.yml" onChange={(file) => file !== null && bring.mutate(file)}>
        {(props) => (
          <Button {...props} variant="default" loading={bring.isPending}>
            Bring one in (CACAO, YAML)
          </Button>
        )}
      </FileButton>
      <Problem error={bring.error} />
    </div>
  )
}

function PlaybookCard({
  row,
  opened,
  toggle,
}: {
  readonly row: PlaybookRow
  readonly opened: boolean
  readonly toggle: () => void
}) {
  const may = useMay()
  const client = useQueryClient()
  const look = useMutation({
    mutationFn: () => call('POST /api/backtests', { body: { kind: 'playbook', days: 30, playbook: row.id } }),
    onSuccess: () => say('It walks the last 30 days. Nobody is asked, nothing is sent.'),
    onSettled: () => client.invalidateQueries({ queryKey: ['backtests'] }),
  })
  return (
    <section className="card">
      <div className="connector-head">
        <h2>{row.title}</h2>
        <span className={row.on === 'manual' ? 'tag' : 'tag good'}>{starts[row.on]}</span>
        {row.origin === 'imported' && <span className="tag warn">Brought in</span>}
        <span className="dim">
          version {row.version}, {plural(row.steps, 'step')}
          {row.runs.all > 0 && `, ran ${plural(row.runs.all, 'time')}`}
          {row.runs.lastAt !== null && (
            <>
              , last <When at={row.runs.lastAt} ago />
            </>
          )}
        </span>
      </div>
      <p>{row.description}</p>
      <SignOff problems={row.signOff} />
      <p className="dim">
        {row.phases.join(', ')}
        {row.csf.length > 0 && ` · NIST CSF 2.0 ${row.csf.join(', ')}`}
      </p>
      <Problem error={look.error} />
      <div className="row wrap">
        <Button variant="default" aria-expanded={opened} onClick={toggle}>
          {opened ? 'Hide its steps' : 'Show its steps'}
        </Button>
        {may('playbook.run') && (
          <Button variant="default" loading={look.isPending} onClick={() => look.mutate()}>
            Try it on the last 30 days
          </Button>
        )}
        <a href={`/api/playbooks/${encodeURIComponent(row.id)}/cacao`} download>
          As CACAO 2.0
        </a>
      </div>
      {opened && <Steps id={row.id} />}
    </section>
  )
}

/** What is missing for the signatures it asks for; nothing where nothing is. */
function SignOff({ problems }: { readonly problems: PlaybookRow['signOff'] }) {
  if (problems.length === 0) return null
  return (
    <ul className="plain-list" aria-label="Sign-off">
      {problems.map(({ step, place, says, stops }) => (
        <li key={`${step} ${place} ${says}`}>
          <span className={stops ? 'tag bad' : 'tag warn'}>{stops ? 'Cannot be signed' : 'Sign-off'}</span> {place}:{' '}
          {says}.{' '}
          <Link to="/settings/$part" params={{ part: 'sign-off' }}>
            Who signs for what
          </Link>
        </li>
      ))}
    </ul>
  )
}

function Steps({ id }: { readonly id: string }) {
  const page = useQuery({
    queryKey: ['playbooks', id],
    queryFn: () => call('GET /api/playbooks/:id', { params: { id } }),
  })
  if (page.data === undefined)
    return page.error === null ? <Loading /> : <ErrorState error={page.error} retry={() => void page.refetch()} />
  const { steps, lastRuns } = page.data
  return (
    <>
      <ol className="stack tight">
        {steps.map((step) => (
          <Step key={step.path} step={step} />
        ))}
      </ol>
      {lastRuns.length > 0 && (
        <div>
          <strong>Last runs</strong>
          <ul>
            {lastRuns.map((run) => (
              <li key={run.id}>
                <Link to="/runs/$id" params={{ id: run.id }}>
                  A-{run.alert.number} {run.alert.title}
                </Link>{' '}
                <span className="dim">
                  {runWords[run.state]}
                  {run.dryRun && ' · dry run'} · <When at={run.startedAt} ago />
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  )
}

function Step({ step }: { readonly step: StepRow }) {
  return (
    <li style={{ marginInlineStart: `${step.depth * 1.25}rem` }}>
      <strong>{step.title}</strong>{' '}
      <span className="dim">
        {kindOfStep(step.kind)} · {phaseWords(step.phase)} · {step.csf} {step.csfTitle}
      </span>
      {step.why !== '' && <p className="dim">{step.why}</p>}
      {step.says.length > 0 && (
        <details>
          <summary>{plural(step.says.length, 'line')} of what it does</summary>
          <ul>
            {step.says.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </details>
      )}
    </li>
  )
}

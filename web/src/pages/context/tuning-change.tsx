import { Button, SegmentedControl, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { TuningChangeKind, type TuningRequest, type TuningTrial } from '../../../../src/model/tuning.ts'
import { call } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { plural } from '../../words.ts'

const kindWords: Record<TuningChangeKind, string> = { condition: 'Condition', 'sigma-filter': 'Sigma filter' }

const example: Record<TuningChangeKind, string> = {
  condition: 'alert.source == "192.0.2.7" && answers.asset_of_host.role == "scanner"',
  'sigma-filter': `title: Our scanner
logsource:
  category: process_creation
  product: windows
filter:
  rules: any
  scanner:
    Image|endswith: '\\scanner.exe'
  condition: not scanner`,
}

/** What we propose to the provider with a request, and the form that tries it on the past before it stands in an answer. */
export function ChangePart({
  one,
  mayWrite,
  children,
}: {
  readonly one: TuningRequest
  readonly mayWrite: boolean
  /** What stands beside the button. */
  readonly children: ReactNode
}) {
  const [open, setOpen] = useState(false)
  const { change } = one
  const isOver = one.state === 'withdrawn' || one.state === 'refused'
  return (
    <>
      {change !== null && (
        <div className="stack tight">
          <p>
            We propose ({kindWords[change.kind].toLowerCase()}, <When at={change.at} ago />
            ). {trialSays(change.trial)}
          </p>
          <pre className="code">{change.text}</pre>
        </div>
      )}
      <div className="row wrap">
        {mayWrite && !isOver && (
          <Button size="compact-sm" variant="default" aria-expanded={open} onClick={() => setOpen(!open)}>
            {change === null ? 'Propose a change' : 'Propose another change'}
          </Button>
        )}
        {children}
      </div>
      {open && <Form one={one} />}
    </>
  )
}

function Form({ one }: { readonly one: TuningRequest }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const [kind, setKind] = useState<TuningChangeKind>(one.change?.kind ?? 'condition')
  const [text, setText] = useState(one.change?.text ?? '')
  const asked = { params: { id: one.id }, body: { kind, text } }
  const attempt = useMutation({ mutationFn: () => call('POST /api/tuning/:id/try', asked) })
  const propose = useMutation({
    mutationFn: () => call('POST /api/tuning/:id/change', asked),
    onSuccess: ({ replyId }) => navigate({ to: '/replies/$id', params: { id: replyId } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['tuning'] }),
  })
  // What was tried is this text and no other.
  const change = (next: { kind?: TuningChangeKind; text?: string }): void => {
    setKind(next.kind ?? kind)
    setText(next.text ?? text)
    attempt.reset()
    propose.reset()
  }
  return (
    <form
      className="stack tight"
      aria-label={`Propose a change for TR-${one.number}`}
      onSubmit={(event) => {
        event.preventDefault()
        attempt.mutate()
      }}
    >
      <SegmentedControl
        aria-label="Kind of change"
        size="xs"
        value={kind}
        data={TuningChangeKind.options.map((value) => ({ value, label: kindWords[value] }))}
        onChange={(value) => change({ kind: TuningChangeKind.parse(value) })}
      />
      <Textarea
        label={
          kind === 'condition' ? 'Leave out alerts for which this holds (CEL)' : 'Join this filter to the rule (YAML)'
        }
        description={
          kind === 'condition'
            ? 'Over alert, answers and findings, as in playbooks and expectations.'
            : 'It is tried on our own logs: alerts are left out that have an event of it within 15 minutes, about the same machine, account or address.'
        }
        placeholder={example[kind]}
        autosize
        minRows={kind === 'condition' ? 2 : 9}
        maxRows={20}
        classNames={{ input: 'mono' }}
        value={text}
        onChange={(event) => change({ text: event.currentTarget.value })}
      />
      <div className="row wrap">
        <Button
          type="submit"
          size="compact-sm"
          variant="default"
          disabled={text.trim() === ''}
          loading={attempt.isPending}
        >
          Try it on the last 90 days
        </Button>
        <Button
          size="compact-sm"
          disabled={attempt.data === undefined || attempt.data.preview.hidden > 0}
          loading={propose.isPending}
          onClick={() => propose.mutate()}
        >
          Put it into the answer
        </Button>
      </div>
      <Problem error={attempt.error ?? propose.error} />
      {attempt.data !== undefined && <Trial trial={attempt.data} />}
    </form>
  )
}

function Trial({ trial }: { readonly trial: TuningTrial }) {
  const { preview } = trial
  return (
    <div className="stack tight" role="status">
      <p>
        {trialSays(trial)}
        {preview.hidden > 0 && <strong> It would have hidden harm: ask for less.</strong>}
      </p>
      <ul className="plain-list">
        {preview.rows
          .filter(({ kind }) => kind !== 'contradicted')
          .slice(0, 20)
          .map((row) => (
            <li key={row.alertId}>
              <Link to="/alerts/$id" params={{ id: row.alertId }}>
                A-{row.number}
              </Link>{' '}
              {row.hidden && <span className="tag bad">Harm</span>}{' '}
              {row.kind === 'unknown' && <span className="tag warn">Cannot tell</span>} <When at={row.receivedAt} ago />{' '}
              <span className="dim">{row.why}</span>
            </li>
          ))}
      </ul>
    </div>
  )
}

/** "Of 12 alerts in 90 days 9 would not have come, 2 would, for 1 nobody can tell. In our logs it leaves out 31 events." */
function trialSays({
  preview,
  logs,
}: Pick<TuningTrial, 'logs'> & { readonly preview: Omit<TuningTrial['preview'], 'rows'> }): string {
  const { inScope, holds, contradicted, unknown, hidden } = preview
  const told = `Of ${plural(inScope, 'alert')} in 90 days ${holds} would not have come, ${contradicted} would${unknown === 0 ? '' : `, for ${unknown} nobody can tell`}.`
  const harm =
    holds === 0 ? '' : hidden === 0 ? ' None of them was harm.' : ` ${hidden} of them were incident or minor trouble.`
  const seen =
    logs === null
      ? ''
      : logs.kind === 'could-not-look'
        ? ` Our own logs could not be looked at: ${logs.why}`
        : ` In our own logs it leaves out ${plural(logs.events, 'event')}.`
  return `${told}${harm}${seen}`
}

import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import type { TurningPoint } from '../../../../src/model/triage.ts'
import { call } from '../../api.ts'
import { meQuery, useMe } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { say } from '../../parts/toast.tsx'
import { outcomeWords, rungWords } from '../../words.ts'

/** What would change our mind, and why the playbook is where it is. Each person switches it off and on for themselves. */
export function Coaching({ page }: { readonly page: AlertPage }) {
  const me = useMe()
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: (on: boolean) => call('POST /api/me/coaching', { body: { on } }),
    onError: (error) => say(`Not changed: ${error.message}`, { bad: true }),
    onSettled: () => client.invalidateQueries({ queryKey: meQuery.queryKey }),
  })
  if (me === undefined || page.alert.state !== 'open' || page.judgement === null) return null
  const toggle = (
    <Button size="compact-xs" variant="subtle" loading={change.isPending} onClick={() => change.mutate(!me.coaching)}>
      {me.coaching ? 'Switch coaching off' : 'Coaching: what would change your mind?'}
    </Button>
  )
  if (!me.coaching) return <div className="coaching-off">{toggle}</div>
  return <On page={page} toggle={toggle} />
}

function On({ page, toggle }: { readonly page: AlertPage; readonly toggle: ReactNode }) {
  const { id } = page.alert
  const asked = useQuery({
    // Under the alert's key: news of it make these old as well.
    queryKey: ['alert', id, 'turning-points'],
    queryFn: () => call('GET /api/alerts/:id/turning-points', { params: { id } }),
  })
  const proposed = page.judgement?.proposal.outcome ?? null
  const points = asked.data?.points ?? []
  const step = page.runs.find((run) => run.step !== null && !run.dryRun)?.step
  return (
    <section className="card coaching" aria-label="Coaching">
      <div className="row between">
        <h2>What would change your mind?</h2>
        {toggle}
      </div>
      <Problem error={asked.error} />
      {step != null && step.why !== '' && (
        <p>
          <strong>Why this step:</strong> {step.title}. {step.why}
        </p>
      )}
      {points[0] !== undefined && (
        <p>
          <strong>Next best question:</strong> {points[0].title}
        </p>
      )}
      {asked.data !== undefined && points.length === 0 && (
        <p className="dim">No single answer that is still open would change what is proposed.</p>
      )}
      <ul>
        {points.map((point) => (
          <Turns key={point.question} point={point} proposed={proposed !== null} />
        ))}
      </ul>
    </section>
  )
}

function Turns({ point, proposed }: { readonly point: TurningPoint; readonly proposed: boolean }) {
  return (
    <li>
      <span className="dim">
        {rungWords[point.rung]} · {point.title}
      </span>
      <ul>
        {point.turns.map(({ when, outcome }) => (
          <li key={when}>
            If {when}:{' '}
            <strong>
              {outcome !== null ? outcomeWords[outcome] : proposed ? 'nothing would be proposed any more' : 'nothing'}
            </strong>
          </li>
        ))}
      </ul>
    </li>
  )
}

import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../../api.ts'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'

/** Fewer than this tell little: the interval is what counts. */
const enough = 30

const percent = (share: number): string => `${Math.round(share * 100)} %`

/** How often a provider asked what we had answered, with n, interval and the list behind it. */
export function RepeatRate({ providerId }: { readonly providerId: string }) {
  const [opened, setOpened] = useState(false)
  const rates = useQuery({ queryKey: ['repeats'], queryFn: () => call('GET /api/repeats') })
  if (rates.data === undefined)
    return rates.error === null ? null : <ErrorState error={rates.error} retry={() => void rates.refetch()} />
  const rate = rates.data.rates.find((one) => one.providerId === providerId)
  if (rate === undefined || rate.interval === null)
    return <p className="dim">Repeated questions: no alert came in the last 90 days.</p>
  const { n, repeated, interval } = rate
  return (
    <div className="stack tight">
      <div className="row wrap tight">
        <span title="Alerts whose question (rule, subject, what they ask) we had answered within 90 days before, of all alerts of the last 90 days">
          Repeated questions: <strong className={n < enough ? 'dim' : undefined}>{percent(repeated / n)}</strong> (
          {repeated} of {n} in 90 days; 95 % interval {percent(interval.from)} to {percent(interval.to)})
        </span>
        {n < enough && <span className="tag">few: the interval counts</span>}
        {repeated > 0 && (
          <Button size="compact-xs" variant="default" aria-expanded={opened} onClick={() => setOpened(!opened)}>
            {opened ? 'Hide them' : 'Which'}
          </Button>
        )}
      </div>
      {opened && <Rows providerId={providerId} />}
    </div>
  )
}

function Rows({ providerId }: { readonly providerId: string }) {
  const list = useQuery({
    queryKey: ['repeats', providerId],
    queryFn: () => call('GET /api/repeats/:provider', { params: { provider: providerId } }),
  })
  if (list.data === undefined)
    return list.error === null ? (
      <Loading lines={3} />
    ) : (
      <ErrorState error={list.error} retry={() => void list.refetch()} />
    )
  return (
    <ul className="plain-list">
      {list.data.rows.map((row) => (
        <li key={row.alertId}>
          <Link to="/alerts/$id" params={{ id: row.alertId }}>
            A-{row.number} {row.rule}
          </Link>{' '}
          about {row.entity}, <When at={row.receivedAt} ago />; answered <When at={row.before.answeredAt} ago /> on{' '}
          <Link to="/alerts/$id" params={{ id: row.before.alertId }}>
            A-{row.before.number}
          </Link>
        </li>
      ))}
    </ul>
  )
}

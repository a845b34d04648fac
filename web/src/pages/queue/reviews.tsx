import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { Expectation } from '../../../../src/model/expectation.ts'
import { scopeWords } from '../../../../src/model/expectation-words.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { useProviderNames } from '../../parts/provider-names.ts'
import { useNow, When } from '../../parts/time.tsx'
import { outcomeShort } from '../../words.ts'

/** The alerts below are why this page is open. */
const shownMax = 3

/** Expectations of mine whose review is due, the one that runs out first on top. */
export function useReviews(): readonly Expectation[] {
  const may = useMay()('expectation.write')
  const due = useQuery({
    queryKey: ['expectations', 'due'],
    queryFn: () => call('GET /api/expectations/due'),
    enabled: may,
    refetchInterval: 60_000,
  })
  return may ? (due.data?.rows ?? []) : []
}

type Due = { readonly rows: readonly Expectation[]; readonly open: (id: string) => void }

/** Above the alerts that need me: what I said I expect, and have to look at again. Nothing while nothing is due. */
export function ReviewsDue(due: Due) {
  return due.rows.length === 0 ? null : <List {...due} />
}

function List({ rows, open }: Due) {
  const now = useNow()
  const named = useProviderNames()
  return (
    <ul className="reviews-due" aria-label="Expectations to review">
      {rows.slice(0, shownMax).map((one, place) => (
        <li key={one.id}>
          <span className="tag warn">To review</span> <span className="mono">E-{one.number}</span>
          <span className="grow" dir="auto">
            Expected of {scopeWords(one.scope, named)}: {outcomeShort[one.outcome].toLowerCase()}
          </span>
          <span className="dim">
            {Date.parse(one.expiresAt) <= now ? 'ran out' : 'runs out'} <When at={one.expiresAt} ago />
          </span>
          <Button
            size="compact-xs"
            variant="default"
            rightSection={place === 0 && <kbd>W</kbd>}
            onClick={() => open(one.id)}
          >
            Review E-{one.number}…
          </Button>
        </li>
      ))}
      {rows.length > shownMax && (
        <li>
          <Link to="/context/$part" params={{ part: 'expectations' }}>
            {rows.length - shownMax} more to review
          </Link>
        </li>
      )}
    </ul>
  )
}

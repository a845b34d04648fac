import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import type { MatchOfAlert } from '../../../../src/contract/memory.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState } from '../../parts/states.tsx'
import { outcomeShort, plural } from '../../words.ts'
import { mayRemember } from './remember.tsx'

const kindWords: Record<MatchOfAlert['kind'], string> = {
  holds: 'Expected',
  contradicted: 'Condition does not hold',
  unknown: 'Could not tell',
}

/** What is remembered that fits this alert, and the way to remember its answer. */
export function MemoryCard({ page, remember }: { readonly page: AlertPage; readonly remember: () => void }) {
  const may = useMay()
  const { id } = page.alert
  const memory = useQuery({
    queryKey: ['alert', id, 'memory'],
    queryFn: () => call('GET /api/alerts/:id/memory', { params: { id } }),
  })
  const possible = mayRemember(page) && may('expectation.write')
  if (memory.error !== null) return <ErrorState error={memory.error} retry={() => void memory.refetch()} />
  const matches = memory.data?.matches ?? []
  if (matches.length === 0 && !possible) return null
  return (
    <section className="card" aria-label="Memory">
      <h2>Memory</h2>
      {matches.map((match) => (
        <Match key={match.expectationId} match={match} />
      ))}
      {possible && (
        <Button size="compact-sm" variant="default" rightSection={<kbd>E</kbd>} onClick={remember}>
          Remember this
        </Button>
      )}
    </section>
  )
}

function Match({ match }: { readonly match: MatchOfAlert }) {
  return (
    <div className="stack tight">
      <div className="row wrap tight">
        <span className={match.kind === 'holds' ? 'tag accent' : 'tag warn'}>{kindWords[match.kind]}</span>
        <Link
          to="/context/$part"
          params={{ part: 'expectations' }}
          search={{ q: `E-${match.number}` }}
          className="mono"
        >
          E-{match.number}
        </Link>
        <span>{outcomeShort[match.outcome]}</span>
        {match.decides && <span className="tag warn">{match.decided ? 'Decided by itself' : 'Decides by itself'}</span>}
      </div>
      <p className="pre">{match.kind === 'holds' ? match.reason : match.why}</p>
      {match.held !== '' && match.kind === 'holds' && !match.decided && <p>Left to you: {match.held}</p>}
      <p className="dim">
        {match.ownerName}, until {match.expiresAt.slice(0, 10)}, held for {plural(match.hits, 'alert')}
      </p>
    </div>
  )
}

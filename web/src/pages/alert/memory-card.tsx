import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import type { AnsweredBefore, DraftedAnswer, MatchOfAlert } from '../../../../src/contract/memory.ts'
import type { TuningRequest } from '../../../../src/model/tuning.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Notes } from '../../parts/notes.tsx'
import { ErrorState } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { outcomeShort, plural } from '../../words.ts'
import { measuredWords, tuningSays } from '../context/tuning-words.ts'
import type { DraftDecision } from './draft-decision.ts'
import { mayRemember } from './remember.tsx'

const kindWords: Record<MatchOfAlert['kind'], string> = {
  holds: 'Expected',
  contradicted: 'Condition does not hold',
  unknown: 'Could not tell',
}

/** What is remembered that fits this alert, and the way to remember its answer. */
export function MemoryCard({
  page,
  draft,
  remember,
}: {
  readonly page: AlertPage
  readonly draft: DraftDecision
  readonly remember: () => void
}) {
  const may = useMay()
  const memory = useMemory(page.alert.id)
  const possible = mayRemember(page) && may('expectation.write')
  if (memory.error !== null) return <ErrorState error={memory.error} retry={() => void memory.refetch()} />
  const { matches = [], before = null, drafted = null, tuning = [] } = memory.data ?? {}
  if (matches.length === 0 && before === null && tuning.length === 0 && !possible) return null
  const usable = page.alert.state === 'open' && may('alert.decide')
  return (
    <section className="card" aria-label="Memory">
      <h2>Memory</h2>
      {matches.map((match) => (
        <Match key={match.expectationId} match={match} />
      ))}
      {tuning.map((request) => (
        <TuningLine key={request.id} request={request} />
      ))}
      {before !== null && <Before before={before} />}
      {drafted !== null && usable && <Drafted drafted={drafted} draft={draft} />}
      {possible && (
        <Button size="compact-sm" variant="default" rightSection={<kbd>E</kbd>} onClick={remember}>
          Remember this
        </Button>
      )}
    </section>
  )
}

/** What people of ours say of its machine, account and addresses; below the decision, for it may be long. */
export function NotesCard({ page }: { readonly page: AlertPage }) {
  const may = useMay()
  const notes = useMemory(page.alert.id).data?.notes ?? []
  if (notes.length === 0 && !may('note.write')) return null
  return (
    <section className="card" aria-label="Notes">
      <h2>Notes</h2>
      <Notes named={abouts(page.alert)} alertId={page.alert.id} queryKey={['alert', page.alert.id]} notes={notes} />
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

/** A tuning request that was to end alerts like this one, and what the stream says of it. */
export function TuningLine({ request }: { readonly request: TuningRequest }) {
  return (
    <p>
      <Link to="/context/$part" params={{ part: 'tuning' }} search={{ q: `TR-${request.number}` }} className="mono">
        TR-{request.number}
      </Link>{' '}
      <span className={request.measured === 'lapsed' ? 'tag bad' : 'tag'}>{measuredWords[request.measured]}</span>{' '}
      {tuningSays(request)}
    </p>
  )
}

/** What is remembered of an alert. */
export function useMemory(id: string) {
  return useQuery({
    queryKey: ['alert', id, 'memory'],
    queryFn: () => call('GET /api/alerts/:id/memory', { params: { id } }),
  })
}

function Before({ before }: { readonly before: AnsweredBefore }) {
  return (
    <div className="stack tight">
      <div className="row wrap tight">
        <span className="tag accent">{before.answered === null ? 'Decided before' : 'Answered before'}</span>
        <Link to="/alerts/$id" params={{ id: before.alertId }} className="mono">
          A-{before.number}
        </Link>
        <span>{outcomeShort[before.outcome]}</span>
      </div>
      <p className="dim">
        The same question. {before.byName} decided <When at={before.at} ago />
        {before.answered === null ? ', and nothing was sent' : ', and the provider was told '}
        {before.answered !== null && <When at={before.answered.at} ago />}.
      </p>
    </div>
  )
}

/** Takes the remembered answer over: the outcome, the reason and what the same questions found this time. */
export function takeDrafted(drafted: DraftedAnswer, draft: DraftDecision): void {
  draft.take({ outcome: drafted.outcome, reason: drafted.reason, cites: drafted.cites })
}

function Drafted({ drafted, draft }: { readonly drafted: DraftedAnswer; readonly draft: DraftDecision }) {
  const from = drafted.expectation === null ? `A-${drafted.fromNumber}` : `E-${drafted.expectation}`
  return (
    <div className="stack tight">
      <details className="case-more">
        <summary>Its answer is drafted, from {from}</summary>
        <blockquote className="their-question pre">{drafted.text}</blockquote>
        <p className="dim">
          {drafted.cites.length === 0
            ? 'Nothing of this alert is cited for it yet: cite a row, or say that you decide without evidence.'
            : `Rests on ${plural(drafted.cites.length, 'row')} of this alert.`}
        </p>
      </details>
      <div>
        <Button size="compact-sm" rightSection={<kbd>A</kbd>} onClick={() => takeDrafted(drafted, draft)}>
          Take this answer
        </Button>
      </div>
    </div>
  )
}

/** What of an alert a note can be about. */
function abouts({ host, entity, account, source, destination }: AlertPage['alert']): string[] {
  const all = [host, entity, account, source, destination].flatMap((one) => (one === null ? [] : [one.toLowerCase()]))
  return [...new Set(all)]
}

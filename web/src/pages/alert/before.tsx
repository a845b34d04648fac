import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { AlertPage } from '../../../../src/contract/desk.ts'
import type { SimilarAlert } from '../../../../src/contract/similar.ts'
import type { Likeness, Outcome } from '../../../../src/model/triage.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { ordinal, outcomeShort, plural } from '../../words.ts'
import type { DraftDecision } from './draft-decision.ts'
import { TuningLine, useMemory } from './memory-card.tsx'

type Props = { readonly page: AlertPage; readonly draft: DraftDecision }

/** "7th time: 6 times benign trigger, once not decided", of the same rule about the same thing. */
export function beforeWords(history: AlertPage['history']): string {
  const counted = new Map<Outcome | null, number>()
  for (const { outcome } of history) counted.set(outcome, (counted.get(outcome) ?? 0) + 1)
  const parts = [...counted].map(([outcome, n]) => {
    const times = n === 1 ? 'once' : `${n} times`
    return `${times} ${outcome === null ? 'not decided' : outcomeShort[outcome].toLowerCase()}`
  })
  return `${ordinal(history.length + 1)} time: ${parts.join(', ')}`
}

/** The same rule about the same thing as a strip, and alerts that are like this one in another way, with how each was decided. */
export function Before({ page, draft }: Props) {
  const { alert } = page
  const similar = useQuery({
    queryKey: ['similar', alert.id],
    queryFn: () => call('GET /api/alerts/:id/similar', { params: { id: alert.id } }),
  })
  return (
    <section className="card" id="before" aria-label="Decided before">
      <h2>Decided before</h2>
      <Strip page={page} />
      {similar.data === undefined ? (
        similar.error === null ? (
          <Loading lines={4} />
        ) : (
          <ErrorState error={similar.error} retry={() => void similar.refetch()} />
        )
      ) : (
        <>
          {similar.data.rows.length === 0 && (
            <p className="dim">
              No decided alert shares its rule, {alert.entity === null ? '' : 'its subject, '}its question, its account
              or a rare observable.
            </p>
          )}
          {similar.data.rows.map((row) => (
            <Case key={row.id} row={row} page={page} draft={draft} />
          ))}
          {similar.data.tooCommon.length > 0 && (
            <p className="dim">
              Too many alerts name {similar.data.tooCommon.slice(0, 5).join(', ')}
              {similar.data.tooCommon.length > 5 && ' and others'}: not compared by.
            </p>
          )}
        </>
      )}
    </section>
  )
}

/** Marks of one strip; the newest of them are on the right. */
const stripMax = 24

function Strip({ page: { history, alert } }: { readonly page: AlertPage }) {
  if (alert.rule === null || alert.entity === null)
    return <p className="dim">The alert does not name a rule and a subject, so nothing is exactly the same.</p>
  if (history.length === 0) return <p className="dim">The first time that this rule fires about {alert.entity}.</p>
  return (
    <div className="strip">
      <span>{beforeWords(history)}</span>
      <ol aria-label="The same rule about the same thing, oldest first">
        {history
          .slice(0, stripMax)
          .toReversed()
          .map((row) => (
            <li key={row.id}>
              <Link
                to="/alerts/$id"
                params={{ id: row.id }}
                className={`mark-${row.outcome ?? 'open'}`}
                title={`A-${row.number}, ${row.receivedAt.slice(0, 10)}${row.reason === null ? '' : `: ${row.reason}`}`}
              >
                {row.outcome === null ? 'Not decided' : outcomeShort[row.outcome]}
              </Link>
            </li>
          ))}
      </ol>
      <OpenTuning alertId={alert.id} />
    </div>
  )
}

/** What the provider was asked to change, so that it need not come again. */
function OpenTuning({ alertId }: { readonly alertId: string }) {
  const { data } = useMemory(alertId)
  return data?.tuning.map((request) => <TuningLine key={request.id} request={request} />)
}

const likenessWords: Record<Likeness['kind'], string> = {
  rule: 'same rule',
  entity: 'same subject',
  question: 'same question',
  account: 'same account',
  observable: 'also',
}
const saidWords: Record<string, string> = {
  yes: 'it was me',
  no: 'it was not me',
  unsure: 'not sure',
  'not-me': 'not mine',
}

function Case({ row, page, draft }: Props & { readonly row: SimilarAlert }) {
  const may = useMay()
  const usable = page.alert.state === 'open' && may('alert.decide')
  return (
    <article className="case" aria-label={`A-${row.number}`}>
      <div className="row wrap tight">
        <Link to="/alerts/$id" params={{ id: row.id }} className="mono">
          A-{row.number}
        </Link>
        <span className="tag">{outcomeShort[row.outcome]}</span>
        <span className="dim">
          {row.by}, <When at={row.decidedAt} ago />
        </span>
        {row.because.map(({ kind, value }) => (
          <span key={`${kind} ${value}`} className="tag plain clip" title={`${likenessWords[kind]}: ${value}`}>
            {likenessWords[kind]}
            {kind === 'observable' && ` ${value}`}
          </span>
        ))}
      </div>
      <p className="pre">{row.reason}</p>
      <details className="case-more">
        <summary>
          {row.withoutEvidence ? 'Decided without evidence' : `Rested on ${plural(row.cited.length, 'citation')}`}
          {row.answered !== null && ' · answered the provider'}
          {row.said.length > 0 && ` · ${row.said.map(({ by }) => by).join(', ')} was asked`}
        </summary>
        <ul>
          {row.cited.map((one, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two answers may read alike
            <li key={index}>
              <span className="dim">{one.title}</span> {one.summary}
            </li>
          ))}
          {row.said.map(({ by, answer }) => (
            <li key={`${by} ${answer}`}>
              {by}: {saidWords[answer] ?? answer}
            </li>
          ))}
        </ul>
        {row.answered !== null && (
          <blockquote className="their-question pre">
            <Link to="/replies/$id" params={{ id: row.answered.replyId }}>
              Answered <When at={row.answered.at} ago />
            </Link>
            {`\n${row.answered.text}`}
          </blockquote>
        )}
      </details>
      {usable && (
        <Button size="compact-xs" variant="default" onClick={() => take(row, page, draft)}>
          Use this reason
        </Button>
      )}
    </article>
  )
}

/** The same outcome for the same reason, resting on what the same questions found this time; what they did not find is not cited. */
function take(row: SimilarAlert, page: AlertPage, draft: DraftDecision): void {
  const cites = row.cited.flatMap(({ question, kind }) => {
    const now = page.findings.find((one) => one.question === question && one.kind === kind)
    return now === undefined ? [] : [now.id]
  })
  draft.take({ outcome: row.outcome, reason: row.reason, cites })
}

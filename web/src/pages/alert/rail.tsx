import { Button, Checkbox, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import type { AlertPage, DecisionRow } from '../../../../src/contract/desk.ts'
import type { Outcome } from '../../../../src/model/triage.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { Problem } from '../../parts/states.tsx'
import { Suggestions } from '../../parts/suggestions.tsx'
import { When } from '../../parts/time.tsx'
import { outcomeSays, outcomeWords, plural, replyWords } from '../../words.ts'
import type { DraftDecision } from './draft-decision.ts'
import { MemoryCard, NotesCard } from './memory-card.tsx'

type Props = { readonly page: AlertPage; readonly draft: DraftDecision }

/** An answer is on its way or there: what it says cannot be taken back. */
export function isAnswered(page: AlertPage): boolean {
  return page.replies.some((reply) => ['held', 'sending', 'sent', 'unconfirmed'].includes(reply.state))
}

export function Rail({
  page,
  draft,
  early,
  remember,
}: Props & { readonly early: boolean; readonly remember: () => void }) {
  const may = useMay()
  const standing = page.decisions.find((decision) => decision.undoneAt === null)
  return (
    <aside className="rail stack" id="decide" aria-label="Decision">
      <ProposalCard page={page} draft={draft} early={early} />
      {!early && <MemoryCard page={page} draft={draft} remember={remember} />}
      {early && standing === undefined && may('alert.decide') && <Decide draft={draft} page={page} />}
      {early && <MemoryCard page={page} draft={draft} remember={remember} />}
      <Suggestions
        alertId={page.alert.id}
        take={
          // What it rests on, whoever decides looks at and cites themselves.
          standing === undefined
            ? ({ outcome, text }) => {
                if (outcome !== null) draft.choose(outcome)
                draft.setReason(text)
              }
            : undefined
        }
      />
      {standing !== undefined ? (
        <Standing decision={standing} draft={draft} page={page} />
      ) : may('alert.decide') ? (
        !early && <Decide draft={draft} page={page} />
      ) : (
        <ReadOnly />
      )}
      <ReplyCard page={page} decided={standing !== undefined} />
      <NotesCard page={page} />
      {page.decisions.some((decision) => decision.undoneAt !== null) && <Undone decisions={page.decisions} />}
    </aside>
  )
}

function ReadOnly() {
  return (
    <section className="card">
      <h2>Decision</h2>
      <p className="dim">Your role may look, and an analyst, a lead or an administrator decides.</p>
    </section>
  )
}

function ProposalCard({ page, draft, early }: Props & { readonly early: boolean }) {
  const proposal = page.judgement?.proposal
  if (proposal === undefined)
    return early ? (
      <section className="card proposal early">
        <h2>Nothing is proposed yet</h2>
        <p className="dim">The evidence is coming in.</p>
      </section>
    ) : null
  // Early it has a place of one height, and may scroll in it: also by keyboard.
  return (
    <section
      className={early ? 'card proposal early' : 'card proposal'}
      aria-label="What is proposed"
      tabIndex={early ? 0 : undefined}
    >
      <h2>
        {proposal.outcome === null ? 'No decision is proposed' : `Proposed: ${outcomeWords[proposal.outcome]}`}
        {proposal.outcome !== null && <span className="dim"> · {proposal.confidence} confidence</span>}
      </h2>
      <p>{proposal.sentence}</p>
      {proposal.outcome !== null && page.alert.state === 'open' && draft.outcome !== proposal.outcome && (
        <Button size="compact-sm" variant="default" rightSection={<kbd>P</kbd>} onClick={draft.propose}>
          Start from this
        </Button>
      )}
    </section>
  )
}

export const choices: readonly { readonly key: string; readonly outcome: Outcome; readonly label: string }[] = [
  { key: '1', outcome: 'incident', label: 'Incident' },
  { key: '2', outcome: 'minor-trouble', label: 'Minor trouble' },
  { key: '3', outcome: 'false-alarm-nothing', label: 'False alarm' },
  { key: '4', outcome: 'tune', label: 'Tune the rule' },
]
export const isFalseAlarm = (outcome: Outcome | null): boolean =>
  outcome === 'false-alarm-nothing' || outcome === 'false-alarm-benign'

function Decide({ draft, page }: Props) {
  const { outcome } = draft
  return (
    <section className="card">
      <h2>Decide</h2>
      <div className="choices" role="radiogroup" aria-label="Outcome">
        {choices.map((choice) => {
          const chosen = choice.outcome === outcome || (choice.key === '3' && isFalseAlarm(outcome))
          return (
            <button
              key={choice.key}
              type="button"
              role="radio"
              aria-checked={chosen}
              data-outcome={choice.outcome}
              onClick={() => draft.choose(choice.outcome)}
            >
              <kbd>{choice.key}</kbd>
              {choice.label}
            </button>
          )
        })}
      </div>
      {isFalseAlarm(outcome) && (
        <div className="split" role="radiogroup" aria-label="Which kind of false alarm">
          {(['false-alarm-nothing', 'false-alarm-benign'] as const).map((kind) => (
            <button
              key={kind}
              type="button"
              role="radio"
              aria-checked={outcome === kind}
              onClick={() => draft.choose(kind)}
            >
              {kind === 'false-alarm-nothing' ? 'Nothing happened' : 'Benign trigger'}
            </button>
          ))}
        </div>
      )}
      {outcome !== null && <p className="dim says">{outcomeSays[outcome]}</p>}
      <Textarea
        label="Why"
        autosize
        minRows={2}
        maxRows={8}
        maxLength={4000}
        value={draft.reason}
        onChange={(event) => draft.setReason(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && draft.ready && outcome !== null)
            draft.decide.mutate(outcome)
          if (event.key === 'Escape') event.currentTarget.blur()
        }}
      />
      <Cites draft={draft} page={page} />
      <Problem error={draft.decide.error} />
      <Button
        fullWidth
        disabled={!draft.ready}
        loading={draft.decide.isPending}
        onClick={() => outcome !== null && draft.decide.mutate(outcome)}
      >
        {outcome === null ? 'Choose an outcome' : `Decide: ${outcomeWords[outcome].split(':')[0]?.toLowerCase() ?? ''}`}
      </Button>
    </section>
  )
}

function Cites({ draft, page }: Props) {
  const cited = page.findings.filter((finding) => draft.cites.has(finding.id))
  return (
    <div className="stack tight">
      <div>
        <strong>{plural(cited.length, 'citation')}</strong>
        {cited.length === 0 && !draft.withoutEvidence && (
          <span className="dim"> · J and K move over the evidence, C cites</span>
        )}
      </div>
      <ul className="cites">
        {cited.map((finding) => (
          <li key={finding.id}>
            <button
              type="button"
              className="reason cited"
              title="Click to take it out"
              onClick={() => draft.cite(finding.id)}
            >
              {finding.title} {finding.summary}
            </button>
          </li>
        ))}
      </ul>
      {cited.length === 0 && (
        <Checkbox
          size="xs"
          label="I decide without evidence; the reason says why"
          checked={draft.withoutEvidence}
          onChange={(event) => draft.setWithoutEvidence(event.currentTarget.checked)}
        />
      )}
    </div>
  )
}

function Standing({
  decision,
  draft,
  page,
}: {
  readonly decision: DecisionRow
  readonly draft: DraftDecision
  readonly page: AlertPage
}) {
  const may = useMay()
  const sent = isAnswered(page)
  return (
    <section className="card standing">
      <h2>Decided</h2>
      <p className="decided">{outcomeWords[decision.outcome]}</p>
      <p className="pre">{decision.reason}</p>
      <p className="dim">
        {decision.byName}, <When at={decision.at} ago /> ·{' '}
        {decision.withoutEvidence ? 'decided without evidence' : plural(decision.cites.length, 'citation')}
      </p>
      {may('alert.decide') &&
        (sent ? (
          <p className="dim">An answer to the provider is on its way or sent, so this stands.</p>
        ) : (
          <Button
            size="compact-sm"
            variant="default"
            loading={draft.undo.isPending}
            onClick={() => draft.undo.mutate(decision.id)}
          >
            Take it back
          </Button>
        ))}
    </section>
  )
}

function ReplyCard({ page, decided }: { readonly page: AlertPage; readonly decided: boolean }) {
  const may = useMay()
  const navigate = useNavigate()
  const draft = useMutation({
    mutationFn: () => call('POST /api/alerts/:id/reply', { params: { id: page.alert.id } }),
    onSuccess: ({ replyId }) => navigate({ to: '/replies/$id', params: { id: replyId } }),
  })
  const open = page.replies.filter((reply) => reply.state !== 'cancelled')
  if (!decided && open.length === 0) return null
  return (
    <section className="card">
      <h2>Answer to {page.alert.providerName}</h2>
      {open.map((reply) => (
        <div key={reply.id} className="row between">
          <Link to="/replies/$id" params={{ id: reply.id }}>
            {reply.state === 'draft' ? 'Review the draft' : `Reply: ${replyWords[reply.state].toLowerCase()}`}
          </Link>
          <span className="dim">
            <When at={reply.sentAt ?? reply.createdAt} ago />
          </span>
        </div>
      ))}
      {open.length === 0 && (
        <>
          <p className="dim">There is no draft yet; the playbook makes one, or you do now.</p>
          <Problem error={draft.error} />
          {may('reply.write') && (
            <Button size="compact-sm" variant="default" loading={draft.isPending} onClick={() => draft.mutate()}>
              Draft the answer
            </Button>
          )}
        </>
      )}
    </section>
  )
}

function Undone({ decisions }: { readonly decisions: readonly DecisionRow[] }) {
  return (
    <section className="card">
      <h2>Taken back</h2>
      {decisions
        .filter((decision) => decision.undoneAt !== null)
        .map((decision) => (
          <p key={decision.id} className="dim">
            {outcomeWords[decision.outcome]}, {decision.byName}, <When at={decision.at} ago />: {decision.reason}
          </p>
        ))}
    </section>
  )
}

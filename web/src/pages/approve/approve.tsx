import { startAuthentication } from '@simplewebauthn/browser'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { ApprovalPage } from '../../../../src/contract/approvals.ts'
import { call } from '../../api.ts'
import { Talk } from '../../parts/approval-talk.tsx'
import { Mark } from '../../parts/icons.tsx'
import { Stale } from '../../parts/stale.tsx'
import { Loading } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { LinkProblem } from '../sign-in/link-problem.tsx'
import { Answers } from './answers.tsx'
import { ReleaseAnswers } from './release.tsx'
import './approve.css'

/** A receipt is complete once the ledger's tree has taken the record: a fifth of a second, seldom more. */
const receiptEveryMs = 1000

/** For whoever is asked to sign, on a phone. Opening the page changes nothing; the passkey is the second factor beside the link. */
export function ApprovePage() {
  const { token } = useParams({ from: '/approve/$token' })
  const shown = useQuery({
    queryKey: ['approve', token],
    queryFn: () => call('GET /api/approve/:token', { params: { token } }),
    retry: false,
    refetchInterval: ({ state }) =>
      state.data?.me.receipt?.ledgerIndex === null ? receiptEveryMs : state.data?.state === 'open' ? 15_000 : false,
  })
  if (shown.data === undefined) {
    if (shown.error === null) return <Loading />
    return <LinkProblem error={shown.error} retry={() => void shown.refetch()} />
  }
  const { approval, state } = shown.data
  return (
    <main className="approve">
      <Stale />
      <div className="approve-brand dim">
        <Mark size={20} /> Your approval is asked, {shown.data.me.name} (A-{approval.alertNumber})
      </div>
      <h1>{approval.what}</h1>
      <dl>
        <dt>About</dt>
        <dd>{approval.about}</dd>
        <dt>Why</dt>
        <dd>{approval.why}</dd>
        <dt>What changes</dt>
        <dd>{approval.changes}</dd>
        <dt>
          If nobody answers by <span title={utc(approval.expiresAt)}>{hourOf(approval.expiresAt)}</span> (
          <When at={approval.expiresAt} />)
        </dt>
        <dd>{approval.ifSilent}</dd>
      </dl>
      <Quorum page={shown.data} />
      <InWhosePlace page={shown.data} />
      <Talk talk={approval.talk} />
      {state !== 'open' ? (
        <Outcome page={shown.data} />
      ) : shown.data.release === null ? (
        <StepAnswers token={token} page={shown.data} />
      ) : (
        <ReleaseAnswers token={token} page={shown.data} release={shown.data.release} />
      )}
      <More page={shown.data} />
    </main>
  )
}

/** "14:05 CET" of today, else with the day; in the reader's own zone, which is named: whoever signs may be travelling. */
function hourOf(iso: string): string {
  const at = new Date(iso)
  const time = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' })
  // The day as it stands everywhere else: 2026-11-29.
  return at.toDateString() === new Date().toDateString() ? time : `${at.toLocaleDateString('sv')} ${time}`
}

function Quorum({ page }: { readonly page: ApprovalPage }) {
  return (
    <ol className="approve-places" aria-label="Who signs">
      {page.approval.places.map(({ title, quorum, signed, now }, place) => (
        <li key={title} aria-current={now ? 'step' : undefined}>
          {title}: {signed} of {quorum} signed{place === page.me.place ? ', you sign here' : ''}
          {place === page.me.place && page.me.standsFor !== null && ` for ${page.me.standsFor.name}`}
        </li>
      ))}
    </ol>
  )
}

/** For whom a deputy answers, who answers for whoever is away, and that one person signs twice: none of it goes without saying. */
function InWhosePlace({ page }: { readonly page: ApprovalPage }) {
  const { standsFor, standIn, alsoSigned, place } = page.me
  if (page.state !== 'open') return null
  const here = page.approval.places[place]?.title ?? ''
  return (
    <>
      {standsFor !== null && (
        <p role="note" className="approve-note">
          You are asked in place of {standsFor.name}, who{' '}
          {standsFor.away ? 'is away by the calendar' : 'handed it over'}. Your answer says so.
        </p>
      )}
      {standIn !== null && (
        <p role="note" className="approve-note">
          The calendar has you away, so {standIn} was asked in your place. The first answer of you two counts.
        </p>
      )}
      {alsoSigned.length > 0 && (
        <p role="note" className="approve-note">
          You signed this as {alsoSigned.join(' and ')} already, and too few others can sign as {here}. Your signature
          says that both are yours.
        </p>
      )}
    </>
  )
}

/** What a step of a run asks for: the passkey signs the yes or the no, on this page and with nothing else. */
function StepAnswers({ token, page }: { readonly token: string; readonly page: ApprovalPage }) {
  const sign = async (verdict: 'approve' | 'refuse', reason: string) => {
    const { options } = await call('POST /api/approve/:token/statement', {
      params: { token },
      body: { verdict, reason },
    })
    const response = await startAuthentication({ optionsJSON: options as never })
    await call('POST /api/approve/:token/signature', { params: { token }, body: { response: response as never } })
  }
  const noKey = page.me.passkeys === 0
  return (
    <Answers
      token={token}
      page={page}
      may={!noKey}
      note={noKey ? <NoPasskey /> : null}
      whyNot="Why not? It is signed with your answer."
      refuseWith="Refuse with my passkey"
      approve={() => sign('approve', '')}
      refuse={(reason) => sign('refuse', reason)}
    />
  )
}

function NoPasskey() {
  return (
    <div role="note" className="approve-note">
      You have no passkey here yet, and a link alone never makes one. <a href="/sign-in">Sign in</a> with password and
      one-time code, add a passkey under Settings, Me, then open this link again.
    </div>
  )
}

const outcomes: Readonly<Record<Exclude<ApprovalPage['state'], 'open'>, string>> = {
  signed: 'You have answered.',
  'handed-over': 'You handed this over to a deputy. There is nothing else to do.',
  later: 'It is not your turn yet: you get a mail when the place before you has signed.',
  over: 'This needs no answer any more.',
  expired: 'The time for this is over.',
  'not-allowed': 'You cannot sign this: you asked for it yourself, or your account may not sign.',
  counted: 'You signed this at another place already, and one person counts once: somebody else signs here.',
}
const ends: Readonly<Record<ApprovalPage['approval']['state'], string>> = {
  open: 'It still waits for others.',
  approved: 'It is approved.',
  refused: 'It is refused.',
  expired: 'Nobody answered in time, so the playbook went on as announced.',
  void: 'What was to be approved has changed since, so nothing was approved.',
}

const releaseEnds: typeof ends = {
  open: 'It still waits for somebody.',
  approved: 'It is released.',
  refused: 'It is refused, and back in its review.',
  expired: 'Nobody answered in time: nothing left, and the answer is back in its review.',
  void: 'The answer has changed since, so nothing left by it.',
}

function Outcome({ page }: { readonly page: ApprovalPage }) {
  const { receipt } = page.me
  const became = (page.release === null ? ends : releaseEnds)[page.approval.state]
  return (
    <section className="approve-note" role="status">
      <strong>{outcomes[page.state === 'open' ? 'over' : page.state]}</strong> {became}
      {receipt !== null && (
        <dl aria-label="Receipt">
          <dt>Your receipt</dt>
          <dd>
            {receipt.verdict === 'approve' ? 'Approved' : 'Refused'}
            {page.release === null ? ', signed ' : ', '}
            {utc(receipt.at)}
          </dd>
          <dt>Ledger</dt>
          <dd>{receipt.ledgerIndex === null ? 'being signed' : `record ${receipt.ledgerIndex}`}</dd>
        </dl>
      )}
    </section>
  )
}

function More({ page }: { readonly page: ApprovalPage }) {
  const { approval } = page
  const signed = approval.places.flatMap(({ title, seats }) =>
    seats.flatMap(({ userId, name, standsFor, verdict, reason, signedAt }) =>
      verdict === null || signedAt === null
        ? []
        : [
            {
              key: `${title} ${userId}`,
              says: `${name} (${title}${standsFor === null ? '' : `, for ${standsFor}`}): ${verdict === 'approve' ? 'approved' : `refused, ${reason}`}`,
              at: signedAt,
            },
          ],
    ),
  )
  return (
    <details className="approve-more">
      <summary>Alternatives, rule, and what exactly is signed</summary>
      <dl>
        {approval.alternatives.length > 0 && (
          <>
            <dt>What else could be done</dt>
            <dd>{approval.alternatives.join('; ')}</dd>
          </>
        )}
        {signed.map(({ key, says, at }) => (
          <div key={key}>
            <dt>
              Signed <When at={at} ago />
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
        <dt>Rule</dt>
        <dd>{approval.rule}</dd>
        <dt>Asked</dt>
        <dd>
          <When at={approval.askedAt} ago />, ends {utc(approval.expiresAt)}
        </dd>
        <dt>{page.release === null ? 'SHA-256 of the action' : 'SHA-256 of the mail that leaves'}</dt>
        <dd className="mono approve-digest">{page.release?.sha256 ?? approval.subjectSha256}</dd>
      </dl>
    </details>
  )
}

import { Button, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { ReplyPage } from '../../../../src/contract/answer.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { TalkAndAnswer } from '../../parts/approval-talk.tsx'
import { LockIcon } from '../../parts/icons.tsx'
import { useKeys } from '../../parts/keys.ts'
import { Problem } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { plural } from '../../words.ts'
import { passkeyProblem } from '../sign-in/passkey-problem.ts'
import type { Review } from './review.ts'
import { signRelease } from './sign-release.ts'

type Props = { readonly page: ReplyPage; readonly review: Review }

/** Where the reply stands: what may be done with it now, or the receipt. */
export function Outcome({ page, review }: Props) {
  const { state } = page.reply
  if (page.first !== null && state === 'draft') return <Second page={page} first={page.first} />
  if (state === 'draft') return <Release page={page} review={review} />
  if (state === 'held') return <Held page={page} />
  if (state === 'unconfirmed') return <Settle page={page} />
  return <Receipt page={page} />
}

function useReplyCall(id: string) {
  const client = useQueryClient()
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ['reply', id] }),
      client.invalidateQueries({ queryKey: ['queue'] }),
    ])
}

function Release({ page, review }: Props) {
  const { reply, provider, holdSeconds, mayRelease, twoBecause } = page
  const after = useReplyCall(reply.id)
  const release = useMutation({
    mutationFn: () =>
      call('POST /api/replies/:id/release', {
        params: { id: reply.id },
        body: {
          version: review.version(),
          through: throughOf(page),
        },
      }),
    onSettled: after,
  })
  const left = review.open.length
  const blockedFiles = page.files.filter((file) => file.kind === 'blocked').length
  const sign = useSignature(page, review.version)
  // Where two must, whoever has a passkey signs what they hand to the second person.
  const bySignature = twoBecause.length > 0 && page.signing.passkeys > 0
  const missing = twoBecause.length > 0 && !page.signing.clickIsEnough && page.signing.passkeys === 0
  const cannotTravel = page.protection.state === 'blocked'
  const releasable =
    left === 0 &&
    !cannotTravel &&
    !missing &&
    blockedFiles === 0 &&
    mayRelease &&
    !review.judge.isPending &&
    !release.isPending &&
    !sign.isPending
  const go = () => (bySignature ? sign.mutate() : release.mutate())
  useKeys({ 'shift+R': () => (releasable ? go() : review.jump()) })
  return (
    <section className="card pane">
      <div className="pane-head">
        <h2>Release</h2>
      </div>
      {left > 0 ? (
        <Button fullWidth variant="default" leftSection={<LockIcon />} onClick={review.jump}>
          {left} of {review.spans.length} left to review
        </Button>
      ) : (
        <Button
          fullWidth
          disabled={!mayRelease || missing || blockedFiles > 0 || cannotTravel || review.judge.isPending}
          loading={release.isPending || sign.isPending}
          rightSection={<kbd>Shift+R</kbd>}
          onClick={go}
        >
          {twoBecause.length > 0
            ? bySignature
              ? 'Sign, and ask a second person'
              : 'Release, and ask a second person'
            : provider.dryRun
              ? 'Release as a dry run'
              : `Release to ${provider.name}`}
        </Button>
      )}
      {left === 0 && bySignature && page.signing.clickIsEnough && (
        <Button fullWidth variant="default" disabled={!releasable} onClick={() => release.mutate()}>
          Release without a signature
        </Button>
      )}
      {left === 0 && twoBecause.length > 0 && <HowItIsSigned page={page} />}
      {blockedFiles > 0 && (
        <p className="notice">
          {plural(blockedFiles, 'file')} cannot leave: take out what is blocked, then it can be released.
        </p>
      )}
      {cannotTravel && (
        <p className="notice">
          {page.protection.says} {page.protection.next}
        </p>
      )}
      {left === 0 && twoBecause.length > 0 && (
        <p className="notice">
          A second person must release it too, because {twoBecause.join(', and ')}. They have{' '}
          {plural(page.secondHours, 'hour')}; then nothing leaves, and it is back in this review.
        </p>
      )}
      <Problem error={release.error ?? sign.error} />
      <p className="dim">
        {mayRelease
          ? provider.dryRun
            ? 'It is made and kept, and not sent: this provider is not switched live.'
            : `It is held for ${plural(holdSeconds, 'second')}, in which you can take it back, then ${page.api === null ? 'mailed' : 'told'} once.`
          : 'Your role may look; somebody who may release must do it.'}
      </p>
    </section>
  )
}

/** One person released it; another one looks at the same bytes and says yes, with their passkey, or no. */
function Second({ page, first }: { readonly page: ReplyPage; readonly first: NonNullable<ReplyPage['first']> }) {
  const { reply, provider, mayRelease, signing } = page
  const after = useReplyCall(reply.id)
  const [why, setWhy] = useState('')
  const say = useMutation({
    mutationFn: (yes: boolean) =>
      call('POST /api/replies/:id/second', {
        params: { id: reply.id },
        body: { digest: reply.digest ?? '', yes, why },
      }),
    onSettled: after,
  })
  const sign = useSignature(page, () => reply.version)
  const where = provider.dryRun ? 'as a dry run' : `to ${provider.name}`
  const bySignature = signing.passkeys > 0
  return (
    <section className="card pane" aria-label="Second person">
      <div className="pane-head">
        <h2>Waits for a second person</h2>
      </div>
      <p>
        {first.byName} released it <When at={first.at} ago />
        {page.signatures.some(({ part }) => part === 'first') && ', signed with a passkey'}. One is not enough, because{' '}
        {first.because.join(', and ')}.
      </p>
      <p className="dim">
        These exact bytes: <span className="mono digest">{reply.digest}</span>
      </p>
      <p className={page.asked === null ? 'notice' : 'dim'}>
        {page.asked === null ? (
          'Nobody was asked: nobody else here may release. An administrator gives somebody a role that may (Settings, Users).'
        ) : (
          <>
            Asked: {page.asked.names.join(', ')}. If nobody answers by <When at={page.asked.expiresAt} />, nothing
            leaves and it goes back to the review.
          </>
        )}
      </p>
      {page.asked !== null && (
        <TalkAndAnswer approvalId={page.asked.id} talk={page.asked.talk} refresh={['reply', reply.id]} />
      )}
      {mayRelease && (
        <>
          {bySignature && (
            <Button fullWidth disabled={first.mine} loading={sign.isPending} onClick={() => sign.mutate()}>
              {provider.dryRun ? 'Sign, as a dry run' : 'Sign and release it too'}
            </Button>
          )}
          {(!bySignature || signing.clickIsEnough) && (
            <Button
              fullWidth
              variant={bySignature ? 'default' : 'filled'}
              disabled={first.mine || !signing.clickIsEnough}
              loading={say.isPending}
              onClick={() => say.mutate(true)}
            >
              {bySignature ? 'Release it without a signature' : `Release it too, ${where}`}
            </Button>
          )}
          {first.mine ? (
            <p className="dim">You released it first: somebody else must look at it.</p>
          ) : (
            <HowItIsSigned page={page} />
          )}
          <Textarea
            label={first.mine ? 'Why you take it back' : 'Or why it shall not leave like this'}
            autosize
            minRows={2}
            value={why}
            onChange={(event) => setWhy(event.currentTarget.value)}
          />
          <Button variant="default" disabled={why.trim() === ''} onClick={() => say.mutate(false)}>
            {first.mine ? 'Back to the review' : 'Refuse, back to the review'}
          </Button>
        </>
      )}
      <Problem error={say.error ?? sign.error} />
    </section>
  )
}

/** Statement, passkey, answer: the release of exactly what the page shows. */
/** Which way the page says that it goes. */
const throughOf = ({ api }: ReplyPage): string | null => (api === null ? null : `${api.system}/${api.ticket}`)

function useSignature(page: ReplyPage, version: () => number) {
  const { id, digest } = page.reply
  const after = useReplyCall(id)
  return useMutation({
    mutationFn: async () => {
      try {
        await signRelease(id, {
          version: version(),
          digest: page.first === null ? null : digest,
          through: throughOf(page),
        })
      } catch (caught) {
        throw passkeyProblem(caught)
      }
    },
    onSettled: after,
  })
}

/** What the passkey signs; or that there is none, what that means and what to do. */
function HowItIsSigned({ page }: { readonly page: ReplyPage }) {
  const { signing, reply, files } = page
  if (signing.passkeys > 0)
    return (
      <p className="dim">
        Your passkey signs who you are,{' '}
        {page.api === null
          ? `the SHA-256 of the mail, of its text and of each file (${files.length + 1} with the machine-readable one), the recipients (${reply.to.join(', ')})`
          : `the SHA-256 of what their system is told, and of its text, the ticket (${page.api.ticket})`}
        , the rule and the time. It is kept in the ledger, and an auditor can check it without us.
      </p>
    )
  return (
    <p className="notice">
      {signing.clickIsEnough
        ? 'You have no passkey here: your click stands in the ledger, and nobody can check it without trusting us. '
        : 'It counts only with a signature, and you have no passkey here. '}
      <a href="/settings/me">Add a passkey under Settings, Me</a>, then sign.
    </p>
  )
}

function Held({ page }: { readonly page: ReplyPage }) {
  const { reply } = page
  const after = useReplyCall(reply.id)
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [])
  const cancel = useMutation({
    mutationFn: () => call('POST /api/replies/:id/cancel', { params: { id: reply.id } }),
    onSettled: after,
  })
  useKeys({ z: () => !cancel.isPending && cancel.mutate() })
  const left = reply.holdUntil === null ? 0 : Math.max(0, Math.ceil((Date.parse(reply.holdUntil) - now) / 1000))
  return (
    <section className="card pane held" role="status">
      <div className="pane-head">
        <h2>{left > 0 ? `Leaves in ${plural(left, 'second')}` : 'Leaving now'}</h2>
      </div>
      <p className="dim">
        Released by {page.releasedByName ?? 'somebody'}. These exact bytes:{' '}
        <span className="mono digest">{reply.digest}</span>
      </p>
      <Problem error={cancel.error} />
      <Button
        fullWidth
        color="red"
        variant="outline"
        disabled={left === 0}
        loading={cancel.isPending}
        rightSection={<kbd>Z</kbd>}
        onClick={() => cancel.mutate()}
      >
        Take it back
      </Button>
    </section>
  )
}

function Settle({ page }: { readonly page: ReplyPage }) {
  const { reply } = page
  const may = useMay()
  const after = useReplyCall(reply.id)
  const [reason, setReason] = useState('')
  const settle = useMutation({
    mutationFn: (arrived: boolean) =>
      call('POST /api/replies/:id/settle', { params: { id: reply.id }, body: { arrived, reason } }),
    onSettled: after,
  })
  return (
    <section className="card pane">
      <div className="pane-head">
        <h2>Nobody can know whether it arrived</h2>
      </div>
      {page.api === null ? (
        <p>
          The bytes were handed to the mail server and its answer did not come back. It is not sent again by itself.
          Look into the mailbox that gets copies, or ask them for Message-ID{' '}
          <span className="mono digest">{reply.messageId}</span>.
        </p>
      ) : (
        <p>
          {page.api.title} was told and gave no answer. It is looked for there, and not told again by itself. Look into
          ticket <span className="mono">{page.api.ticket}</span>: is our comment there?
        </p>
      )}
      <Textarea
        label="How you know"
        autosize
        minRows={2}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <Problem error={settle.error} />
      {may('reply.release') && (
        <div className="row">
          <Button disabled={reason.trim() === ''} onClick={() => settle.mutate(true)}>
            It arrived
          </Button>
          <Button variant="default" disabled={reason.trim() === ''} onClick={() => settle.mutate(false)}>
            It did not
          </Button>
        </div>
      )}
    </section>
  )
}

const titles = {
  sending: 'Leaving now',
  sent: 'Sent, once',
  failed: 'Refused for good',
  'dry-run': 'Dry run: made, kept, not sent',
  cancelled: 'Taken back in time',
} as const

function Receipt({ page }: { readonly page: ReplyPage }) {
  const { reply, releasedByName } = page
  const title = titles[reply.state as keyof typeof titles]
  return (
    <section className={`card pane receipt ${reply.state}`} aria-label="Receipt">
      <div className="pane-head">
        <h2>{title}</h2>
      </div>
      <dl className="kv">
        {reply.sentAt !== null && (
          <>
            <dt>Sent</dt>
            <dd>
              {utc(reply.sentAt)} (<When at={reply.sentAt} ago />)
            </dd>
          </>
        )}
        <dt>Released by</dt>
        <dd>
          {page.first !== null && `${page.first.byName} first, then `}
          {releasedByName ?? 'nobody'}
        </dd>
        {page.signatures.length > 0 && (
          <>
            <dt>Signed with a passkey</dt>
            <dd>{page.signatures.map(({ part, byName }) => `${byName} (${part} release)`).join(', ')}</dd>
          </>
        )}
        {page.api === null && (
          <>
            <dt>Message-ID</dt>
            <dd className="mono digest">{reply.messageId}</dd>
          </>
        )}
        {reply.digest !== null && (
          <>
            <dt>SHA-256</dt>
            <dd className="mono digest">{reply.digest}</dd>
          </>
        )}
        {reply.receipt !== null && (
          <>
            <dt>{page.api === null ? 'Their server' : 'Their system'}</dt>
            <dd className="mono digest">{reply.receipt}</dd>
          </>
        )}
        <dt>Ledger</dt>
        <dd>
          <a href={`/ledger?subject=${encodeURIComponent(`reply:${reply.id}`)}`}>
            {page.ledgerIndex === null ? 'Its records' : `No. ${page.ledgerIndex}, and its other records`}
          </a>
        </dd>
      </dl>
    </section>
  )
}

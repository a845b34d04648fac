import { Button, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { ReplyPage } from '../../../../src/contract/answer.ts'
import { call } from '../../api.ts'
import { useMay } from '../../me.ts'
import { LockIcon } from '../../parts/icons.tsx'
import { useKeys } from '../../parts/keys.ts'
import { Problem } from '../../parts/states.tsx'
import { utc, When } from '../../parts/time.tsx'
import { plural } from '../../words.ts'
import type { Review } from './review.ts'

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
      call('POST /api/replies/:id/release', { params: { id: reply.id }, body: { version: review.version() } }),
    onSettled: after,
  })
  const left = review.open.length
  const blockedFiles = page.files.filter((file) => file.kind === 'blocked').length
  const releasable = left === 0 && blockedFiles === 0 && mayRelease && !review.judge.isPending && !release.isPending
  useKeys({ 'shift+R': () => (releasable ? release.mutate() : review.jump()) })
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
          disabled={!mayRelease || blockedFiles > 0 || review.judge.isPending}
          loading={release.isPending}
          rightSection={<kbd>Shift+R</kbd>}
          onClick={() => release.mutate()}
        >
          {twoBecause.length > 0
            ? 'Release, and ask a second person'
            : provider.dryRun
              ? 'Release as a dry run'
              : `Release to ${provider.name}`}
        </Button>
      )}
      {blockedFiles > 0 && (
        <p className="notice">
          {plural(blockedFiles, 'file')} cannot leave: take out what is blocked, then it can be released.
        </p>
      )}
      {left === 0 && twoBecause.length > 0 && (
        <p className="notice">A second person must release it too, because {twoBecause.join(', and ')}.</p>
      )}
      <Problem error={release.error} />
      <p className="dim">
        {mayRelease
          ? provider.dryRun
            ? 'It is made and kept, and not sent: this provider is not switched live.'
            : `It is held for ${plural(holdSeconds, 'second')}, in which you can take it back, then mailed once.`
          : 'Your role may look; somebody who may release must do it.'}
      </p>
    </section>
  )
}

/** One person released it; another one looks at the same bytes and says yes or no. */
function Second({ page, first }: { readonly page: ReplyPage; readonly first: NonNullable<ReplyPage['first']> }) {
  const { reply, provider, mayRelease } = page
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
  return (
    <section className="card pane" aria-label="Second person">
      <div className="pane-head">
        <h2>Waits for a second person</h2>
      </div>
      <p>
        {first.byName} released it <When at={first.at} ago />. One is not enough, because {first.because.join(', and ')}
        .
      </p>
      <p className="dim">
        These exact bytes: <span className="mono digest">{reply.digest}</span>
      </p>
      {mayRelease && (
        <>
          <Button fullWidth disabled={first.mine} loading={say.isPending} onClick={() => say.mutate(true)}>
            {provider.dryRun ? 'Release it too, as a dry run' : `Release it too, to ${provider.name}`}
          </Button>
          {first.mine && <p className="dim">You released it first: somebody else must look at it.</p>}
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
      <Problem error={say.error} />
    </section>
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
      <p>
        The bytes were handed to the mail server and its answer did not come back. It is not sent again by itself. Look
        into the mailbox that gets copies, or ask them for Message-ID{' '}
        <span className="mono digest">{reply.messageId}</span>.
      </p>
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
        <dd>{releasedByName ?? 'nobody'}</dd>
        <dt>Message-ID</dt>
        <dd className="mono digest">{reply.messageId}</dd>
        {reply.digest !== null && (
          <>
            <dt>SHA-256</dt>
            <dd className="mono digest">{reply.digest}</dd>
          </>
        )}
        {reply.receipt !== null && (
          <>
            <dt>Their server</dt>
            <dd className="mono digest">{reply.receipt}</dd>
          </>
        )}
        <dt>Ledger</dt>
        <dd>
          <a href={`/ledger?subject=${encodeURIComponent(`reply:${reply.id}`)}`}>
            {page.ledgerIndex === null ? 'Its records' : `No. ${page.ledgerIndex + 1}, and its other records`}
          </a>
        </dd>
      </dl>
    </section>
  )
}

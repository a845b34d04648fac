import { Button } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReplyPage } from '../../../../src/contract/answer.ts'
import type { ApprovalPage } from '../../../../src/contract/approvals.ts'
import { call } from '../../api.ts'
import { meQuery } from '../../me.ts'
import { Talk } from '../../parts/approval-talk.tsx'
import { ErrorState, Loading, Problem } from '../../parts/states.tsx'
import { bytesWords, plural } from '../../words.ts'
import { signRelease } from '../reply/sign-release.ts'
import { signInByPasskey } from '../sign-in/by-passkey.ts'
import { passkeyProblem } from '../sign-in/passkey-problem.ts'
import { Answers } from './answers.tsx'

type Release = NonNullable<ApprovalPage['release']>

/**
 * An answer that waits for its second release. The link alone tells who is asked for what; its words, and the yes and the no, are for the
 * person themselves, signed in.
 */
export function ReleaseAnswers({
  token,
  page,
  release,
}: {
  readonly token: string
  readonly page: ApprovalPage
  readonly release: Release
}) {
  const { replyId, sha256 } = release
  const me = useQuery(meQuery)
  const isMe = me.data?.user.id === page.me.userId
  const reply = useQuery({
    queryKey: ['reply', replyId],
    queryFn: () => call('GET /api/replies/:id', { params: { id: replyId } }),
    enabled: isMe,
    retry: false,
  })
  const seen = isMe ? reply.data : undefined
  const signing = seen?.signing
  const second = (yes: boolean, why: string) =>
    call('POST /api/replies/:id/second', { params: { id: replyId }, body: { digest: sha256, yes, why } })
  const approve = async () => {
    if (seen === undefined) return
    if (seen.signing.passkeys > 0) await signRelease(replyId, { version: seen.reply.version, digest: sha256 })
    else await second(true, '')
  }
  return (
    <>
      <Talk talk={seen?.asked?.talk ?? []} />
      <Answers
        token={token}
        page={page}
        may={signing !== undefined && (signing.passkeys > 0 || signing.clickIsEnough)}
        note={
          me.isPending ? null : <Who page={page} nameNow={me.data?.user.name ?? null} isMe={isMe} signing={signing} />
        }
        whyNot="Why shall it not leave? Whoever released it first reads it."
        refuseWith="Refuse it"
        approve={approve}
        refuse={(why) => second(false, why)}
      />
      {isMe && reply.error !== null && <ErrorState error={reply.error} retry={() => void reply.refetch()} />}
      {seen !== undefined && <WhatLeaves release={release} />}
    </>
  )
}

/** Who looks, and what is missing for their word to count. */
function Who({
  page,
  nameNow,
  isMe,
  signing,
}: {
  readonly page: ApprovalPage
  readonly nameNow: string | null
  readonly isMe: boolean
  readonly signing: ReplyPage['signing'] | undefined
}) {
  const client = useQueryClient()
  const enter = useMutation({
    mutationFn: signInByPasskey,
    // Nothing of whoever was here before stays.
    onSuccess: () => client.resetQueries(),
  })
  if (isMe) {
    if (signing === undefined || signing.passkeys > 0) return null
    return (
      <div role="note" className="approve-note">
        {signing.clickIsEnough
          ? 'You have no passkey here: your yes is a click, which stands in the ledger, and nobody can check it without trusting us. '
          : 'Your yes counts only as a signature, and you have no passkey here. '}
        <a href="/settings/me">Add a passkey under Settings, Me</a>, then open this link again.
      </div>
    )
  }
  return (
    <div role="note" className="approve-note">
      {nameNow === null
        ? 'Sign in to read the answer, and to approve or refuse it.'
        : `You are signed in as ${nameNow}; this link is for ${page.me.name}.`}
      <div className="approve-pair">
        {page.me.passkeys > 0 && (
          <Button variant="light" loading={enter.isPending} onClick={() => enter.mutate()}>
            By passkey
          </Button>
        )}
        <Button component="a" variant="default" href="/sign-in">
          Another way
        </Button>
      </div>
      <Problem error={enter.error === null ? null : passkeyProblem(enter.error)} />
    </div>
  )
}

/** Word for word what their people would read, with what goes along. */
function WhatLeaves({ release }: { readonly release: Release }) {
  const { replyId, to, files, sizeBytes } = release
  const preview = useQuery({
    queryKey: ['preview', replyId],
    queryFn: () => call('GET /api/replies/:id/preview', { params: { id: replyId } }),
  })
  return (
    <section className="approve-leaves" aria-label="What leaves">
      <h2>What leaves</h2>
      {preview.data === undefined ? (
        preview.error === null ? (
          <Loading />
        ) : (
          <ErrorState error={preview.error} retry={() => void preview.refetch()} />
        )
      ) : (
        <>
          <p className="dim">
            To {to.join(', ')}, subject: {preview.data.subject}
          </p>
          <div className="approve-text" dir="auto">
            {preview.data.text}
          </div>
        </>
      )}
      <p className="dim">
        {bytesWords(sizeBytes)} with {plural(files, 'file')}.{' '}
        <Link to="/replies/$id" params={{ id: replyId }}>
          Its files, and all bytes
        </Link>
      </p>
    </section>
  )
}

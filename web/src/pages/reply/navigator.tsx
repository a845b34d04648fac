import { Button, TextInput } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import type { ReplyPage } from '../../../../src/contract/answer.ts'
import type { SensitiveSpan } from '../../../../src/model/reply.ts'
import { CheckIcon } from '../../parts/icons.tsx'
import { Problem } from '../../parts/states.tsx'
import { classWords } from '../../words.ts'
import { hasPseudonym, type Place, type Review } from './review.ts'

export function Navigator({ page, review }: { readonly page: ReplyPage; readonly review: Review }) {
  const { spans, open, current } = review
  const done = spans.length - open.length
  return (
    <section className="card pane" aria-label="Sensitive places">
      <div className="pane-head">
        <h2>Sensitive places</h2>
        <span className="dim">
          {done} of {spans.length} reviewed
        </span>
      </div>
      <div
        className="progress"
        role="progressbar"
        aria-label="Reviewed"
        aria-valuemin={0}
        aria-valuemax={spans.length}
        aria-valuenow={done}
      >
        <i style={{ width: spans.length === 0 ? '100%' : `${(done / spans.length) * 100}%` }} />
      </div>
      {spans.length === 0 && <p className="dim">Nothing sensitive was found. Read the text once all the same.</p>}
      {current !== null && (
        <Current
          span={current}
          review={review}
          mayShare={page.provider.mayShare}
          block={page.blocked[current.id] ?? null}
        />
      )}
      <Problem error={review.judge.error} />
      <ol className="spans" data-scrolls tabIndex={-1}>
        {spans.map((span) => (
          <li key={span.id}>
            <button
              type="button"
              className={span.id === current?.id ? 'span-row on' : 'span-row'}
              aria-current={span.id === current?.id}
              onClick={() => review.select(span.id)}
            >
              <span className="dim">{classWords[span.class]}</span>
              <span className="mono clip" title={span.file?.name}>
                {span.file !== undefined && <span className="dim">{span.file.name}: </span>}
                {span.text}
              </span>
              <Verdict span={span} />
            </button>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Verdict({ span }: { readonly span: SensitiveSpan }) {
  if (span.verdict === null) return <span className="tag warn">Review</span>
  const words = { redact: 'Redacted', keep: 'Kept', pseudonym: span.pseudonym ?? 'Pseudonym' }
  return (
    <span className={span.verdict === 'keep' ? 'tag' : 'tag good'} title={span.keepReason ?? undefined}>
      <CheckIcon size={12} />
      {words[span.verdict]}
    </span>
  )
}

function Current({
  span,
  review,
  mayShare,
  block,
}: {
  readonly span: Place
  readonly review: Review
  readonly mayShare: readonly string[]
  readonly block: { readonly why: string; readonly next: string } | null
}) {
  const { editable, asksReason, setAsksReason, give } = review
  return (
    <div className="current">
      {span.file !== undefined && <div className="dim">In the file {span.file.name}</div>}
      <div className="mono current-text">
        {span.before !== undefined && <span className="dim around">{span.before}</span>}
        {span.text}
        {span.after !== undefined && <span className="dim around">{span.after}</span>}
      </div>
      <div>
        <strong>{classWords[span.class]}</strong>{' '}
        <span className="dim">
          · {span.reason} · {Math.round(span.confidence * 100)} % sure
        </span>
      </div>
      {block !== null && (
        <div className="notice">
          <strong>Blocked.</strong> {block.why} {block.next}
        </div>
      )}
      {block === null && mayShare.includes(span.class) && (
        <div className="dim">The agreement allows this class to be shared.</div>
      )}
      {span.keepReason !== null && <div className="dim">Kept because: {span.keepReason}</div>}
      {editable && (
        <div className="row wrap verdicts">
          {span.isFixed !== true && (
            <Button
              size="compact-sm"
              variant={span.verdict === 'redact' ? 'filled' : 'default'}
              onClick={() => give('redact')}
              leftSection={<kbd>Y</kbd>}
            >
              Redact
            </Button>
          )}
          {span.isFixed !== true && hasPseudonym[span.class] && (
            <Button
              size="compact-sm"
              variant={span.verdict === 'pseudonym' ? 'filled' : 'default'}
              onClick={() => give('pseudonym')}
              leftSection={<kbd>S</kbd>}
            >
              Pseudonym
            </Button>
          )}
          <Button
            size="compact-sm"
            variant={span.verdict === 'keep' ? 'filled' : 'default'}
            disabled={block !== null}
            onClick={() => setAsksReason(true)}
            leftSection={<kbd>N</kbd>}
          >
            Keep
          </Button>
          {span.isFixed !== true && (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => give('redact', { alike: true })}
              leftSection={<kbd>⇧Y</kbd>}
            >
              Redact all like this
            </Button>
          )}
          {span.file !== undefined && (
            <Button
              size="compact-sm"
              variant="default"
              loading={review.takeOut.isPending}
              onClick={() => span.file !== undefined && review.takeOut.mutate(span.file.id)}
              leftSection={<kbd>X</kbd>}
            >
              Take the file out
            </Button>
          )}
        </div>
      )}
      {asksReason && <KeepReason review={review} />}
    </div>
  )
}

function KeepReason({ review }: { readonly review: Review }) {
  const [reason, setReason] = useState('')
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => input.current?.focus(), [])
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault()
        if (reason.trim() !== '') review.give('keep', { keepReason: reason.trim() })
      }}
    >
      <TextInput
        ref={input}
        size="xs"
        className="grow"
        aria-label="Why this may leave as it is"
        placeholder="Why this may leave as it is"
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && review.setAsksReason(false)}
      />
      <Button size="xs" type="submit" disabled={reason.trim() === ''}>
        Keep it
      </Button>
    </form>
  )
}

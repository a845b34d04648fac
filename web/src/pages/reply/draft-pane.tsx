import { Button, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import type { ReplyPage } from '../../../../src/contract/answer.ts'
import { call } from '../../api.ts'
import { Problem } from '../../parts/states.tsx'
import { classWords } from '../../words.ts'
import type { Review } from './review.ts'

/** The draft with its sensitive places, or the draft to be edited. */
export function DraftPane({ page, review }: { readonly page: ReplyPage; readonly review: Review }) {
  const { reply } = page
  const client = useQueryClient()
  const [text, setText] = useState<string | null>(null)
  const save = useMutation({
    mutationFn: (changed: string) =>
      call('POST /api/replies/:id/text', {
        params: { id: reply.id },
        body: { text: changed, version: review.version() },
      }),
    onSuccess: () => setText(null),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ['reply', reply.id] }),
        client.invalidateQueries({ queryKey: ['preview', reply.id] }),
      ]),
  })
  return (
    <section className="card pane" aria-label="Draft">
      <div className="pane-head">
        <h2>Draft, as we know it</h2>
        {review.editable && text === null && (
          <Button size="compact-xs" variant="default" onClick={() => setText(reply.text)}>
            Edit the text
          </Button>
        )}
      </div>
      {text === null ? (
        <div className="letter-text scrolls" data-scrolls tabIndex={0}>
          <Marked page={page} review={review} />
        </div>
      ) : (
        <div className="stack">
          <Textarea
            aria-label="Text of the answer"
            autosize
            minRows={14}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Problem error={save.error} />
          <div className="row">
            <Button size="compact-sm" loading={save.isPending} onClick={() => save.mutate(text)}>
              Save and look for sensitive places
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setText(null)}>
              Leave it as it was
            </Button>
          </div>
          <p className="dim">After a change the sensitive places are found anew.</p>
        </div>
      )}
    </section>
  )
}

function Marked({ page, review }: { readonly page: ReplyPage; readonly review: Review }) {
  const { text } = page.reply
  const pieces: ReactNode[] = []
  let at = 0
  for (const span of [...page.reply.spans].sort((a, b) => a.start - b.start)) {
    if (span.start < at || span.end > text.length) continue
    pieces.push(text.slice(at, span.start))
    const state = span.verdict ?? 'open'
    pieces.push(
      <button
        key={span.id}
        type="button"
        className={`sensitive ${state}${review.current?.id === span.id ? ' on' : ''}`}
        title={`${classWords[span.class]}: ${span.reason}`}
        onClick={() => review.select(span.id)}
      >
        {text.slice(span.start, span.end)}
      </button>,
    )
    at = span.end
  }
  pieces.push(text.slice(at))
  return <>{pieces}</>
}

import { SegmentedControl } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReplyPage } from '../../../../src/contract/answer.ts'
import { call } from '../../api.ts'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { bytesWords, plural } from '../../words.ts'

/** Exactly what leaves: as a person reads it, or the very bytes. */
export function LeavesPane({ page }: { readonly page: ReplyPage }) {
  const [view, setView] = useState<'text' | 'mime'>('text')
  const preview = useQuery({
    queryKey: ['preview', page.reply.id],
    queryFn: () => call('GET /api/replies/:id/preview', { params: { id: page.reply.id } }),
    placeholderData: keepPreviousData,
  })
  return (
    <section className="card pane" aria-label="Exactly what leaves">
      <div className="pane-head">
        <h2>{page.reply.state === 'draft' ? 'Exactly what would leave' : 'Exactly what left or leaves'}</h2>
        <SegmentedControl
          size="xs"
          aria-label="As read or as bytes"
          value={view}
          onChange={(value) => setView(value as typeof view)}
          data={[
            { value: 'text', label: 'As read' },
            { value: 'mime', label: 'The bytes' },
          ]}
        />
      </div>
      {preview.data === undefined ? (
        preview.error === null ? (
          <Loading />
        ) : (
          <ErrorState error={preview.error} retry={() => void preview.refetch()} />
        )
      ) : (
        <>
          {preview.data.unreviewed > 0 && (
            <p className="notice">
              {plural(preview.data.unreviewed, 'place')} not reviewed yet: here they stand as they are, and nothing can
              be released.
            </p>
          )}
          {view === 'text' ? (
            <div className="letter-text">{preview.data.text}</div>
          ) : (
            <pre className="letter-mime" tabIndex={0}>
              {preview.data.mime}
            </pre>
          )}
          <p className="dim digest">
            {bytesWords(preview.data.sizeBytes)} · SHA-256 <span className="mono">{preview.data.sha256}</span>
          </p>
        </>
      )}
    </section>
  )
}

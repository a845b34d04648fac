import { SegmentedControl } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReplyPage } from '../../../../src/contract/answer.ts'
import { call } from '../../api.ts'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { When } from '../../parts/time.tsx'
import { bytesWords, plural } from '../../words.ts'

/** Exactly what leaves: as a person reads it, against what they were told before, or the very bytes. */
export function LeavesPane({ page }: { readonly page: ReplyPage }) {
  const [view, setView] = useState<'text' | 'new' | 'machine' | 'mime'>('text')
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
            ...(page.earlier.length === 0 ? [] : [{ value: 'new', label: 'New to them' }]),
            ...(preview.data?.machine == null ? [] : [{ value: 'machine', label: 'For machines' }]),
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
          {page.api === null && <p className="dim">Subject: {preview.data.subject}</p>}
          {view === 'text' && (
            <div className="letter-text scrolls" data-scrolls tabIndex={0}>
              {preview.data.text}
            </div>
          )}
          {view === 'new' && <WhatIsNew text={preview.data.text} earlier={page.earlier} />}
          {view === 'machine' && preview.data.machine !== null && (
            <>
              <p className="dim">
                The file counterfoil.json in the same mail, for their system to read. In the bytes it is encoded.
              </p>
              <pre className="letter-mime scrolls" data-scrolls tabIndex={0}>
                {preview.data.machine}
              </pre>
            </>
          )}
          {view === 'mime' && (
            <pre className="letter-mime scrolls" data-scrolls tabIndex={0}>
              {preview.data.mime}
              {preview.data.mimeCut && '\n… (the bytes of the files go on)'}
            </pre>
          )}
          <p className="dim digest">
            {preview.data.leaves !== null && 'As they read it: '}
            {bytesWords(preview.data.sizeBytes)} · SHA-256 <span className="mono">{preview.data.sha256}</span>
          </p>
          {preview.data.leaves !== null && (
            <p className="dim digest">
              As it travels, signed or encrypted: {bytesWords(preview.data.leaves.sizeBytes)} · SHA-256{' '}
              <span className="mono">{preview.data.leaves.sha256}</span>
            </p>
          )}
          {preview.data.leaves === null &&
            page.reply.state === 'draft' &&
            page.api === null &&
            page.protection.state !== 'plain' && (
              <p className="dim digest">This is what they read. It is signed or encrypted when you release it.</p>
            )}
        </>
      )}
    </section>
  )
}

/** A line as it is compared: the same words said again are nothing new, however they are spaced. */
const asSaid = (line: string): string => line.replace(/\s+/g, ' ').trim().toLowerCase()

function WhatIsNew({ text, earlier }: { readonly text: string; readonly earlier: ReplyPage['earlier'] }) {
  const known = new Set(earlier.flatMap((one) => one.text.split('\n').map(asSaid)))
  const lines = text
    .split('\n')
    .map((line, at) => ({ at, line, isKnown: line.trim() !== '' && known.has(asSaid(line)) }))
  const fresh = lines.filter(({ line, isKnown }) => line.trim() !== '' && !isKnown).length
  return (
    <>
      <p className="dim">
        {plural(fresh, 'line')} new to them. Struck lines stood in {plural(earlier.length, 'earlier answer')}, the last{' '}
        {earlier[0] !== undefined && <When at={earlier[0].sentAt} ago />}.
      </p>
      <div className="letter-text scrolls" data-scrolls tabIndex={0}>
        {lines.map(({ at, line, isKnown }) => (
          <div key={at} className={isKnown ? 'known-line' : undefined}>
            {isKnown ? <s title="They were told this before">{line}</s> : line === '' ? '\u00a0' : line}
          </div>
        ))}
      </div>
    </>
  )
}

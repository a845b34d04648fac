import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { MarkedText, SearchHit } from '../../../src/contract/search.ts'
import type { SearchKind } from '../../../src/model/search.ts'
import { call } from '../api.ts'
import { When } from './time.tsx'

/** Typing goes on for about so long between two keys; asking for each would be asking for nothing. */
export const typingMs = 120

/** A value once it has stood still for a moment. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), typingMs)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}

/** Where an address of ours leads: the page, and the part of it. */
export function placeOf(href: string): { readonly to: string; readonly hash?: string } {
  const [to = '', hash] = href.split('#')
  return hash === undefined ? { to } : { to, hash }
}

/** What is found; the answer to what was typed before stays until the next is there. */
export function useSearch(q: string, kind: SearchKind | '', glance: boolean) {
  return useQuery({
    queryKey: ['search', q, kind, glance],
    queryFn: ({ signal }) =>
      call('GET /api/search', { query: { q, kind, glance: glance ? 'true' : 'false' } }, undefined, signal),
    enabled: q.trim() !== '',
    placeholderData: keepPreviousData,
  })
}

/** Text with what was looked for in it. Never markup. */
export function Marked({ text }: { readonly text: MarkedText }) {
  return (
    <bdi>
      {text.map((piece, at) => (piece.hit ? <mark key={at}>{piece.text}</mark> : <span key={at}>{piece.text}</span>))}
    </bdi>
  )
}

/** What a hit says, in two lines. */
export function HitLines({ hit }: { readonly hit: SearchHit }) {
  return (
    <>
      <span className="row between">
        <span className="clip hit-title">
          <Marked text={hit.title} />
        </span>
        {hit.at !== null && (
          <span className="dim">
            <When at={hit.at} />
          </span>
        )}
      </span>
      <span className="row tight dim hit-more">
        {hit.sample && <span className="tag sample">Sample data</span>}
        <span className="clip">
          {hit.facts.join(' · ')}
          {hit.facts.length > 0 && hit.snippet.length > 0 && ' · '}
          <Marked text={hit.snippet} />
        </span>
      </span>
    </>
  )
}

import { TextInput } from '@mantine/core'
import { Link, useSearch as useAddress, useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import type { SearchGroup, SearchHit } from '../../../../src/contract/search.ts'
import { useMay } from '../../me.ts'
import { HitLines, placeOf, typingMs, useSearch } from '../../parts/hits.tsx'
import { useKeys } from '../../parts/keys.ts'
import { ErrorState, Loading } from '../../parts/states.tsx'
import { msWords, searchKindWords } from '../../words.ts'

/** On the page of all kinds each shows this many; its own facet shows the rest. */
const shownOfEach = 8

/** What stands in the box. The address follows it when typing rests, and it follows the address when that changes otherwise. */
function useBox(q: string, push: (text: string) => void): readonly [string, (text: string) => void] {
  const [box, setBox] = useState({ q, text: q, pushed: q })
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  if (box.q !== q) setBox({ q, text: box.pushed === q ? box.text : q, pushed: q })
  const type = (text: string): void => {
    setBox((before) => ({ ...before, text }))
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      setBox((before) => ({ ...before, pushed: text }))
      push(text)
    }, typingMs)
  }
  return [box.text, type]
}

export function SearchPage() {
  const { q = '', kind } = useAddress({ from: '/desk/search' })
  const navigate = useNavigate({ from: '/search' })
  const [typed, type] = useBox(
    q,
    (text) => void navigate({ search: (before) => ({ ...before, q: text }), replace: true }),
  )
  const found = useSearch(q, '', false)
  const groups = found.data?.groups ?? []
  const shown = kind === undefined ? groups : groups.filter((group) => group.kind === kind)
  return (
    <>
      <div className="page-head">
        <h1>Search</h1>
        <TextInput
          id="search-box"
          className="search-box"
          value={typed}
          onChange={(event) => type(event.currentTarget.value)}
          maxLength={500}
          placeholder="Words, host:ws-17, user:jdoe, &quot;a phrase&quot;, after:2026-11-20"
          aria-label="What to look for"
          autoComplete="off"
          spellCheck={false}
          dir="auto"
          autoFocus={q === ''}
        />
        {found.data !== undefined && q.trim() !== '' && (
          <span className="dim" role="status">
            {msWords(found.data.ms)}
          </span>
        )}
      </div>
      {found.data?.notes.map((note) => (
        <div key={note} className="notice">
          {note}
        </div>
      ))}
      {q.trim() === '' ? (
        <Help />
      ) : found.data === undefined ? (
        found.error === null ? (
          <Loading />
        ) : (
          <ErrorState error={found.error} retry={() => void found.refetch()} />
        )
      ) : (
        <>
          <Facets groups={groups} q={q} />
          <Results groups={shown} all={kind === undefined} q={q} />
        </>
      )}
    </>
  )
}

const countOf = ({ hits, more }: SearchGroup): string => (more ? `${hits.length}+` : String(hits.length))

function Facets({ groups, q }: { readonly groups: readonly SearchGroup[]; readonly q: string }) {
  const may = useMay()
  return (
    <nav className="search-facets" aria-label="Kinds">
      <Link to="/search" search={{ q }} activeOptions={{ exact: true, includeSearch: true }}>
        Everything
      </Link>
      {groups.map((group) => (
        <Link
          key={group.kind}
          to="/search"
          search={{ q, kind: group.kind }}
          activeOptions={{ exact: true, includeSearch: true }}
        >
          {searchKindWords[group.kind]} <span>{countOf(group)}</span>
        </Link>
      ))}
      {may('logs.search') && (
        <Link to="/logs" search={{ q }}>
          Look in the logs
        </Link>
      )}
    </nav>
  )
}

function Results({
  groups,
  all,
  q,
}: {
  readonly groups: readonly SearchGroup[]
  readonly all: boolean
  readonly q: string
}) {
  const navigate = useNavigate()
  const shown = groups.map((group) => ({
    ...group,
    hits: all ? group.hits.slice(0, shownOfEach) : group.hits,
    left: all ? group.hits.length - shownOfEach : 0,
  }))
  const flat = shown.flatMap((group) => group.hits)
  const [cursor, setCursor] = useState({ q, at: 0 })
  const at = cursor.q === q ? Math.min(cursor.at, flat.length - 1) : 0
  const move = (by: number): void => {
    const to = Math.max(0, Math.min(at + by, flat.length - 1))
    setCursor({ q, at: to })
    document.querySelectorAll('.hit-list a')[to]?.scrollIntoView({ block: 'nearest' })
  }
  const open = (hit: SearchHit | undefined): void => {
    if (hit === undefined) return
    if (hit.href.startsWith('/api/')) window.location.assign(hit.href)
    else void navigate(placeOf(hit.href))
  }
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: () => open(flat[at]),
    '/': () => document.querySelector<HTMLInputElement>('#search-box')?.focus(),
  })
  if (flat.length === 0 && !groups.some((group) => group.stopped)) return <Nothing q={q} />
  return (
    <div className="stack">
      {shown.map((group) => (
        <section key={group.kind} className="card">
          <h2>
            {searchKindWords[group.kind]} <span className="dim">{countOf(group)}</span>
          </h2>
          {group.stopped && (
            <div className="notice">
              Stopped after 2 s: these are not all, or none of those there are. Say more to narrow it.
            </div>
          )}
          <ul className="hit-list">
            {group.hits.map((hit) => (
              <li key={hit.id}>
                <a
                  href={hit.href}
                  data-cursor={hit === flat[at]}
                  onClick={(event) => {
                    if (event.ctrlKey || event.metaKey || event.shiftKey || hit.href.startsWith('/api/')) return
                    event.preventDefault()
                    open(hit)
                  }}
                >
                  <HitLines hit={hit} />
                </a>
              </li>
            ))}
          </ul>
          {(group.left > 0 || (all && group.more)) && (
            <Link to="/search" search={{ q, kind: group.kind }}>
              All {searchKindWords[group.kind].toLowerCase()} found
            </Link>
          )}
        </section>
      ))}
    </div>
  )
}

function Nothing({ q }: { readonly q: string }) {
  return (
    <div className="card">
      <h2>Nothing holds all of “{q}”.</h2>
      <p className="dim">
        It was looked for in everything that your role may see. Fewer words, or the beginning of one, find more.
      </p>
      <Help />
    </div>
  )
}

const syntax: readonly (readonly [string, string])[] = [
  [
    'beacon ws-17',
    'All of the words, each also as the beginning of one. 203[.]0[.]113[.]9 and hxxps://… are understood.',
  ],
  ['"new country"', 'Next to each other, as they stand.'],
  [
    'host: user: ip: rule: ticket: severity: outcome:',
    'Fields of an alert: outcome:incident, outcome:none, rule:"dns tunnel".',
  ],
  ['from: subject: provider: to:', 'Fields of messages and replies.'],
  ['hash:9e107d9d', 'A digest, or its beginning.'],
  ['-word -host:ws-17', 'Not that.'],
  ['after:2026-11-20 before:2026-12-01', 'From that day on, before that day (UTC).'],
  ['A-17', 'An alert by its number.'],
]

function Help() {
  return (
    <dl className="search-help card">
      {syntax.map(([key, says]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>{says}</dd>
        </div>
      ))}
    </dl>
  )
}
